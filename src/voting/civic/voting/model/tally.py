"""Counts of ballots, and the part of them that one shard of the ballots' stream has seen."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from civic.contracts.identifiers import StyleId
from civic.voting.model.ballot import Ballot

WRITE_INS = "write_ins"
"""The option id under which a contest's write-ins are counted, whatever names voters wrote."""

BALLOTS = "ballots"
"""Takes the place of a contest when the ballots themselves are counted."""


@dataclass(slots=True)
class Counts:
    """How often each option was selected, by ballot style and contest."""

    cells: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By style, contest and option; a style's ballots are under (style, BALLOTS, "")."""

    def add(self, ballot: Ballot) -> None:
        """Count one ballot."""
        cells, style = self.cells, ballot.style
        cells[style, BALLOTS, ""] += 1
        for contest, chosen in ballot.selections.items():
            for option in chosen:
                cells[style, contest, option] += 1
        for contest, names in ballot.write_ins.items():
            cells[style, contest, WRITE_INS] += len(names)

    def __iadd__(self, other: Self) -> Self:
        """Add what was counted elsewhere."""
        self.cells.update(other.cells)
        return self

    def copy(self) -> "Counts":
        """Return counts that may be added to without changing these."""
        return Counts(self.cells.copy())

    @property
    def ballots(self) -> int:
        """The number of all ballots."""
        return sum(count for (_, contest, _), count in self.cells.items() if contest == BALLOTS)

    def of(self, style: StyleId, contest: str, option: str) -> int:
        """Return one count."""
        return self.cells[style, contest, option]

    def ballots_of(self, style: StyleId) -> int:
        """Return the number of ballots of one style."""
        return self.cells[style, BALLOTS, ""]

    def dump(self) -> str:
        """Return the counts as JSON, by style, contest and option."""
        nested: dict[str, dict[str, dict[str, int]]] = {}
        for (style, contest, option), count in sorted(self.cells.items()):
            nested.setdefault(style, {}).setdefault(contest, {})[option] = count
        return json.dumps(nested, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Self:
        """Return what `dump` wrote."""
        nested: Mapping[str, Mapping[str, Mapping[str, int]]] = json.loads(text)
        return cls(
            Counter(
                {
                    (style, contest, option): count
                    for style, contests in nested.items()
                    for contest, options in contests.items()
                    for option, count in options.items()
                }
            )
        )


def counted(ballots: Iterable[Ballot]) -> Counts:
    """Return the counts of some ballots."""
    counts = Counts()
    for ballot in ballots:
        counts.add(ballot)
    return counts


@dataclass(frozen=True, slots=True)
class ShardTally:
    """What one shard of the ballots' stream has added to an election.

    Attributes:
        last: The sequence number of the last stream record that is counted, as 40 digits.
        revision: Counts the writes of this item, from 1.
        counts: The counts of all ballots up to that record.
    """

    last: str
    revision: int
    counts: Counts


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """A ballot that came into the box, as the stream reports it.

    Attributes:
        number: Its sequence number in the shard, in decimal digits.
        ballot: The ballot.
    """

    number: str
    ballot: Ballot


def sequence(number: str) -> str:
    """Return a stream sequence number as text that sorts as the number does.

    DynamoDB gives them as up to 40 decimal digits; its own number type holds 38.
    """
    return number.zfill(40)
