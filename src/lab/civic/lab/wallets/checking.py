"""A vendor of document and liveness checks, and the webhook it sends (Standard Webhooks)."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor with its signing key."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)

    @property
    def public_key(self) -> str:
        """As Standard Webhooks writes it."""
        return "whpk_" + b64encode(self.key.public_key().public_bytes_raw()).decode()

    def headers(self, message_id: str, body: bytes, at: datetime) -> Mapping[str, str]:
        """Return the headers of a webhook."""
        timestamp = str(int(at.timestamp()))
        signed = f"{message_id}.{timestamp}.".encode() + body
        return {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": "v1a," + b64encode(self.key.sign(signed)).decode(),
        }


def body_of(check: Mapping[str, object]) -> bytes:
    """Return the body of a webhook that tells of a check."""
    return json.dumps(check).encode()
