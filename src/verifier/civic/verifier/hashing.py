"""What the public log says about a ballot, as docs/verification.md specifies it.

This is a second implementation on purpose: the functions that write the log have their own
(`civic.contracts.log_entries`), and each shows up a mistake in the other.
"""

import hashlib
from base64 import b64encode

BALLOT = "civic/ballot/1"
"""First line of a ballot's entry."""

EVENT = "civic/event/1"
"""First line of an event's entry."""


def commitment(salt: bytes, ballot: bytes) -> bytes:
    """Return the 32 bytes that represent a ballot as long as nobody may read it.

    Args:
        salt: 32 bytes, different for every ballot; without them the ballot cannot be guessed.
        ballot: The ballot as canonical JSON (RFC 8785).
    """
    return hashlib.sha256(b"civic/commitment/1|" + salt + ballot).digest()


def ballot_entry(election: str, committed: bytes) -> bytes:
    """Return the log entry of a ballot: election and commitment, and nothing that opens it."""
    return f"{BALLOT}\n{election}\n{b64encode(committed).decode()}\n".encode()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry's leaf (RFC 6962 section 2.1): 32 bytes."""
    return hashlib.sha256(b"\0" + entry).digest()
