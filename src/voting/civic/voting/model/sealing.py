"""Ballots on their way through the queue: AES-256-GCM under the election's key.

Anyone who reads the queue or its dead letters sees which election a message is for, and no more.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.voting.errors import SealBroken
from civic.voting.model.ballot import CommittedBallot

NONCE_BYTES = 12
"""The length that AES-GCM takes."""

_NULLIFIER_BYTES = _SALT_BYTES = 32


def seal(ballot: CommittedBallot, key: bytes, nonce: bytes) -> bytes:
    """Return nonce, ciphertext and tag.

    A random nonce is safe for 2^32 messages per key (NIST SP 800-38D section 8.3), and each
    election has its own key.
    """
    clear = ballot.nullifier + ballot.salt + ballot.content
    return nonce + AESGCM(key).encrypt(nonce, clear, _context(ballot.election))


def unseal(election: ElectionId, blob: bytes, key: bytes) -> CommittedBallot:
    """Return what was sealed for an election.

    Raises:
        SealBroken: It was altered, or is another election's.
    """
    try:
        clear = AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], _context(election))
    except (InvalidTag, ValueError):
        raise SealBroken("the sealed ballot does not open") from None
    salt = clear[_NULLIFIER_BYTES : _NULLIFIER_BYTES + _SALT_BYTES]
    content = clear[_NULLIFIER_BYTES + _SALT_BYTES :]
    return CommittedBallot(Nullifier(clear[:_NULLIFIER_BYTES]), salt, election, content)


def _context(election: ElectionId) -> bytes:
    return f"civic/ballot/1|{election}".encode()
