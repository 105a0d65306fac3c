"""A log that grows in memory, through the real recorder and publisher, and a hash chain.

Both run on one core. The chain is what the first design of this system had instead of the log:
SHA-256 over the previous hash and the vote's fields, and after every 10,000 votes a checkpoint
with the latest hash.
"""

import hashlib
import random
import time
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from civic.audit.model.journal import Arrival, Batch
from civic.audit.model.merkle import inclusion_proof
from civic.audit.model.tiles import WIDTH, Published, hashes_of, range_roots, tile_path, tile_width
from civic.audit.ports import Head
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.recording import Recorder, record_ballots
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import ballot_entry
from civic.lab.bench.report import Tick
from civic.lab.memory.audit import MemoryHeads, MemoryJournal, MemoryLogSigner, MemoryShelf
from civic.lab.memory.bus import MemoryBus
from civic.verifier.merkle import verify_inclusion

BATCH = 10_000
"""Ballots that are added to the log at once: the most that Lambda hands over."""
SAMPLE = 1_000
"""Leaves for which a proof is made at each size."""
CHECKPOINT_EVERY = 10_000
"""Entries of the chain between its checkpoints."""
HASH_BYTES = 32

_LAPS = 5
_ELECTION = ElectionId("0123456789ab")


class Chain:
    """A hash chain of entries, and its checkpoints."""

    def __init__(self) -> None:
        """Start with an empty chain."""
        self.size = 0
        self.head = bytes(HASH_BYTES)
        self.checkpoints: list[bytes] = []

    def extend(self, entries: Iterable[bytes]) -> None:
        """Append entries one after the other, as each hash needs the previous one."""
        sha256, head, size = hashlib.sha256, self.head, self.size
        for entry in entries:
            head = sha256(head + entry).digest()
            size += 1
            if size % CHECKPOINT_EVERY == 0:
                self.checkpoints.append(head)
        self.head, self.size = head, size

    @staticmethod
    def proof_bytes(size: int) -> int:
        """Return how many bytes prove that the middle entry is in a chain of that size.

        They are the hash before it and one for each later link, up to the newest checkpoint.
        """
        return HASH_BYTES * (1 + size // 2)

    @staticmethod
    def us_per_link() -> float:
        """Return the microseconds that a verifier needs per link."""
        entries = [number.to_bytes(HASH_BYTES) for number in range(CHECKPOINT_EVERY)]
        return _best_us(lambda: Chain().extend(entries), CHECKPOINT_EVERY)


class _Counted:
    """Passes everything to a store in memory, and counts the objects put there."""

    def __init__(self, store: Any) -> None:
        """Start at zero."""
        self._store = store
        self.puts = 0

    def __getattr__(self, name: str) -> Any:
        """Return the store's own attribute."""
        return getattr(self._store, name)

    def append(self, batch: Batch) -> None:
        """Add a batch to a journal."""
        self.puts += 1
        self._store.append(batch)

    def put(self, objects: Iterable[Published]) -> None:
        """Put objects on a shelf."""
        given = list(objects)
        self.puts += len(given)
        self._store.put(given)

    def replace(self, before: Head | None, note: bytes) -> Head:
        """Replace the newest checkpoint."""
        self.puts += 1
        replaced: Head = self._store.replace(before, note)
        return replaced


class GrowingLog:
    """A log with one writer."""

    def __init__(self) -> None:
        """Start empty."""
        self.shelf = MemoryShelf()
        every = (MemoryJournal(), self.shelf, MemoryShelf(), MemoryHeads())
        self._stores = [_Counted(store) for store in every]
        stores = zip(("journal", "shelf", "index", "heads"), self._stores, strict=True)
        signer, events = MemoryLogSigner(bytes(32)), MemoryBus()
        self.recorder = recorder(signer=signer, events=events, **dict(stores))

    @property
    def puts(self) -> int:
        """The number of objects created or replaced."""
        return sum(store.puts for store in self._stores)

    def proofs(self, size: int) -> tuple[list[int], float]:
        """Return the bytes of each proof in a sample, and the microseconds to verify one."""
        # The sample must be repeatable; this randomness protects nobody.
        chosen = random.Random(size).sample(range(size), min(size, SAMPLE))  # noqa: S311
        root = b64decode(self.shelf.read(f"checkpoints/{size}").split(b"\n")[2])
        roots = range_roots(size, self.shelf.read)
        proofs = [(self._leaf(one, size), one, inclusion_proof(one, size, roots)) for one in chosen]

        def verify() -> None:
            for leaf, index, proof in proofs:
                verify_inclusion(leaf, index, size, proof, root)

        return [sum(map(len, proof)) for *_, proof in proofs], _best_us(verify, len(proofs))

    def _leaf(self, index: int, size: int) -> bytes:
        number, at = divmod(index, WIDTH)
        return hashes_of(self.shelf.read(tile_path(0, number, tile_width(size, 0, number))))[at]


def recorder(**stores: Any) -> Recorder:
    """Return a writer for the log with this journal, shelf, index, heads, signer and events."""
    publisher = Publisher(origin="civic.example/bench", clock=_now, **stores)
    lookup = Lookup(stores["shelf"], stores["index"], stores["heads"])
    return Recorder(stores["journal"], publisher, lookup, _now)


def grow(sizes: Sequence[int], tick: Tick) -> dict[str, dict[int, float]]:
    """Grow a log and a chain, and measure both at each of the sizes.

    Args:
        sizes: Ascending, each a multiple of `BATCH`.
        tick: Called after each batch.

    Returns:
        The figures by size, with the longest and the mean proof of a sample of leaves.
    """
    log, chain = GrowingLog(), Chain()
    ours = theirs = 0.0
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for first in range(0, sizes[-1], BATCH):
        some = arrivals(first, BATCH)
        entries = [one.entry for one in some]
        started = time.perf_counter()
        record_ballots(log.recorder, "shard", some)
        between = time.perf_counter()
        chain.extend(entries)
        theirs += time.perf_counter() - between
        ours += between - started
        size = first + BATCH
        if size in sizes:
            lengths, found["verify_us"][size] = log.proofs(size)
            found["entries_per_second"][size] = size / ours
            found["chain_entries_per_second"][size] = size / theirs
            found["proof_bytes"][size] = max(lengths)
            found["proof_bytes_mean"][size] = sum(lengths) / len(lengths)
            found["puts_per_vote"][size] = log.puts / size
        tick()
    return found


def arrivals(first: int, count: int) -> list[Arrival]:
    """Return ballots as the stream reports them; their commitments are not to real ballots."""
    return [
        Arrival(
            f"{number:040}",
            ballot_entry(_ELECTION, hashlib.sha256(number.to_bytes(8)).digest()),
        )
        for number in range(first, first + count)
    ]


def _best_us(work: Callable[[], object], times: int) -> float:
    """Return the microseconds per repetition of work that does ``times`` of them; best of five."""
    laps = []
    for _ in range(_LAPS):
        started = time.perf_counter()
        work()
        laps.append(time.perf_counter() - started)
    return min(laps) * 1e6 / times


def _now() -> datetime:
    return datetime(2027, 3, 1, tzinfo=UTC)
