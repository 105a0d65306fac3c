"""The keys of one election, all derived from its one secret.

HKDF-SHA256 (RFC 5869) with a purpose of its own per key, so that none of them reveals anything
about another. The secret itself is stored beside the election, encrypted under KMS.
"""

from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from civic.contracts.identifiers import ElectionId

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class ElectionKeys:
    """Three keys of 256 bits.

    Attributes:
        seal: Seals ballots on their way through the queue (AES-256-GCM).
        salt: Makes the salts of the commitments (HMAC-SHA256).
        codes: Hashes posted voter codes (HMAC-SHA256).
    """

    seal: bytes
    salt: bytes
    codes: bytes

    @classmethod
    def derive(cls, election: ElectionId, secret: bytes) -> Self:
        """Return the keys of an election from its 32-byte secret."""
        return cls(*(_derived(election, secret, use) for use in ("seal", "salt", "codes")))


def _derived(election: ElectionId, secret: bytes, use: str) -> bytes:
    info = f"civic/election/1|{election}|{use}".encode()
    return HKDF(SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(secret)
