"""Wrapping with the AWS Encryption SDK: bound to one person, committed, and nothing else opens."""

import base64
import gc
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import Algorithm, EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.internal.formatting.deserialize import deserialize_header
from aws_encryption_sdk.key_providers.base import MasterKeyProvider
from aws_encryption_sdk.key_providers.raw import RawMasterKey, RawMasterKeyProvider
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper, EsdkKeyWrapper
from civic.identity.adapters.wrapping_keys_kms import PrivateKeys, PublicKeys
from civic.identity.errors import KeyRefused
from civic.identity.model.keys import AccessDigest, SubjectKey, WrappedKey, WrappingKeyVersion
from civic.lab.memory.rsa_pairs import private_key, public_key
from tests.fakes.people import ADA, GRACE

SUBJECT = ADA
NEIGHBOUR = GRACE
KEY = SubjectKey(bytes(range(32)))
DIGEST, ANOTHER = AccessDigest(bytes(range(32))), AccessDigest(bytes(32))
ACCESS = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
"""The digest as base64url without padding (RFC 4648 section 5)."""
UNBOUND = {"subject": SUBJECT, "purpose": "registration"}
CONTEXT = {"subject": SUBJECT, "purpose": "registration", "access": ACCESS}
VECTORS = json.loads(
    (Path(__file__).parents[2] / "known_answers" / "wrapped_subject_keys.json").read_text("utf-8")
)
SUITE = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
BITS = [1 << bit for bit in (range(8) if os.environ.get("CIVIC_DEEP") else (0, 7))]
FIRST, SECOND = WrappingKeyVersion("wk-0001"), WrappingKeyVersion("wk-0002")


def public_half(number: int) -> WrappingKey:
    algorithm = WrappingAlgorithm.RSA_OAEP_SHA256_MGF1
    return WrappingKey(algorithm, public_key(number), EncryptionKeyType.PUBLIC)


@cache
def private_half(number: int) -> WrappingKey:
    algorithm = WrappingAlgorithm.RSA_OAEP_SHA256_MGF1
    return WrappingKey(algorithm, private_key(number), EncryptionKeyType.PRIVATE)


class GivenPublicKey(PublicKeys):
    """One public key, from no table."""

    def __init__(self, number: int) -> None:
        self._number = number

    def current(self) -> tuple[WrappingKeyVersion, WrappingKey]:
        return WrappingKeyVersion(f"wk-{self._number:04d}"), public_half(self._number)


class GivenPrivateKeys(PrivateKeys):
    """Private keys from no table and no KMS."""

    def __init__(self) -> None:
        """Return the key for any version."""

    def version(self, version: WrappingKeyVersion) -> WrappingKey:
        return private_half(int(version.removeprefix("wk-")))


def wrap(
    registration: RegistrationId = SUBJECT, number: int = 1, digest: AccessDigest = DIGEST
) -> WrappedKey:
    return EsdkKeyWrapper(GivenPublicKey(number)).wrap(KEY, registration, digest)


def unwrap(
    wrapped: WrappedKey, registration: RegistrationId = SUBJECT, digest: AccessDigest = DIGEST
) -> SubjectKey:
    return EsdkKeyUnwrapper(GivenPrivateKeys()).unwrap(wrapped, registration, digest)


def is_bound(wrapped: WrappedKey, digest: AccessDigest = DIGEST) -> bool:
    return EsdkKeyUnwrapper(GivenPrivateKeys()).is_bound(wrapped, SUBJECT, digest)


class RecordedPrivateKey(PrivateKeys):
    """The private key of the known answers."""

    def __init__(self) -> None:
        """Know it."""

    def version(self, version: WrappingKeyVersion) -> WrappingKey:
        assert version == VECTORS["version"]
        pem = load_der_private_key(base64.b64decode(VECTORS["private_key"]), None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        return WrappingKey(WrappingAlgorithm.RSA_OAEP_SHA256_MGF1, pem, EncryptionKeyType.PRIVATE)


def recorded(name: str, digest: AccessDigest) -> SubjectKey:
    wrapped = WrappedKey(VECTORS["version"], base64.b64decode(VECTORS[name]))
    return EsdkKeyUnwrapper(RecordedPrivateKey()).unwrap(wrapped, VECTORS["subject"], digest)


def master_key(number: int = 1) -> RawMasterKey:
    return RawMasterKey(
        provider_id="civic", key_id=f"wk-{number:04d}", wrapping_key=public_half(number)
    )


class BothKeys(RawMasterKeyProvider):  # type: ignore[misc]
    """Encrypts the data key under two wrapping keys."""

    provider_id = "civic"

    def _get_raw_key(self, key_id: bytes) -> WrappingKey:
        return public_half(int(key_id.decode().removeprefix("wk-")))


def refused(*blobs: WrappedKey) -> bool:
    for blob in blobs:
        with pytest.raises(KeyRefused):
            unwrap(blob)
    return True


def forged(
    source: bytes = KEY.secret,
    context: dict[str, str] = CONTEXT,
    suite: Algorithm = SUITE,
    provider: MasterKeyProvider | None = None,
) -> WrappedKey:
    """Return what somebody with the public key, which is not secret, could put into the store."""
    client = EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
        if suite.is_committing()
        else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
    )
    blob, _ = client.encrypt(
        source=source,
        key_provider=provider or master_key(),
        algorithm=suite,
        encryption_context=dict(context),
        frame_length=0,
    )
    return WrappedKey(FIRST, blob)


