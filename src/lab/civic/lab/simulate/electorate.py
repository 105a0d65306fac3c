"""The US presidential vote of 2016 by state, in full and scaled; the data names its source."""

import csv
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Final

CANDIDATES: Final = (
    "Hillary Clinton",
    "Donald Trump",
    "Gary Johnson",
    "Jill Stein",
    "Evan McMullin",
)
"""The candidates that are counted separately; everybody else is a write-in."""

_COLUMNS = ("clinton", "trump", "johnson", "stein", "mcmullin", "other")


@dataclass(frozen=True, slots=True)
class StateVote:
    """The popular vote of one state, or of the District of Columbia.

    Attributes:
        state: Its postal abbreviation.
        name: Its name.
        votes: One number per candidate in the order of `CANDIDATES`, then one for all others.
    """

    state: str
    name: str
    votes: tuple[int, ...]

    @property
    def total(self) -> int:
        """The number of voters."""
        return sum(self.votes)


@cache
def official() -> tuple[StateVote, ...]:
    """Return the certified results, ordered by the name of the state.

    Raises:
        ValueError: The votes of a state do not add up to its total, so the file is damaged.
    """
    text = (files("civic.lab.simulate") / "president-2016.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_state(row) for row in rows)


def _state(row: dict[str, str]) -> StateVote:
    state = StateVote(row["state"], row["name"], tuple(int(row[one]) for one in _COLUMNS))
    if state.total != int(row["total"]):
        raise ValueError(f"the votes of {state.name} do not add up to its total")
    return state


def voters_of(states: tuple[StateVote, ...]) -> int:
    """Return how many people voted in the given states together."""
    return sum(state.total for state in states)


def scaled(fraction: Fraction) -> tuple[StateVote, ...]:
    """Return the election at a fraction of its size: 1/100 has 1,366,692 voters."""
    return apportioned(int(voters_of(official()) * fraction))


def apportioned(voters: int) -> tuple[StateVote, ...]:
    """Return the election with exactly this number of voters.

    Each state's votes for each candidate are scaled by the method of largest remainders
    (Hamilton's), so that none is off by a whole vote. Ties go in the order of the file.
    """
    states = official()
    everybody = voters_of(states)
    shares = [divmod(votes * voters, everybody) for state in states for votes in state.votes]
    counts = [whole for whole, _ in shares]
    by_remainder = sorted(range(len(shares)), key=lambda cell: (-shares[cell][1], cell))
    for cell in by_remainder[: voters - sum(counts)]:
        counts[cell] += 1
    width = len(_COLUMNS)
    return tuple(
        StateVote(state.state, state.name, tuple(counts[row * width : (row + 1) * width]))
        for row, state in enumerate(states)
    )
