"""The id and access token of a new registration, and how a retry finds them again.

Without an Idempotency-Key both the id and the access token are random. With one, both are
derived from it, so that a retry computes the same answer and no table has to hold a token:

* ``id``: 16 bytes of HKDF-SHA256 of the key, as a version 8 UUID (RFC 9562 section 5.8);
* ``access_token``: 32 bytes of HKDF-SHA256 of the key, salted with the payload's SHA-256, so that
  the same key with another payload gives another token, which the store then refuses.

The key itself is never stored. It must be unguessable, like the UUID the IETF draft
``draft-ietf-httpapi-idempotency-key-header`` recommends; a minimum length is enforced at the edge.
See docs/adr/0003-idempotency-without-a-table.md.
"""

import hashlib
import uuid
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from civic.contracts import base64url
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import RandomBytes
from civic.identity.model.keys import AccessDigest, digest_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the citizen gets back: an identifier, and the bearer token for it."""

    id: RegistrationId
    access_token: str = field(repr=False)

    @property
    def access_digest(self) -> AccessDigest:
        """What the stores keep of the token."""
        return digest_of(self.access_token)


def issue_receipt(idempotency_key: str | None, payload: bytes, entropy: RandomBytes) -> Receipt:
    """Return the receipt for a registration; the same one for the same key and payload.

    Args:
        idempotency_key: The client's key, or None for a fresh random receipt.
        payload: The registration in one canonical form.
        entropy: Cryptographically secure source of random bytes.
    """
    if idempotency_key is None:
        id_bytes, token = entropy(16), entropy(32)
    else:
        secret = idempotency_key.encode()
        id_bytes = _derive(secret, 16, b"civic/registration-id/1", None)
        token = _derive(secret, 32, b"civic/access-token/1", hashlib.sha256(payload).digest())
    return Receipt(RegistrationId(str(_uuid8(id_bytes))), base64url.encode(token))


def _derive(secret: bytes, length: int, info: bytes, salt: bytes | None) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)


def _uuid8(value: bytes) -> uuid.UUID:
    number = int.from_bytes(value, "big")
    number = number & ~(0xF << 76) | (8 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return uuid.UUID(int=number)
