"""A log that grows on one core, through the real recorder and publisher in memory."""

import hashlib
import random
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from civic.audit.model.journal import Arrival, Batch
from civic.audit.model.merkle import inclusion_proof
from civic.audit.model.tiles import WIDTH, Published, hashes_of, range_roots, tile_path, tile_width
from civic.audit.ports import Head
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.recording import Recorder, record_ballots
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import ballot_entry
from civic.lab.bench.audit_chain import Chain
from civic.lab.memory.audit import MemoryHeads, MemoryJournal, MemoryLogSigner, MemoryShelf
from civic.lab.memory.bus import MemoryBus
from civic.verifier.merkle import verify_inclusion

BATCH = 10_000
"""Ballots that come into the log at once: the most that Lambda hands over."""

SAMPLE = 1_000
"""Leaves that are proved at each size."""

_LAPS = 5
_ELECTION = ElectionId("0123456789ab")


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured once the log had a size.

    Attributes:
        size: Entries.
        entries_per_second: Over all of them.
        chain_entries_per_second: The same of the chain, in turns with ours.
        proof_bytes: Of the longest inclusion proof of the sample.
        proof_bytes_mean: On average.
        verify_us: Microseconds to verify one.
        puts_per_vote: Objects that were created or replaced, per entry so far.
    """

    size: int
    entries_per_second: float
    chain_entries_per_second: float
    proof_bytes: int
    proof_bytes_mean: float
    verify_us: float
    puts_per_vote: float


class CountedJournal(MemoryJournal):
    """Counts what is written, and keeps no more than is read again: the newest batch."""

    def __init__(self) -> None:
        """Start without any."""
        super().__init__()
        self.puts = 0

    def append(self, batch: Batch) -> None:
        """Add a batch."""
        self.puts += 1
        self._batches = [batch.dump()]


class CountedShelf(MemoryShelf):
    """Counts what is created; full bundles, which nothing reads again here, are not kept."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.puts = 0

    def put(self, objects: Iterable[Published]) -> None:
        """Put objects."""
        given = list(objects)
        self.puts += len(given)
        super().put(one for one in given if not one.path.startswith("tile/entries/"))


class CountedHeads(MemoryHeads):
    """Counts how often the newest checkpoint is replaced."""

    def __init__(self) -> None:
        """Start without one."""
        super().__init__()
        self.puts = 0

    def replace(self, before: Head | None, note: bytes) -> Head:
        """Put another in its place."""
        self.puts += 1
        return super().replace(before, note)


@dataclass
class GrowingLog:
    """A log with one writer."""

    journal: CountedJournal = field(default_factory=CountedJournal)
    shelf: CountedShelf = field(default_factory=CountedShelf)
    index: CountedShelf = field(default_factory=CountedShelf)
    heads: CountedHeads = field(default_factory=CountedHeads)

    @property
    def puts(self) -> int:
        """How many objects were created or replaced."""
        return self.journal.puts + self.shelf.puts + self.index.puts + self.heads.puts

    def recorder(self) -> Recorder:
        """Return its writer."""
        publisher = Publisher(
            origin="civic.example/bench",
            journal=self.journal,
            shelf=self.shelf,
            index=self.index,
            heads=self.heads,
            signer=MemoryLogSigner(bytes(32)),
            events=MemoryBus(),
            clock=_now,
        )
        return Recorder(self.journal, publisher, Lookup(self.shelf, self.index, self.heads), _now)

    def leaf(self, index: int, size: int) -> bytes:
        """Return a leaf from the tile that it stands in."""
        number, at = divmod(index, WIDTH)
        return hashes_of(self.shelf.read(tile_path(0, number, tile_width(size, 0, number))))[at]

    def root(self, size: int) -> bytes:
        """Return the root that was signed at a size."""
        return b64decode(self.shelf.read(f"checkpoints/{size}").split(b"\n")[2])


def grow(sizes: Sequence[int], tick: Callable[[], None]) -> list[Growth]:
    """Grow a log and a chain, and measure both at each of some sizes.

    Args:
        sizes: Ascending, each a multiple of `BATCH`.
        tick: Called after each batch.
    """
    log, chain = GrowingLog(), Chain()
    recorder = log.recorder()
    ours = theirs = 0.0
    found = []
    for first in range(0, sizes[-1], BATCH):
        some = arrivals(first, BATCH)
        entries = [one.entry for one in some]
        started = time.perf_counter()
        record_ballots(recorder, "shard", some)
        between = time.perf_counter()
        chain.extend(entries)
        theirs += time.perf_counter() - between
        ours += between - started
        size = first + BATCH
        if size in sizes:
            lengths, verify_us = _proofs(log, size)
            found.append(
                Growth(
                    size=size,
                    entries_per_second=size / ours,
                    chain_entries_per_second=size / theirs,
                    proof_bytes=max(lengths),
                    proof_bytes_mean=sum(lengths) / len(lengths),
                    verify_us=verify_us,
                    puts_per_vote=log.puts / size,
                )
            )
        tick()
    return found


def arrivals(first: int, count: int) -> list[Arrival]:
    """Return ballots as the stream tells them; their commitments stand for no real ballots."""
    return [
        Arrival(
            f"{number:040}",
            _ELECTION,
            ballot_entry(_ELECTION, hashlib.sha256(number.to_bytes(8)).digest()),
        )
        for number in range(first, first + count)
    ]


def _proofs(log: GrowingLog, size: int) -> tuple[list[int], float]:
    """Return the bytes of a sample of proofs, and the microseconds to verify one of them."""
    # A sample has to be repeatable; nothing here protects anybody.
    chosen = random.Random(size).sample(range(size), min(size, SAMPLE))  # noqa: S311
    root, roots = log.root(size), range_roots(size, log.shelf.read)
    proofs = [
        (log.leaf(index, size), index, inclusion_proof(index, size, roots)) for index in chosen
    ]
    laps = []
    for _ in range(_LAPS):
        started = time.perf_counter()
        for leaf, index, proof in proofs:
            verify_inclusion(leaf, index, size, proof, root)
        laps.append(time.perf_counter() - started)
    return [sum(map(len, proof)) for *_, proof in proofs], min(laps) * 1e6 / len(proofs)


def _now() -> datetime:
    return datetime(2027, 3, 1, tzinfo=UTC)
