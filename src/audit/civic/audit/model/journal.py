"""The journal: which entries the log has, in which order, and of which it knows that it has them.

The log is what its journal says; tiles and checkpoints follow from it. A batch takes the next
number, which can be taken only once, so there is one history whoever writes it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from civic.audit.model.tiles import bundle, unbundle
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import leaf_hash

SHARDS_KEPT_SECONDS = 3 * 24 * 3600
"""How long a shard's place is remembered; a stream forgets its records after a day."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ballot that came into the box, as the stream tells it.

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
    """How far a shard of the ballots' stream is in the log.

    Attributes:
        last: Sequence number of its last logged record, as 40 digits.
        at: When that was, in seconds since 1970 UTC.
    """

    last: str
    at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that came into the log together.

    Attributes:
        number: Counts the batches from 1.
        first: How many entries there were before.
        entries: The entries.
        shards: How far each shard of the ballots' stream is in the log now.
        ballots: How many ballots of each election that is not certified are in the log now.
    """

    number: int = 0
    first: int = 0
    entries: tuple[bytes, ...] = ()
    shards: Mapping[str, Place] = field(default_factory=dict)
    ballots: Mapping[ElectionId, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many entries there are with these."""
        return self.first + len(self.entries)

    def dump(self) -> bytes:
        """Return the batch: a line of JSON, and the entries as a bundle."""
        head = {
            "number": self.number,
            "first": self.first,
            "shards": {shard: [place.last, place.at] for shard, place in self.shards.items()},
            "ballots": self.ballots,
        }
        return json.dumps(head, separators=(",", ":")).encode() + b"\n" + bundle(self.entries)

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Return what `dump` wrote."""
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
            shards: Shards whose place has moved.
            ballots: How many ballots of which election it adds.
            certified: Elections whose count is final, of which nothing need be counted any more.
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
    """Return entries in an order that says nothing of when each was made.

    It is that of their leaf hashes read backwards, so that a stretch of the log has leaves of every
    beginning, evenly, as those who look leaves up rely on.
    """
    return sorted(entries, key=lambda entry: leaf_hash(entry)[::-1])
