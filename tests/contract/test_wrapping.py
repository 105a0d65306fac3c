"""What wrapping keys do in every implementation: rings, wrappers and unwrappers together."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper, EsdkKeyWrapper
from civic.identity.adapters.wrapping_keys_kms import (
    KmsKey,
    KmsWrappingKeyRing,
    PrivateKeys,
    PublicKeys,
)
from civic.identity.errors import KeyRefused, WrappingKeyMissing
from civic.identity.model.keys import SubjectKey, WrappingKeyVersion
from civic.identity.ports import KeyUnwrapper, KeyWrapper
from civic.identity.ports.custody import WrappingKeyRing
from civic.lab.memory.keys import MemoryKeyRing, MemoryKeyUnwrapper, MemoryKeyWrapper
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.people import ADA, GRACE

KEY = SubjectKey(bytes(range(32)))
NOW = datetime(2027, 1, 15, tzinfo=UTC)


@dataclass
class Kit:
    """One of each."""

    ring: WrappingKeyRing
    wrapper: KeyWrapper
    unwrapper: KeyUnwrapper


def in_memory() -> Kit:
    ring = MemoryKeyRing()
    return Kit(ring, MemoryKeyWrapper(ring), MemoryKeyUnwrapper(ring))


def deployed(aws: Aws) -> Kit:
    kms = KmsKey(clients.kms(), aws.key_id)
    table, never = "wrapping-keys", timedelta(0)
    return Kit(
        KmsWrappingKeyRing(clients.dynamodb(), table, kms),
        EsdkKeyWrapper(PublicKeys(clients.dynamodb(), table, never, lambda: NOW)),
        EsdkKeyUnwrapper(PrivateKeys(clients.dynamodb(), table, kms, never, lambda: NOW)),
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
        kit.wrapper.wrap(KEY, ADA)


def test_added_version_is_current(kit: Kit) -> None:
    assert [kit.ring.add(), kit.ring.add()] == ["wk-0001", "wk-0002"]
    assert kit.ring.current() == "wk-0002"


def test_wrapped_key_opens_for_its_subject(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA)
    assert wrapped.version == "wk-0001"
    assert kit.unwrapper.unwrap(wrapped, ADA) == KEY


def test_wrapped_key_hides_the_key_and_is_never_the_same(kit: Kit) -> None:
    kit.ring.add()
    first, second = kit.wrapper.wrap(KEY, ADA), kit.wrapper.wrap(KEY, ADA)
    assert KEY.secret not in first.blob
    assert first.blob != second.blob


def test_key_of_another_subject_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA)
    assert refused(lambda: kit.unwrapper.unwrap(wrapped, GRACE))


def test_altered_blob_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA)
    altered = wrapped.blob[:-1] + bytes([wrapped.blob[-1] ^ 1])
    assert refused(lambda: kit.unwrapper.unwrap(replace(wrapped, blob=altered), ADA))
    assert refused(lambda: kit.unwrapper.unwrap(replace(wrapped, blob=b""), ADA))


def test_older_versions_stay_readable(kit: Kit) -> None:
    kit.ring.add()
    old = kit.wrapper.wrap(KEY, ADA)
    kit.ring.add()
    new = kit.wrapper.wrap(KEY, ADA)
    assert (old.version, new.version) == ("wk-0001", "wk-0002")
    assert kit.unwrapper.unwrap(old, ADA) == kit.unwrapper.unwrap(new, ADA) == KEY


def test_blob_under_the_name_of_another_version_is_refused(kit: Kit) -> None:
    kit.ring.add()
    wrapped = kit.wrapper.wrap(KEY, ADA)
    kit.ring.add()
    renamed = replace(wrapped, version=WrappingKeyVersion("wk-0002"))
    assert refused(lambda: kit.unwrapper.unwrap(renamed, ADA))


@pytest.mark.parametrize("version", ["wk-0099", "current"])
def test_unknown_version_is_named_as_such(kit: Kit, version: str) -> None:
    kit.ring.add()
    wrapped = replace(kit.wrapper.wrap(KEY, ADA), version=WrappingKeyVersion(version))
    with pytest.raises(WrappingKeyMissing):
        kit.unwrapper.unwrap(wrapped, ADA)
