"""Erasure receipts checked offline: a known answer, the purpose of each check, and tampering.

The known answer was signed with the P-256 key of RFC 6979 section A.2.5, deterministically, and
its signature was checked with the openssl command as well.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import ReceiptRefused
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.erasure_receipt import (
    key_fingerprint,
    read_receipt,
    receipt_document,
    verify_receipt,
)

RFC_6979_A_2_5 = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
DOCUMENT = (
    '{"completed_at":"2027-03-01T09:30:03.125000+00:00",'
    '"fields":["username","full_name","date_of_birth","address","phone_number","email",'
    '"national_id","citizenship_attestation","consent","evidence"],'
    '"key":"5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4",'
    '"registration":"5d3c6f0e-0000-4000-8000-000000000000",'
    '"requested_at":"2027-03-01T09:30:00.125000+00:00",'
    '"stores":{"analytics":"2027-03-01T09:30:03.125000+00:00",'
    '"decisions":"2027-03-01T09:30:00.125000+00:00",'
    '"records":"2027-03-01T09:30:01.125000+00:00",'
    '"subject_keys":"2027-03-01T09:30:02.125000+00:00"},'
    '"type":"civic/erasure-receipt/1"}'
)
SIGNATURE = (
    "MEUCIBTCfZEqqztN54UNN9dT2ovVomAoFUqaP0H1HOMJeZ1d"
    "AiEAnJzknQG8C/Rqx4hCKhSdB8fI+AQuQJABBbFNeQlVj2c="
)
PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7"
    "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ=="
)
KNOWN = SignedReceipt(DOCUMENT.encode(), base64.b64decode(SIGNATURE), base64.b64decode(PUBLIC_KEY))
OLDER = [
    *[ErasureStore.DECISIONS, ErasureStore.RECORDS],
    *[ErasureStore.SUBJECT_KEYS, ErasureStore.ANALYTICS],
]
"""The stores in the known answer, which was signed before the roll existed."""
REQUESTED = datetime(2027, 3, 1, 9, 30, 0, 125000, UTC)

type Edit = Callable[[dict[str, Any]], object]


def file(**changes: object) -> bytes:
    """The known answer as ``civic rights erasure --receipt`` writes it; None leaves a part out."""
    parts: dict[str, object] = {
        "receipt": DOCUMENT,
        "algorithm": "ECDSA_SHA_256",
        "signature": SIGNATURE,
        "public_key": PUBLIC_KEY,
    } | changes
    return json.dumps({name: part for name, part in parts.items() if part is not None}).encode()


def signed(document: bytes) -> SignedReceipt:
    """A document with the right signature of the known key."""
    key = ec.derive_private_key(RFC_6979_A_2_5, ec.SECP256R1())
    return SignedReceipt(document, key.sign(document, ec.ECDSA(SHA256())), KNOWN.public_key)


def resigned(edit: Edit) -> SignedReceipt:
    """The known receipt with other contents, signed again."""
    contents = json.loads(DOCUMENT)
    edit(contents)
    return signed(rfc8785.dumps(contents))


def refusal(receipt: SignedReceipt, trusted_key: bytes | None = None) -> str:
    with pytest.raises(ReceiptRefused) as refused:
        verify_receipt(receipt, trusted_key)
    return str(refused.value)


def public_key(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_receipt_document_of_the_known_answer_is_byte_for_byte_the_same() -> None:
    confirmed = {store: REQUESTED + timedelta(seconds=number) for number, store in enumerate(OLDER)}
    erased = RegistrationId("5d3c6f0e-0000-4000-8000-000000000000")
    record = ErasureRecord(erased, REQUESTED, confirmed=confirmed, receipt=KNOWN)
    assert receipt_document(record, KNOWN.public_key) == KNOWN.document


def test_read_receipt_of_the_known_answer_is_the_known_answer() -> None:
    assert read_receipt(file()) == KNOWN


def test_verify_receipt_of_the_known_answer_tells_what_it_says() -> None:
    statement = verify_receipt(KNOWN, KNOWN.public_key)
    assert statement.registration == "5d3c6f0e-0000-4000-8000-000000000000"
    assert statement.requested_at == REQUESTED
    assert statement.completed_at == statement.stores["analytics"]
    assert statement.completed_at == REQUESTED + timedelta(seconds=3)
    assert statement.stores.keys() == {store.value for store in OLDER}
    assert len(statement.fields) == 10
    assert statement.key == key_fingerprint(KNOWN.public_key)


def test_verify_receipt_with_any_bit_of_the_receipt_flipped_is_refused() -> None:
    for number in range(len(KNOWN.document) * 8):
        assert refusal(SignedReceipt(flipped(KNOWN.document, number), *_rest()))


def test_verify_receipt_with_any_bit_of_the_signature_flipped_is_refused() -> None:
    for number in range(len(KNOWN.signature) * 8):
        tampered = SignedReceipt(KNOWN.document, flipped(KNOWN.signature, number), KNOWN.public_key)
        assert "signature" in refusal(tampered)


def test_verify_receipt_with_any_bit_of_the_public_key_flipped_is_refused() -> None:
    for number in range(len(KNOWN.public_key) * 8):
        tampered = SignedReceipt(KNOWN.document, KNOWN.signature, flipped(KNOWN.public_key, number))
        assert "another public key" in refusal(tampered)


def test_verify_receipt_cut_short_or_lengthened_is_refused() -> None:
    for document in (KNOWN.document[:-1], KNOWN.document + b"\n", b"", b" " + KNOWN.document):
        assert refusal(SignedReceipt(document, *_rest()))
    for signature in (KNOWN.signature[:-1], KNOWN.signature + b"\0", b""):
        assert refusal(SignedReceipt(KNOWN.document, signature, KNOWN.public_key))


def test_verify_receipt_under_another_trusted_key_is_refused() -> None:
    other = public_key(ec.generate_private_key(ec.SECP256R1()))
    assert "another key than the one given" in refusal(KNOWN, other)


def test_verify_receipt_signed_with_a_key_of_the_attacker_names_another_key() -> None:
    attacker = ec.generate_private_key(ec.SECP256R1())
    forged = attacker.sign(KNOWN.document, ec.ECDSA(SHA256()))
    receipt = SignedReceipt(KNOWN.document, forged, public_key(attacker))
    assert "another public key" in refusal(receipt)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-384", "secp256k1", "RSA"],
)
def test_verify_receipt_with_a_key_of_another_kind_is_refused(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
) -> None:
    der = public_key(key)
    contents = json.loads(DOCUMENT) | {"key": key_fingerprint(der)}
    receipt = SignedReceipt(rfc8785.dumps(contents), KNOWN.signature, der)
    assert "P-256" in refusal(receipt)


def test_verify_receipt_with_what_is_no_key_is_refused() -> None:
    contents = json.loads(DOCUMENT) | {"key": key_fingerprint(b"no key")}
    receipt = SignedReceipt(rfc8785.dumps(contents), KNOWN.signature, b"no key")
    assert "P-256" in refusal(receipt)


def test_verify_receipt_that_is_not_canonical_is_refused_though_signed() -> None:
    for document in (
        json.dumps(json.loads(DOCUMENT)).encode(),
        DOCUMENT.replace('"fields"', r'"\u0066ields"').encode(),
        DOCUMENT.replace('{"completed_at"', '{"type":"x","completed_at"').encode(),
    ):
        assert "canonical" in refusal(signed(document))


@pytest.mark.parametrize(
    "document",
    [b"\xff", b"", b"{", b"NaN", b"[" * 100_000, b'"\\ud800"', b'{"\\ud800":1}', b"1" * 5000],
    ids=["not UTF-8", "empty", "open", "NaN", "deep", "surrogate", "surrogate key", "large"],
)
def test_verify_receipt_that_is_no_json_is_refused_though_signed(document: bytes) -> None:
    assert "not JSON" in refusal(signed(document))


@pytest.mark.parametrize("document", [b"1", b"[]", b"null", b"{}", b'{"type":"other"}'])
def test_verify_receipt_of_another_type_is_refused_though_signed(document: bytes) -> None:
    assert "of type civic/erasure-receipt/1" in refusal(signed(document))


def _without(name: str) -> Edit:
    return lambda contents: contents.pop(name)


def _with(**changes: object) -> Edit:
    return lambda contents: contents.update(changes)


@pytest.mark.parametrize(
    "edit",
    [
        *map(_without, ["registration", "requested_at", "completed_at", "fields", "stores", "key"]),
        _with(extra=1),
        _with(registration="somebody"),
        _with(requested_at="2027-03-01T09:30:00"),
        _with(requested_at="2027-03-01T10:30:00+01:00"),
        _with(requested_at="yesterday"),
        _with(completed_at=1804584603),
        _with(completed_at="1804584603"),
        _with(fields=[]),
        _with(fields=["\u001b[2Jusername"]),
        _with(stores={}),
        _with(stores={"[red]": "2027-03-01T09:30:00+00:00"}),
        _with(key="5A" * 32),
    ],
)
def test_verify_receipt_of_another_form_is_refused_though_signed(edit: Edit) -> None:
    assert "does not say" in refusal(resigned(edit))


def test_verify_receipt_of_a_store_erased_after_completion_is_refused_though_signed() -> None:
    late = "2027-03-01T09:30:03.125001+00:00"
    receipt = resigned(lambda contents: contents["stores"].update(decisions=late))
    assert "after the receipt's time of completion" in refusal(receipt)


def test_verify_receipt_knows_stores_and_fields_of_other_versions() -> None:
    receipt = resigned(
        lambda contents: contents.update(
            fields=["pen_name"], stores={"archive": contents["completed_at"]}
        )
    )
    assert verify_receipt(receipt).stores.keys() == {"archive"}


@pytest.mark.parametrize(
    "changes",
    [
        {"receipt": None},
        {"signature": None},
        {"public_key": None},
        {"algorithm": None},
        {"algorithm": "RSASSA_PSS_SHA_256"},
        {"receipt": json.loads(DOCUMENT)},
        {"signature": "!" + SIGNATURE},
        {"signature": SIGNATURE + "\n"},
        {"signature": SIGNATURE.rstrip("=")},
        {"public_key": PUBLIC_KEY[:-3] + "R=="},
        {"more": 1},
    ],
    ids=str,
)
def test_read_receipt_of_another_form_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ReceiptRefused, match="form of a signed receipt"):
        read_receipt(file(**changes))


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[]", b'{"receipt"'])
def test_read_receipt_of_what_is_no_receipt_is_refused(text: bytes) -> None:
    with pytest.raises(ReceiptRefused, match="form of a signed receipt"):
        read_receipt(text)


def flipped(data: bytes, number: int) -> bytes:
    """The data with one bit flipped."""
    changed = bytearray(data)
    changed[number // 8] ^= 1 << (number % 8)
    return bytes(changed)


def _rest() -> tuple[bytes, bytes]:
    return KNOWN.signature, KNOWN.public_key
