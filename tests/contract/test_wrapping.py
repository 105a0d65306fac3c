"""What wrapping keys do in every implementation: rings, wrappers and unwrappers together."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper, EsdkKeyWrapper
from civic.identity.adapters.wrapping_keys_kms import (
    KmsKey,
    KmsWrappingKeyRing,
    PrivateKeys,
    PublicKeys,
)
from civic.identity.errors import KeyRefused, WrappingKeyMissing
from civic.identity.model.keys import (
    AccessDigest,
    SubjectKey,
    WrappedKey,
    WrappingKeyVersion,
    digest_of,
)
from civic.identity.ports import KeyUnwrapper, KeyWrapper
from civic.identity.ports.custody import WrappingKeyRing
from civic.lab.memory.keys import MemoryKeyRing, MemoryKeyUnwrapper, MemoryKeyWrapper
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.people import ADA, GRACE
from tests.fakes.unbound_keys import unbound

KEY = SubjectKey(bytes(range(32)))
DIGEST, ANOTHER = digest_of("a token"), digest_of("another token")
NOW = datetime(2027, 1, 15, tzinfo=UTC)


@dataclass
class Kit:
    """One of each."""

    ring: WrappingKeyRing
    wrapper: KeyWrapper
    unwrapper: KeyUnwrapper
    wrap_unbound: Callable[[WrappingKeyVersion], WrappedKey]
    """Wraps the key for Ada as the release before did, which bound no digest."""


def in_memory() -> Kit:
    ring = MemoryKeyRing()
    wrapper = MemoryKeyWrapper(ring)
    return Kit(
        ring, wrapper, MemoryKeyUnwrapper(ring), lambda _version: wrapper.wrap_unbound(KEY, ADA)
    )


def deployed(aws: Aws) -> Kit:
    kms = KmsKey(clients.kms(), aws.key_id)
    table, never = "wrapping-keys", timedelta(0)
    public = PublicKeys(clients.dynamodb(), table, never, lambda: NOW)
    return Kit(
        KmsWrappingKeyRing(clients.dynamodb(), table, kms),
        EsdkKeyWrapper(public),
        EsdkKeyUnwrapper(PrivateKeys(clients.dynamodb(), table, kms, never, lambda: NOW)),
        lambda _version: unbound(KEY, ADA, *public.current()),
    )


@pytest.fixture(params=["memory", "kms"])
def kit(request: pytest.FixtureRequest) -> Kit:
    if request.param == "memory":
        return in_memory()
    return deployed(request.getfixturevalue("aws"))


def refused(attempt: Callable[[], SubjectKey]) -> bool:
    with pytest.raises(KeyRefused):
        attempt()
    return True


def test_empty_ring_has_no_current_version(kit: Kit) -> None:
    assert kit.ring.current() is None


def test_without_a_version_nothing_is_wrapped(kit: Kit) -> None:
    with pytest.raises(WrappingKeyMissing):
        kit.wrapper.wrap(KEY, ADA, DIGEST)


def test_added_version_is_current(kit: Kit) -> None:
    assert [kit.ring.add(), kit.ring.add()] == ["wk-0001", "wk-0002"]
    assert kit.ring.current() == "wk-0002"


def test_wrapped_key_opens_for_its_subject(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA, DIGEST)
    assert wrapped.version == "wk-0001"
    assert kit.unwrapper.unwrap(wrapped, ADA, DIGEST) == KEY


def test_wrapped_key_hides_the_key_and_is_never_the_same(kit: Kit) -> None:
    kit.ring.add()
    first, second = kit.wrapper.wrap(KEY, ADA, DIGEST), kit.wrapper.wrap(KEY, ADA, DIGEST)
    assert KEY.secret not in first.blob
    assert first.blob != second.blob


def test_key_of_another_subject_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA, DIGEST)
    assert refused(lambda: kit.unwrapper.unwrap(wrapped, GRACE, DIGEST))


def test_key_under_another_digest_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA, DIGEST)
    assert refused(lambda: kit.unwrapper.unwrap(wrapped, ADA, ANOTHER))


@pytest.mark.parametrize(
    ("registration", "digest", "bound"),
    [(ADA, DIGEST, True), (ADA, ANOTHER, False), (GRACE, DIGEST, False)],
)
def test_bound_key_says_what_it_is_bound_to(
    kit: Kit, registration: RegistrationId, digest: AccessDigest, *, bound: bool
) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA, DIGEST)
    assert kit.unwrapper.is_bound(wrapped, registration, digest) is bound


def test_what_is_no_wrapped_key_is_not_bound(kit: Kit) -> None:
    kit.ring.add()
    wrapped = replace(kit.wrapper.wrap(KEY, ADA, DIGEST), blob=b"")
    assert not kit.unwrapper.is_bound(wrapped, ADA, DIGEST)


@pytest.mark.parametrize("digest", [DIGEST, ANOTHER])
def test_key_of_the_release_before_opens_under_any_digest_and_is_not_bound(
    kit: Kit, digest: AccessDigest
) -> None:
    version = kit.ring.add()
    old = kit.wrap_unbound(version)
    assert kit.unwrapper.unwrap(old, ADA, digest) == KEY
    assert not kit.unwrapper.is_bound(old, ADA, digest)


def test_key_of_the_release_before_does_not_open_for_another_subject(kit: Kit) -> None:
    old = kit.wrap_unbound(kit.ring.add())
    assert refused(lambda: kit.unwrapper.unwrap(old, GRACE, DIGEST))


def test_altered_blob_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA, DIGEST)
    altered = wrapped.blob[:-1] + bytes([wrapped.blob[-1] ^ 1])
    assert refused(lambda: kit.unwrapper.unwrap(replace(wrapped, blob=altered), ADA, DIGEST))
    assert refused(lambda: kit.unwrapper.unwrap(replace(wrapped, blob=b""), ADA, DIGEST))


def test_older_versions_stay_readable(kit: Kit) -> None:
    kit.ring.add()
    old = kit.wrapper.wrap(KEY, ADA, DIGEST)
    kit.ring.add()
    new = kit.wrapper.wrap(KEY, ADA, DIGEST)
    assert (old.version, new.version) == ("wk-0001", "wk-0002")
    assert kit.unwrapper.unwrap(old, ADA, DIGEST) == kit.unwrapper.unwrap(new, ADA, DIGEST) == KEY


def test_blob_under_the_name_of_another_version_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA, DIGEST)
    kit.ring.add()
    renamed = replace(wrapped, version=WrappingKeyVersion("wk-0002"))
    assert refused(lambda: kit.unwrapper.unwrap(renamed, ADA, DIGEST))


@pytest.mark.parametrize("version", ["wk-0099", "current"])
def test_unknown_version_is_named_as_such(kit: Kit, version: str) -> None:
    kit.ring.add()
    wrapped = replace(kit.wrapper.wrap(KEY, ADA, DIGEST), version=WrappingKeyVersion(version))
    with pytest.raises(WrappingKeyMissing):
        kit.unwrapper.unwrap(wrapped, ADA, DIGEST)
