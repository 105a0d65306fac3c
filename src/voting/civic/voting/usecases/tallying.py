"""The tally: every ballot that came into the box is counted exactly once.

The ballots' stream is split into shards; within one, records are in order and carry increasing
sequence numbers, and they come to one function at a time. So for each shard and election one item
holds the counts *and* the sequence number up to which they count, and one conditional write updates
both:

- a batch delivered again, whole, halved (bisect) or cut otherwise, meets the sequence number and
  adds only what is new;
- an invocation that was given up for dead but still runs fails the condition, reads again and finds
  that nothing is left to add;
- when shards split or merge, children begin after their parents and get items of their own; the
  parents' items stay as they are, and the result is the sum of all.
"""

from collections.abc import Sequence

from civic.contracts.identifiers import ElectionId
from civic.voting.errors import TallyMoved
from civic.voting.model.tally import Arrival, Counts, ShardTally, counted, sequence
from civic.voting.ports import SnapshotRequests, TallyStore

_ATTEMPTS = 5


class Teller:
    """Adds arrivals to the tally; remembers what it wrote last to save reading it."""

    def __init__(self, store: TallyStore, snapshots: SnapshotRequests) -> None:
        """Count into ``store`` and ask ``snapshots`` for new results."""
        self._store = store
        self._snapshots = snapshots
        self._written: dict[tuple[ElectionId, str], ShardTally | None] = {}

    def tally(self, shard: str, arrivals: Sequence[Arrival]) -> int:
        """Count what is new among some arrivals of one shard.

        Returns:
            How many ballots were new.

        Raises:
            TallyMoved: Others wrote the same shard again and again; deliver the batch again.
        """
        by_election: dict[ElectionId, list[Arrival]] = {}
        for arrival in arrivals:
            by_election.setdefault(arrival.ballot.election, []).append(arrival)
        new = 0
        for election, some in by_election.items():
            new += self._add(election, shard, some)
            # Even when nothing was new: the previous invocation may have ended before it asked.
            self._snapshots.ask(election)
        return new

    def _add(self, election: ElectionId, shard: str, arrivals: list[Arrival]) -> int:
        place = election, shard
        for _ in range(_ATTEMPTS):
            if place not in self._written:
                self._written[place] = self._store.read(election, shard)
            before = self._written[place]
            new = _after(before, arrivals)
            if not new:
                return 0
            tally = _with(before, new)
            try:
                self._store.write(election, shard, tally)
            except TallyMoved:
                del self._written[place]
            except Exception:
                # It may or may not have been written.
                del self._written[place]
                raise
            else:
                self._written[place] = tally
                return len(new)
        raise TallyMoved("the shard's tally is being written by others")


def _after(before: ShardTally | None, arrivals: list[Arrival]) -> list[Arrival]:
    """Return the arrivals that are not counted yet, each once."""
    last = before.last if before else ""
    new = {sequence(one.number): one for one in arrivals if sequence(one.number) > last}
    return [new[number] for number in sorted(new)]


def _with(before: ShardTally | None, new: list[Arrival]) -> ShardTally:
    counts = before.counts.copy() if before else Counts()
    counts += counted(one.ballot for one in new)
    return ShardTally(
        last=sequence(new[-1].number),
        revision=before.revision + 1 if before else 1,
        counts=counts,
    )


def total(store: TallyStore, election: ElectionId) -> tuple[Counts, int]:
    """Return the counts over all shards, and a version that grows with each of their writes."""
    counts, version = Counts(), 0
    for shard in store.every(election):
        counts += shard.counts
        version += shard.revision
    return counts, version
