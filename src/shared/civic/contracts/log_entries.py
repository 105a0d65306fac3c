"""What the public log says about a ballot; only hashlib is needed to compute it.

Voting gives voters the leaf of their ballot as a receipt, audit adds the entry to the log, and the
verifier opens it: this is what they agree on. docs/verification.md has the whole format.
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