def each_byte_altered(blob: bytes, by: int) -> Iterator[bytes]:
    for position in range(len(blob)):
        yield blob[:position] + bytes([blob[position] ^ by]) + blob[position + 1 :]


def test_wrapped_key_opens_for_its_subject() -> None:
    assert unwrap(wrap()) == KEY


def test_wrapped_key_names_its_version_and_hides_the_key() -> None:
    wrapped = wrap(number=2)
    assert wrapped.version == SECOND
    assert KEY.secret not in wrapped.blob
    assert unwrap(wrapped) == KEY


def test_wrapping_twice_gives_different_blobs() -> None:
    assert wrap().blob != wrap().blob


def test_header_says_format_2_and_suite_0478() -> None:
    # AWS Encryption SDK developer guide, "Message format reference": version, then algorithm id.
    assert wrap().blob[:3].hex() == "020478"


def test_wrapped_key_fits_beside_its_row_in_one_write_unit() -> None:
    assert len(wrap().blob) < 850


def test_blob_is_laid_out_as_the_message_format_says() -> None:
    # AWS Encryption SDK developer guide, "Message format reference", version 2; lengths in bytes.
    context = sum(2 + len(name) + 2 + len(value) for name, value in CONTEXT.items())
    data_keys = 2 + 2 + len("civic") + 2 + len(FIRST) + 2 + 3072 // 8
    header = 1 + 2 + 32 + 2 + 2 + context + data_keys + 1 + 4 + 32 + 16
    body = 12 + 8 + len(KEY.secret) + 16
    blob = wrap().blob
    assert len(blob) == header + body
    # Content type 1 is a body in one piece; then frames have no length.
    assert blob[header - 53 : header - 48].hex() == "0100000000"


def test_key_of_another_subject_is_refused() -> None:
    assert refused(wrap(NEIGHBOUR))


def test_key_under_another_digest_is_refused() -> None:
    assert refused(wrap(digest=ANOTHER))


def test_message_names_what_it_is_bound_to() -> None:
    for name, value in CONTEXT.items():
        assert name.encode() in wrap().blob
        assert value.encode() in wrap().blob


@pytest.mark.parametrize("digest", [DIGEST, ANOTHER])
def test_key_of_the_release_before_opens_whatever_its_digest(digest: AccessDigest) -> None:
    assert unwrap(forged(context=UNBOUND), digest=digest) == KEY


def test_digest_cannot_be_taken_out_of_a_message() -> None:
    # Whoever may write the row has the blob and the public key, and no private key.
    entry = b"".join(len(part).to_bytes(2, "big") + part for part in (b"access", ACCESS.encode()))
    blob = wrap().blob
    bound = (3).to_bytes(2, "big") + entry
    length = len(bound) + sum(4 + len(name) + len(value) for name, value in UNBOUND.items())
    assert blob.count(length.to_bytes(2, "big") + bound) == 1
    stripped = blob.replace(
        length.to_bytes(2, "big") + bound,
        (length - len(entry)).to_bytes(2, "big") + (2).to_bytes(2, "big"),
    )
    whole = deserialize_header(BytesIO(stripped))[0]
    assert dict(whole.encryption_context) == UNBOUND
    assert refused(WrappedKey(FIRST, stripped))


def test_only_a_message_with_its_digest_counts_as_bound() -> None:
    assert is_bound(wrap())
    assert not is_bound(wrap(), ANOTHER)
    assert not is_bound(wrap(NEIGHBOUR))
    assert not is_bound(forged(context=UNBOUND))
    assert not is_bound(forged(context=CONTEXT | {"more": "x"}))
    # The names in it are no UTF-8: of the context, and of who wrapped it.
    assert not is_bound(WrappedKey(FIRST, wrap().blob.replace(b"access", b"\xff" * 6)))
    assert not is_bound(WrappedKey(FIRST, wrap().blob.replace(b"civic", b"\xff" * 5)))


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x02\x04\x78", bytes(1000), b"{}", b"\xff" * 99])
def test_what_is_no_message_is_not_bound(blob: bytes) -> None:
    assert not is_bound(WrappedKey(FIRST, blob))


