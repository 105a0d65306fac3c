"""The journal: which entries the log has, in which order, and how duplicates are recognised.

The log is what its journal says; tiles and checkpoints follow from it. A batch takes the next
number, which can be taken only once, so there is one history however many write it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from civic.audit.model.tiles import bundle, unbundle
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import leaf_hash

SHARDS_KEPT_SECONDS = 3 * 24 * 3600
"""How long a shard's place is remembered; a stream drops its records after a day."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ballot that was added to the box, as the stream reports it.

    Attributes:
        number: Its sequence number in the shard, as 40 digits.
        election: The election.
        entry: The ballot's log entry.
    """

    number: str
    election: ElectionId
    entry: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """How much of a shard of the ballots' stream has been logged.

    Attributes:
        last: Sequence number of its last logged record, as 40 digits.
        at: When that was logged, in seconds since 1970 UTC.
    """

    last: str
    at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that were added to the log together.

    Attributes:
        number: Its number, from 1.
        first: How many entries precede it.
        entries: The entries.
        shards: How much of each shard of the ballots' stream has been logged by then.
        ballots: How many ballots of each election not yet certified are in the log by then.
    """

    number: int = 0
    first: int = 0
    entries: tuple[bytes, ...] = ()
    shards: Mapping[str, Place] = field(default_factory=dict)
    ballots: Mapping[ElectionId, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many entries the log has, including these."""
        return self.first + len(self.entries)

    def dump(self) -> bytes:
        """Return the batch as bytes: a line of JSON, then the entries as a bundle."""
        head = {
            "number": self.number,
            "first": self.first,
            "shards": {shard: [place.last, place.at] for shard, place in self.shards.items()},
            "ballots": self.ballots,
        }
        return json.dumps(head, separators=(",", ":")).encode() + b"\n" + bundle(self.entries)

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Return the batch that `dump` wrote."""
        line, _, entries = content.partition(b"\n")
        head = json.loads(line)
        return cls(
            head["number"],
            head["first"],
            tuple(unbundle(entries)),
            {shard: Place(last, at) for shard, (last, at) in head["shards"].items()},
            {ElectionId(election): count for election, count in head["ballots"].items()},
        )

    def after(
        self,
        entries: Sequence[bytes],
        *,
        shards: Mapping[str, Place] | None = None,
        ballots: Iterable[tuple[ElectionId, int]] = (),
        certified: Iterable[ElectionId] = (),
    ) -> Self:
        """Return the next batch.

        Args:
            entries: What it adds.
            shards: The new places of shards that have moved on.
            ballots: How many ballots it adds for each election.
            certified: Elections whose count is final, so that counting their ballots can stop.
        """
        places = {**self.shards, **(shards or {})}
        newest = max((place.at for place in places.values()), default=0)
        counts = dict(self.ballots)
        for election, more in ballots:
            counts[election] = counts.get(election, 0) + more
        for election in certified:
            counts.pop(election, None)
        return type(self)(
            self.number + 1,
            self.size,
            tuple(entries),
            {
                shard: place
                for shard, place in places.items()
                if place.at > newest - SHARDS_KEPT_SECONDS
            },
            counts,
        )


def shuffled(entries: Iterable[bytes]) -> list[bytes]:
    """Return entries in an order that does not show when each was made.

    They are sorted by their leaf hashes read backwards, so the beginnings of the leaf hashes remain
    evenly spread over each stretch of the log, as the leaf index requires.
    """
    return sorted(entries, key=lambda entry: leaf_hash(entry)[::-1])
