"""Known answers: the primitives as called here, and the sealed form to the byte.

What is expected is computed a second time, by HKDF from ``hmac`` and by GCM from single AES blocks,
both written out from their specifications and held to the published vectors as well.
"""

import hashlib
import hmac
from itertools import batched, count

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from civic.contracts.events import SealedFields
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import RecordId, SubjectKey
from civic.identity.model.sealing import seal, unseal
from tests.fakes.pipeline import Entropy

KEY = SubjectKey(bytes(range(32)))
RECORD = RecordId(RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10"), Revision(7))
NONCE = bytes.fromhex("cafebabefacedbaddecaf888")

# RFC 5869, Appendix A.1 to A.3: input key, salt, info, output key.
HKDF_SHA256 = [
    (
        b"\x0b" * 22,
        bytes(range(13)),
        bytes(range(0xF0, 0xFA)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        b"\x0b" * 22,
        b"",
        b"",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]

# McGrew and Viega, The Galois/Counter Mode of Operation, the test cases with a key of 256 bits and
# a nonce of 96: key, nonce, plaintext, associated data, ciphertext and tag.
_GCM_KEY = "feffe9928665731c6d6a8f9467308308" * 2
_GCM_PLAINTEXT = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
_GCM_CIPHERTEXT = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
)
AES_256_GCM = {
    "13": ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    "14": (
        "00" * 32,
        "00" * 12,
        "00" * 16,
        "",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    ),
    "15": (
        _GCM_KEY,
        NONCE.hex(),
        _GCM_PLAINTEXT,
        "",
        _GCM_CIPHERTEXT + "b094dac5d93471bdec1a502270e3cc6c",
    ),
    "16": (
        _GCM_KEY,
        NONCE.hex(),
        _GCM_PLAINTEXT[:120],
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        _GCM_CIPHERTEXT[:120] + "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
}

# What was sealed once, under KEY for RECORD with NONCE: it must stay readable.
FROZEN_COMMITMENT = "56417b221d6708ead65828e6f73e44cd79c3cbfd0b2d54bcfb330f4d53af3cf4"
FROZEN = {
    "username": (
        '"erika"',
        "01cafebabefacedbaddecaf888717e66fc316b3c7d2a8fae722c9949b4e2d3e5c88c663d",
    ),
    "address": (
        '{"street":"Wöhlertstraße 1","city":"Berlin"}',
        (
            "01cafebabefacedbaddecaf8880659de8f60f23e15e1807157cc5f8224daf66eace64c407e"
            "4aaabe99ddbba65697702cc84c99ca7be96a4b79d41da55804f6effbd890e6d6b8bc43c54f95"
        ),
    ),
    "consents": ("[]", "01cafebabefacedbaddecaf888877acddb42585d79ba557e6a6d5c24af948a"),
}


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256, written out from RFC 5869 section 2."""
    pseudorandom = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    block, output = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), hashlib.sha256)
        output += block
    return output[:length]


def aes_gcm(key: bytes, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """AES-GCM with a nonce of 96 bits, written out from NIST SP 800-38D sections 6 and 7."""
    hash_key = int.from_bytes(_aes_block(key, bytes(16)))
    masks = (_aes_block(key, nonce + number.to_bytes(4)) for number in count(1))
    tag_mask = next(masks)
    stream = b"".join(next(masks) for _ in range(-(-len(plaintext) // 16)))
    ciphertext = bytes(one ^ other for one, other in zip(plaintext, stream, strict=False))
    lengths = (8 * len(associated)).to_bytes(8) + (8 * len(ciphertext)).to_bytes(8)
    hashed = 0
    for block in batched(_padded(associated) + _padded(ciphertext) + lengths, 16, strict=True):
        hashed = _galois_product(hashed ^ int.from_bytes(bytes(block)), hash_key)
    return ciphertext + (hashed ^ int.from_bytes(tag_mask)).to_bytes(16)


def _aes_block(key: bytes, block: bytes) -> bytes:
    # One block alone has no mode; this is the cipher itself.
    return Cipher(AES(key), ECB()).encryptor().update(block)  # noqa: S305


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 16)


def _galois_product(one: int, other: int) -> int:
    """Multiply in GF(2^128), NIST SP 800-38D algorithm 1; the leftmost bit is that of x^0."""
    product = 0
    for position in range(127, -1, -1):
        if one >> position & 1:
            product ^= other
        other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
    return product


def context(field: str, purpose: str = "registration") -> bytes:
    parts = [b"pii/1", RECORD.id.encode(), b"7", field.encode(), purpose.encode()]
    return b"".join(bytes([0, len(part)]) + part for part in parts)


def expected_blob(field: str, plaintext: bytes, purpose: str = "registration") -> bytes:
    key = hkdf(KEY.secret, b"", b"key" + context(field, purpose), 32)
    return b"\x01" + NONCE + aes_gcm(key, NONCE, plaintext, context(field, purpose))


@pytest.mark.parametrize(
    ("secret", "salt", "info", "expected"), HKDF_SHA256, ids=["A.1", "A.2", "A.3"]
)
def test_hkdf_meets_rfc_5869(secret: bytes, salt: bytes, info: bytes, expected: str) -> None:
    length = len(expected) // 2
    called = HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
    assert called.hex() == expected
    assert hkdf(secret, salt, info, length).hex() == expected


def test_hkdf_without_a_salt_is_that_of_an_empty_salt() -> None:
    secret, _, info, expected = HKDF_SHA256[2]
    called = HKDF(algorithm=SHA256(), length=42, salt=None, info=info).derive(secret)
    assert called.hex() == expected


@pytest.mark.parametrize(
    ("key", "nonce", "plaintext", "associated", "expected"), AES_256_GCM.values(), ids=AES_256_GCM
)
def test_aes_gcm_meets_its_specification(
    key: str, nonce: str, plaintext: str, associated: str, expected: str
) -> None:
    arguments = [bytes.fromhex(one) for one in (nonce, plaintext, associated)]
    assert AESGCM(bytes.fromhex(key)).encrypt(*arguments).hex() == expected
    assert aes_gcm(bytes.fromhex(key), *arguments).hex() == expected
    opened = AESGCM(bytes.fromhex(key)).decrypt(arguments[0], bytes.fromhex(expected), arguments[2])
    assert opened.hex() == plaintext


@pytest.mark.parametrize(
    ("field", "plaintext"),
    [
        ("username", b'"erika"'),
        ("empty", b""),
        ("phone_number", b'"+49 30 901820"'),
        ("one_block", bytes(16)),
        ("address", '{"street":"Wöhlertstraße 1"}'.encode() * 20),
        ("größe", b"1"),
    ],
)
def test_sealed_field_is_the_specified_blob(field: str, plaintext: bytes) -> None:
    sealed = seal(KEY, RECORD, {field: plaintext}, lambda _size: NONCE)
    assert sealed.fields[field] == expected_blob(field, plaintext)


def test_purpose_takes_part_in_the_blob_and_the_commitment() -> None:
    sealed = seal(KEY, RECORD, {"username": b"x"}, lambda _size: NONCE, "research")
    assert sealed.fields["username"] == expected_blob("username", b"x", "research")
    commitment = hkdf(KEY.secret, b"", b"commitment" + context("", "research"), 32)
    assert sealed.commitment == commitment


def test_commitment_is_the_specified_derivation() -> None:
    sealed = seal(KEY, RECORD, {"username": b"x"}, Entropy())
    assert sealed.commitment == hkdf(KEY.secret, b"", b"commitment" + context(""), 32)


def test_frozen_record_is_what_the_second_construction_gives() -> None:
    assert hkdf(KEY.secret, b"", b"commitment" + context(""), 32).hex() == FROZEN_COMMITMENT
    for field, (plaintext, blob) in FROZEN.items():
        assert expected_blob(field, plaintext.encode()).hex() == blob


def test_sealed_form_has_not_changed() -> None:
    fields = {field: plaintext.encode() for field, (plaintext, _) in FROZEN.items()}
    sealed = seal(KEY, RECORD, fields, lambda _size: NONCE)
    assert sealed.commitment.hex() == FROZEN_COMMITMENT
    assert {field: blob.hex() for field, blob in sealed.fields.items()} == {
        field: blob for field, (_, blob) in FROZEN.items()
    }


def test_frozen_record_opens() -> None:
    sealed = SealedFields(
        commitment=bytes.fromhex(FROZEN_COMMITMENT),
        fields={field: bytes.fromhex(blob) for field, (_, blob) in FROZEN.items()},
    )
    assert unseal(KEY, RECORD, sealed) == {
        field: plaintext.encode() for field, (plaintext, _) in FROZEN.items()
    }
