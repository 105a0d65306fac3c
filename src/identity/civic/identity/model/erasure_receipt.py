"""What an erasure receipt says, and how it is checked offline (``civic rights verify-erasure``).

A receipt is canonical JSON (RFC 8785), and exactly these bytes are signed.
"""

import base64
import binascii
import hashlib
import json
from datetime import datetime, timedelta
from typing import Annotated, Literal

import rfc8785
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from civic.contracts.events import UUID_PATTERN
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import ReceiptRefused
from civic.identity.model.erasure import ErasureRecord, SignedReceipt
from civic.identity.model.registration import PII_FIELDS

RECEIPT_TYPE = "civic/erasure-receipt/1"


def receipt_document(record: ErasureRecord, public_key: bytes) -> bytes:
    """Return what the receipt of a complete erasure says, as canonical JSON (RFC 8785).

    Args:
        record: A complete entry of the ledger.
        public_key: The key the receipt will be signed with; its SHA-256 becomes part of the
            receipt, so that the signature cannot be presented under another key.
    """
    if record.requested_at is None or record.completed_at is None:
        message = "the erasure is not complete"
        raise ValueError(message)
    stores = {store.value: at.isoformat() for store, at in record.confirmed.items()}
    return rfc8785.dumps(
        {
            "type": RECEIPT_TYPE,
            "registration": record.id,
            "requested_at": record.requested_at.isoformat(),
            "completed_at": record.completed_at.isoformat(),
            "fields": list(PII_FIELDS),
            "stores": stores,
            "key": key_fingerprint(public_key),
        }
    )


def key_fingerprint(public_key: bytes) -> str:
    """Return the SHA-256 of a DER public key as lower-case hex."""
    return hashlib.sha256(public_key).hexdigest()


def _moment(value: object) -> datetime:
    # pydantic reads a string of digits as a Unix time, even in strict mode.
    if not isinstance(value, str):
        raise ValueError("not a string")  # noqa: TRY004 - pydantic expects it
    moment = datetime.fromisoformat(value)
    if moment.utcoffset() != timedelta(0):
        raise ValueError("not in UTC")
    return moment


Moment = Annotated[datetime, BeforeValidator(_moment)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A field or a store. A receipt may name one that this version of the code does not know."""


class ErasureStatement(BaseModel):
    """What a receipt says, once it has been verified."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    type: Literal["civic/erasure-receipt/1"]
    registration: Annotated[RegistrationId, Field(pattern=UUID_PATTERN)]
    requested_at: Moment
    completed_at: Moment
    fields: Annotated[tuple[Name, ...], Field(min_length=1)]
    stores: Annotated[dict[Name, Moment], Field(min_length=1)]
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The SHA-256 of the public key that signed it, as lower-case hex."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    receipt: str
    algorithm: Literal["ECDSA_SHA_256"]
    signature: str
    public_key: str


def read_receipt(file: bytes) -> SignedReceipt:
    """Parse a receipt as ``GET /registrations/{id}/erasure`` gives it.

    Args:
        file: JSON with ``receipt``, ``algorithm``, ``signature`` and ``public_key``; the last two
            in base64 (RFC 4648 section 4).

    Raises:
        ReceiptRefused: The file does not have this form.
    """
    try:
        signed = _File.model_validate_json(file)
        return SignedReceipt(
            signed.receipt.encode(), _base64(signed.signature), _base64(signed.public_key)
        )
    except (ValidationError, binascii.Error, UnicodeError):
        raise ReceiptRefused("the file does not have the form of a signed receipt") from None


def verify_receipt(signed: SignedReceipt, trusted_key: bytes | None = None) -> ErasureStatement:
    """Check a receipt, offline.

    Args:
        signed: The receipt with its signature and the public key it came with.
        trusted_key: The public key of the expected signer, DER SubjectPublicKeyInfo. Without it
            the check proves that the receipt is intact, not who signed it.

    Returns:
        What the receipt says; guaranteed to be signed with the key it names.

    Raises:
        ReceiptRefused: A check failed; the message, which is constant, says which.
    """
    _require_canonical_json(signed.document)
    statement = _statement(signed.document)
    if statement.completed_at < max(statement.stores.values()):
        raise ReceiptRefused("a store was erased after the receipt's time of completion")
    if statement.key != key_fingerprint(signed.public_key):
        raise ReceiptRefused("the receipt names another public key than the one it came with")
    _require_signature(signed)
    if trusted_key is not None and trusted_key != signed.public_key:
        raise ReceiptRefused("the receipt is signed with another key than the one given")
    return statement


def _require_canonical_json(document: bytes) -> None:
    try:
        parsed = json.loads(document.decode())
        canonical = rfc8785.dumps(parsed)
    except (ValueError, RecursionError):
        raise ReceiptRefused("the receipt is not JSON") from None
    if canonical != document:
        raise ReceiptRefused("the receipt is not canonical JSON (RFC 8785)")
    if not isinstance(parsed, dict) or parsed.get("type") != RECEIPT_TYPE:
        raise ReceiptRefused("the receipt is not of type civic/erasure-receipt/1")


def _statement(document: bytes) -> ErasureStatement:
    try:
        return ErasureStatement.model_validate_json(document)
    except ValidationError:
        raise ReceiptRefused("the receipt does not say what an erasure receipt must say") from None


def _require_signature(signed: SignedReceipt) -> None:
    """Check the ECDSA signature on P-256 over SHA-256 (FIPS 186-5 section 6.4)."""
    # Imported here, as the function that makes receipts imports this module and checks none.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        key = load_der_public_key(signed.public_key)
    except (ValueError, UnsupportedAlgorithm):
        raise ReceiptRefused("the public key is not an ECDSA key on P-256") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ReceiptRefused("the public key is not an ECDSA key on P-256")
    try:
        key.verify(signed.signature, signed.document, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise ReceiptRefused("the signature is not this key's signature of this receipt") from None


def _base64(text: str) -> bytes:
    decoded = base64.b64decode(text, validate=True)
    # Otherwise several texts would decode to the same bytes.
    if base64.b64encode(decoded).decode() != text:
        raise binascii.Error("not in canonical form")
    return decoded