def test_no_shortened_header_is_taken_for_a_bound_one() -> None:
    blob = wrap().blob
    entire = len(blob) - 16 - (12 + 8 + len(KEY.secret) + 16)
    for length in range(entire):
        assert not is_bound(WrappedKey(FIRST, blob[:length]))


def test_known_answer_of_a_bound_key() -> None:
    digest = AccessDigest(bytes.fromhex(VECTORS["access_digest"]))
    assert recorded("bound", digest).secret.hex() == VECTORS["subject_key"]
    with pytest.raises(KeyRefused):
        recorded("bound", ANOTHER)


def test_known_answer_of_the_release_before() -> None:
    assert recorded("unbound", ANOTHER).secret.hex() == VECTORS["subject_key"]


def test_refusal_is_not_logged_by_the_sdk(caplog: pytest.LogCaptureFixture) -> None:
    assert refused(WrappedKey(SECOND, wrap().blob))
    assert not caplog.records


def test_refusal_leaves_nothing_for_the_interpreter_to_complain_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    blob = wrap().blob
    assert refused(*(WrappedKey(FIRST, blob[:length]) for length in (0, 1, 100, len(blob) - 1)))
    assert refused(WrappedKey(SECOND, blob), wrap(NEIGHBOUR))
    gc.collect()
    assert not complaints


def test_blob_under_another_version_is_refused() -> None:
    assert refused(WrappedKey(SECOND, wrap().blob))


@pytest.mark.parametrize("by", BITS)
def test_altering_any_byte_is_noticed(by: int) -> None:
    blob = wrap().blob
    assert refused(*(WrappedKey(FIRST, altered) for altered in each_byte_altered(blob, by)))


def test_any_shortened_blob_is_refused() -> None:
    blob = wrap().blob
    assert refused(*(WrappedKey(FIRST, blob[:length]) for length in range(len(blob))))


@pytest.mark.parametrize("more", [b"\x00", bytes(16)])
def test_blob_with_something_after_it_is_refused(more: bytes) -> None:
    assert refused(WrappedKey(FIRST, wrap().blob + more))


def test_two_blobs_in_one_are_refused() -> None:
    assert refused(WrappedKey(FIRST, wrap().blob * 2))


def test_forgery_tool_makes_what_the_wrapper_makes() -> None:
    assert unwrap(forged()) == KEY


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"subject": SUBJECT},
        {"purpose": "registration"},
        {"subject": SUBJECT, "purpose": "research"},
        {"subject": SUBJECT, "purpose": "research", "access": ACCESS},
        {"subject": SUBJECT, "purpose": "registration", "more": "x"},
        {"subject": SUBJECT, "purpose": "registration", "access": ACCESS, "more": "x"},
        {"subject": SUBJECT, "purpose": "registration", "access": ACCESS + "="},
        {"subject": SUBJECT, "purpose": "registration", "access": ""},
        {"subject": SUBJECT.upper(), "purpose": "registration"},
        {"subject": SUBJECT.upper(), "purpose": "registration", "access": ACCESS},
        {"subject": SUBJECT, "access": ACCESS},
        {"purpose": "registration", "access": ACCESS},
    ],
)
def test_any_other_encryption_context_is_refused(context: dict[str, str]) -> None:
    assert refused(forged(context=context))


@pytest.mark.parametrize(
    "suite",
    [
        Algorithm.AES_256_GCM_IV12_TAG16_HKDF_SHA256,
        Algorithm.AES_256_GCM_IV12_TAG16,
        Algorithm.AES_128_GCM_IV12_TAG16,
        Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
    ],
    ids=str,
)
def test_any_other_algorithm_suite_is_refused(suite: Algorithm) -> None:
    assert refused(forged(suite=suite))


def test_blob_for_two_wrapping_keys_is_refused() -> None:
    provider = BothKeys()
    provider.add_master_key("wk-0001")
    provider.add_master_key("wk-0002")
    assert refused(forged(provider=provider))


@pytest.mark.parametrize("size", [0, 16, 33])
def test_what_is_no_subject_key_is_refused(size: int) -> None:
    assert refused(forged(source=bytes(size)))


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x02\x04\x78", bytes(1000), b"{}"])
def test_what_is_no_message_is_refused(blob: bytes) -> None:
    assert refused(WrappedKey(FIRST, blob))
