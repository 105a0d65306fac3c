"""Field encryption against an independent construction, and against everything moved or altered."""

import hashlib
import hmac
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.events import SealedFields
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import CommitmentMismatch, FieldTampered, SealError, UnknownSealVersion
from civic.identity.model.keys import RecordId, SubjectKey
from civic.identity.model.sealing import seal, unseal
from tests.fakes.pipeline import Entropy

KEY = SubjectKey(bytes(range(32)))
RECORD = RecordId(RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10"), Revision(7))
FIELDS = {"username": b'"erika"', "phone_number": b'"+49 30 901820"', "empty": b""}
NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
COMMITMENT = "56417b221d6708ead65828e6f73e44cd79c3cbfd0b2d54bcfb330f4d53af3cf4"
USERNAME = "01cafebabefacedbaddecaf888717e66fc316b3c7d2a8fae722c9949b4e2d3e5c88c663d"


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256, written out from RFC 5869 section 2."""
    pseudorandom = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    block, output = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), hashlib.sha256)
        output += block
    return output[:length]


def context(field: str, purpose: str = "registration") -> bytes:
    parts = [b"pii/1", RECORD.id.encode(), b"7", field.encode(), purpose.encode()]
    return b"".join(bytes([0, len(part)]) + part for part in parts)


def aes_gcm(key: bytes, plaintext: bytes, associated: bytes) -> bytes:
    encryptor = Cipher(AES(key), GCM(NONCE)).encryptor()
    encryptor.authenticate_additional_data(associated)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def sealed_fields(purpose: str = "registration") -> SealedFields:
    return seal(KEY, RECORD, FIELDS, Entropy(), purpose)


def with_field(sealed: SealedFields, name: str, blob: bytes) -> SealedFields:
    return SealedFields(commitment=sealed.commitment, fields={**sealed.fields, name: blob})


@pytest.mark.parametrize(
    ("secret", "salt", "info", "expected"),
    [
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
    ids=["A.1", "A.3"],
)
def test_independent_hkdf_meets_rfc_5869(
    secret: bytes, salt: bytes, info: bytes, expected: str
) -> None:
    assert hkdf(secret, salt, info, 42).hex() == expected


def test_independent_aes_gcm_meets_its_specification() -> None:
    # McGrew and Viega, The Galois/Counter Mode of Operation, test case 13 with our nonce's length.
    encryptor = Cipher(AES(bytes(32)), GCM(bytes(12))).encryptor()
    encryptor.finalize()
    assert encryptor.tag.hex() == "530f8afbc74536b9a963b4f1c4cb738b"


@pytest.mark.parametrize("name", FIELDS)
def test_sealed_field_is_the_specified_blob(name: str) -> None:
    sealed = seal(KEY, RECORD, FIELDS, lambda _size: NONCE)
    key = hkdf(KEY.secret, b"", b"key" + context(name), 32)
    expected = b"\x01" + NONCE + aes_gcm(key, FIELDS[name], context(name))
    assert sealed.fields[name] == expected


def test_commitment_is_the_specified_derivation() -> None:
    expected = hkdf(KEY.secret, b"", b"commitment" + context(""), 32)
    assert sealed_fields().commitment == expected


def test_sealed_form_has_not_changed() -> None:
    # Computed once with the construction above: what is stored must stay readable.
    sealed = seal(KEY, RECORD, {"username": b'"erika"'}, lambda _size: NONCE)
    assert sealed.commitment.hex() == COMMITMENT
    assert sealed.fields["username"].hex() == USERNAME


def test_sealed_field_is_29_bytes_longer_than_its_plaintext() -> None:
    sealed = sealed_fields()
    assert {name: len(blob) - 29 for name, blob in sealed.fields.items()} == {
        name: len(plaintext) for name, plaintext in FIELDS.items()
    }


def test_every_field_gets_a_fresh_nonce() -> None:
    first, second = sealed_fields(), seal(KEY, RECORD, FIELDS, Entropy("other"))
    nonces = [blob[1:13] for one in (first, second) for blob in one.fields.values()]
    assert len(set(nonces)) == len(nonces)


@given(st.dictionaries(st.text(max_size=40), st.binary(max_size=300), max_size=5))
def test_any_fields_open_as_they_were(fields: dict[str, bytes]) -> None:
    assert unseal(KEY, RECORD, seal(KEY, RECORD, fields, Entropy())) == fields


@pytest.mark.parametrize("name", FIELDS)
def test_altering_any_byte_of_a_field_is_noticed(name: str) -> None:
    sealed = sealed_fields()
    blob = sealed.fields[name]
    for position in range(len(blob)):
        altered = bytearray(blob)
        altered[position] ^= 1
        with pytest.raises(SealError):
            unseal(KEY, RECORD, with_field(sealed, name, bytes(altered)))


def test_altering_any_byte_of_the_commitment_is_noticed() -> None:
    sealed = sealed_fields()
    for position in range(32):
        altered = bytearray(sealed.commitment)
        altered[position] ^= 0x80
        with pytest.raises(CommitmentMismatch):
            unseal(KEY, RECORD, SealedFields(commitment=bytes(altered), fields=sealed.fields))


@pytest.mark.parametrize("length", range(30))
def test_shortened_field_is_noticed(length: int) -> None:
    sealed = sealed_fields()
    blob = sealed.fields["username"][:length]
    with pytest.raises(UnknownSealVersion if length == 0 else FieldTampered):
        unseal(KEY, RECORD, with_field(sealed, "username", blob))


@pytest.mark.parametrize("version", [0, 2, 0x81, 255])
def test_unknown_version_is_named_as_such(version: int) -> None:
    sealed = sealed_fields()
    blob = bytes([version]) + sealed.fields["username"][1:]
    with pytest.raises(UnknownSealVersion):
        unseal(KEY, RECORD, with_field(sealed, "username", blob))


@pytest.mark.parametrize(("one", "other"), list(combinations(FIELDS, 2)))
def test_fields_moved_within_a_record_do_not_open(one: str, other: str) -> None:
    sealed = sealed_fields()
    swapped = with_field(sealed, one, sealed.fields[other])
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, swapped)


@pytest.mark.parametrize(
    "record",
    [
        RecordId(RECORD.id, Revision(8)),
        RecordId(RECORD.id, Revision(70)),
        RecordId(RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a11"), RECORD.revision),
    ],
    ids=["later revision", "revision with the same first digit", "other person"],
)
def test_record_moved_elsewhere_does_not_open(record: RecordId) -> None:
    with pytest.raises(CommitmentMismatch):
        unseal(KEY, record, sealed_fields())


def test_field_moved_from_another_record_with_the_same_key_does_not_open() -> None:
    # Even if a subject key were used twice by mistake.
    elsewhere = RecordId(RECORD.id, Revision(8))
    other = seal(KEY, elsewhere, FIELDS, Entropy())
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, with_field(sealed_fields(), "username", other.fields["username"]))


def test_field_sealed_for_another_purpose_does_not_open() -> None:
    other = sealed_fields("research")
    assert unseal(KEY, RECORD, other, "research") == FIELDS
    with pytest.raises(CommitmentMismatch):
        unseal(KEY, RECORD, other)
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, with_field(sealed_fields(), "username", other.fields["username"]))


def test_another_key_is_refused_before_anything_is_opened() -> None:
    garbage = SealedFields(commitment=sealed_fields().commitment, fields={"username": b""})
    with pytest.raises(CommitmentMismatch):
        unseal(SubjectKey(bytes(32)), RECORD, garbage)


def test_contexts_are_unambiguous() -> None:
    # The same letters cut elsewhere: "ab" for purpose "c" and "a" for purpose "bc".
    sealed = seal(KEY, RECORD, {"ab": b"x"}, Entropy(), "c")
    moved = SealedFields(
        commitment=seal(KEY, RECORD, {}, Entropy(), "bc").commitment,
        fields={"a": sealed.fields["ab"]},
    )
    with pytest.raises(FieldTampered):
        unseal(KEY, RECORD, moved, "bc")
