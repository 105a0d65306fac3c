"""The log that ours is measured against: a chain, each hash over the one before.

As the description of the original system has it: SHA-256 over the previous hash and the vote's
fields, and every 10,000 votes a checkpoint with the hash so far.
"""

import hashlib
import time
from collections.abc import Iterable

CHECKPOINT_EVERY = 10_000
HASH_BYTES = 32

_LAPS = 5


class Chain:
    """A chain of entries, and its checkpoints."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.size = 0
        self.head = bytes(HASH_BYTES)
        self.checkpoints: list[bytes] = []

    def extend(self, entries: Iterable[bytes]) -> None:
        """Append entries, one after the other: each hash needs the one before."""
        sha256, head, size = hashlib.sha256, self.head, self.size
        for entry in entries:
            head = sha256(head + entry).digest()
            size += 1
            if size % CHECKPOINT_EVERY == 0:
                self.checkpoints.append(head)
        self.head, self.size = head, size


def verify_member(entry: bytes, before: bytes, later: Iterable[bytes], checkpoint: bytes) -> bool:
    """Tell whether an entry is in the chain that ends in a checkpoint.

    Args:
        entry: The entry.
        before: The hash before it, which is believed if all of the rest fits.
        later: Everything after the entry that the checkpoint is about, in order.
        checkpoint: The trusted hash.
    """
    chain = Chain()
    chain.head = before
    chain.extend([entry])
    chain.extend(later)
    return chain.head == checkpoint


def proof_bytes(size: int) -> int:
    """Return the bytes that show a middle entry to be in a chain of that size.

    What is needed is the hash before it and what went into every later link, up to the newest
    checkpoint; counted as one hash of 32 bytes each, as if links were over hashes of the entries.
    The mean over all entries is half of them; the first entry needs twice as much.
    """
    return HASH_BYTES * (1 + size // 2)


def microseconds_per_link() -> float:
    """Return how long a verifier takes for one link; the best of five laps of 10,000."""
    entries = [number.to_bytes(HASH_BYTES) for number in range(CHECKPOINT_EVERY)]
    chain = Chain()
    chain.extend(entries)
    laps = []
    for _ in range(_LAPS):
        started = time.perf_counter()
        verify_member(entries[0], bytes(HASH_BYTES), entries[1:], chain.head)
        laps.append(time.perf_counter() - started)
    return min(laps) * 1e6 / CHECKPOINT_EVERY


def appends_per_second(round_trip_ms: float, round_trips: int) -> float:
    """Return how many entries a second writers can append to one chain, however many they are.

    The next append cannot begin before the last one is known: a conditional write if the hash
    before is known, a read as well if it was somebody else's.
    """
    return 1000 / (round_trip_ms * round_trips)
