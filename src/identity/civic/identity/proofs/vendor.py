"""What a vendor says of its check of a document and of a person's presence.

It says so in a webhook signed by the asymmetric scheme of Standard Webhooks (``v1a``, Ed25519).
Under the symmetric one whoever can verify a message could also make one. The library
``standardwebhooks`` knows the symmetric one only.
"""

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from civic.contracts import base64url
from civic.identity.model.pii import PiiModel
from civic.identity.model.proof import (
    Identifier,
    ProofMethod,
    ProofRefused,
    Proven,
)
from civic.identity.model.trust import VendorService
from civic.identity.proofs import tokens

MAX_BODY = 4096
_PARTS = ("id", "timestamp", "signature", "body")
_TOLERANCE = timedelta(minutes=5)
_KEY_PREFIX, _SCHEME = "whpk_", "v1a,"
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_MAX_SIGNATURES = 8


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """A message as it came."""

    id: str
    timestamp: str
    signature: str
    body: bytes

    def to_text(self) -> str:
        """Return the message as it is sealed."""
        parts = (self.id, self.timestamp, self.signature, base64url.encode(self.body))
        return json.dumps(dict(zip(_PARTS, parts, strict=True)))

    @classmethod
    def from_text(cls, text: str) -> "Webhook":
        """Read what was sealed.

        Raises:
            ProofRefused: It is no message.
        """
        document = tokens.parse_object(text.encode())
        parts = [part for name in _PARTS if isinstance(part := document.get(name), str)]
        if len(parts) != len(_PARTS):
            raise ProofRefused("the evidence holds no message of a vendor")
        return cls(parts[0], parts[1], parts[2], tokens.octets_of(parts[3]))


class Check(PiiModel):
    """The result of a check: no image, no measurement of a body, and nothing else."""

    reference: Annotated[str, Field(min_length=1, max_length=128)]
    """The session for which the check was made."""
    status: Literal["approved", "declined"]
    liveness: Literal["passed", "failed"]
    """Whether somebody was there, and was the one whom the document shows."""
    document_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """By a key of the vendor's, of the document's issuer and number."""
    full_name: Annotated[str, Field(min_length=1, max_length=512)]
    birth_date: str
    """As the document has them: without them the check would prove nothing of anybody."""


def verify(
    webhook: Webhook, trusted: VendorService, *, reference: str, answered_at: datetime
) -> Proven:
    """Return what a vendor's message proves.

    Raises:
        ProofRefused: It proves nothing; the message says why.
    """
    check_signed(webhook, trusted, answered_at)
    check = _check(webhook.body)
    if check.reference != reference:
        raise ProofRefused("the check was made for another request")
    if check.status != "approved" or check.liveness != "passed":
        raise ProofRefused("the vendor did not approve")
    kind = trusted.document_kind
    return Proven(
        method=ProofMethod.VENDOR,
        level=trusted.level,
        issuer=trusted.vendor,
        day=answered_at.astimezone(UTC).date(),
        full_name=check.full_name,
        birth_date=tokens.day_of(check.birth_date),
        identifier=None if kind is None else Identifier(kind, check.document_hash),
    )


def reference_for(session: str, nonce: str) -> str:
    """Return what a vendor is to call a session."""
    return f"{session}.{nonce}"


def reference_of(body: bytes) -> str:
    """Return for which session a message says that its check was made.

    Raises:
        ProofRefused: It does not say so.
    """
    reference = tokens.parse_object(body).get("reference")
    if not isinstance(reference, str):
        raise ProofRefused("the message is of no session")
    return reference


def check_signed(webhook: Webhook, trusted: VendorService, at: datetime) -> None:
    """Check that a vendor signed a message, and did so just now.

    Raises:
        ProofRefused: It did not.
    """
    if len(webhook.body) > MAX_BODY or not webhook.id or "." in webhook.id:
        raise ProofRefused("the message is too long, or has no id")
    if _TIMESTAMP.fullmatch(webhook.timestamp) is None:
        raise ProofRefused("the message does not say when it was sent")
    sent = datetime.fromtimestamp(int(webhook.timestamp), UTC)
    if abs(at - sent) > _TOLERANCE:
        raise ProofRefused("the message was not sent just now")
    signed = f"{webhook.id}.{webhook.timestamp}.".encode() + webhook.body
    signatures = webhook.signature.split(" ")[:_MAX_SIGNATURES]
    if not any(_signed(signed, text, key) for text in signatures for key in trusted.keys):
        raise ProofRefused("the message is not signed by the vendor")


def _signed(message: bytes, text: str, key: str) -> bool:
    if not text.startswith(_SCHEME):
        return False
    public = Ed25519PublicKey.from_public_bytes(b64decode(key.removeprefix(_KEY_PREFIX)))
    encoded = text.removeprefix(_SCHEME)
    try:
        signature = b64decode(encoded, validate=True)
        public.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return b64encode(signature).decode() == encoded


def _check(body: bytes) -> Check:
    try:
        return Check.model_validate(tokens.parse_object(body))
    except ValidationError:
        raise ProofRefused("the message is not the result of a check, or says more") from None
