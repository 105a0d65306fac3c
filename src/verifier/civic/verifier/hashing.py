"""What the public log says of a ballot, written from docs/verification.md.

A second writing on purpose: the functions that make the log have their own
(`civic.contracts.log_entries`), and a mistake in one is found by the other.
"""

import hashlib
from base64 import b64encode

BALLOT = "civic/ballot/1"
"""First line of a ballot's entry."""

EVENT = "civic/event/1"
"""First line of an event's entry."""


def commitment(salt: bytes, ballot: bytes) -> bytes:
    """Return the 32 bytes that stand for a ballot while nobody may read it.

    Args:
        salt: 32 bytes, another for every ballot; without them the ballot cannot be tried out.
        ballot: The ballot as canonical JSON (RFC 8785).
    """
    return hashlib.sha256(b"civic/commitment/1|" + salt + ballot).digest()


def ballot_entry(election: str, committed: bytes) -> bytes:
    """Return the log entry of a ballot: election and commitment, nothing that opens either."""
    return f"{BALLOT}\n{election}\n{b64encode(committed).decode()}\n".encode()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry's leaf (RFC 6962 section 2.1): 32 bytes."""
    return hashlib.sha256(b"\0" + entry).digest()
