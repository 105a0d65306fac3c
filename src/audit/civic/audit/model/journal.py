"""The journal: which entries the log has, in which order, and how duplicates are recognised.

The log is what its journal says; tiles and checkpoints follow from it. A batch takes the next
number, which can be taken only once, so there is one history however many write it.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from civic.audit.model.succession import Succession
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
        entry: The ballot's log entry.
    """

    number: str
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
        certified: To which audiences each certified election is opened by then.
        unread: How many batches, the first ones, have not been searched for certified elections.
            Batches of the releases that did not keep these are as if none had been.
        aside: What arrived and must not be in the log: ballots of certified elections, and rows of
            the box that are no ballots. The journal keeps them for whoever investigates.
    """

    number: int = 0
    first: int = 0
    entries: tuple[bytes, ...] = ()
    shards: Mapping[str, Place] = field(default_factory=dict)
    ballots: Mapping[ElectionId, int] = field(default_factory=dict)
    certified: Mapping[ElectionId, frozenset[str]] = field(default_factory=dict)
    unread: int = 0
    aside: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """How many entries the log has, including these."""
        return self.first + len(self.entries)

    def dump(self) -> bytes:
        """Return the batch as bytes: a line of JSON, then the entries as a bundle."""
        head: dict[str, Any] = {
            "number": self.number,
            "first": self.first,
            "shards": {shard: [place.last, place.at] for shard, place in self.shards.items()},
            "ballots": self.ballots,
            "certified": {election: sorted(to) for election, to in self.certified.items()},
        }
        if self.unread:
            head["unread"] = self.unread
        if self.aside:
            head["aside"] = [b64encode(one).decode() for one in self.aside]
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
            {ElectionId(one): frozenset(to) for one, to in head.get("certified", {}).items()},
            head.get("unread", 0) if "certified" in head else head["number"],
            tuple(map(b64decode, head.get("aside", ()))),
        )

    def succession(self) -> Succession:
        """Return what may follow in the log."""
        return Succession(self.ballots, self.certified)

    def after(
        self,
        entries: Sequence[bytes],
        follows: Succession | None = None,
        *,
        shards: Mapping[str, Place] | None = None,
        aside: Iterable[bytes] = (),
        unread: int = 0,
    ) -> Self:
        """Return the next batch.

        Args:
            entries: What it adds.
            follows: Where the log is with these entries; where it was, if they change nothing.
            shards: The new places of shards that have moved on.
            aside: What arrived and is not added.
            unread: How many of the first batches are still to be searched.
        """
        places = {**self.shards, **(shards or {})}
        newest = max((place.at for place in places.values()), default=0)
        reached = follows or self.succession()
        return type(self)(
            self.number + 1,
            self.size,
            tuple(entries),
            {
                shard: place
                for shard, place in places.items()
                if place.at > newest - SHARDS_KEPT_SECONDS
            },
            reached.ballots,
            reached.certified,
            unread,
            tuple(aside),
        )


def shuffled(entries: Iterable[bytes]) -> list[bytes]:
    """Return entries in an order that does not show when each was made.

    They are sorted by their leaf hashes read backwards, so the beginnings of the leaf hashes remain
    evenly spread over each stretch of the log, as the leaf index requires.
    """
    return sorted(entries, key=lambda entry: leaf_hash(entry)[::-1])
