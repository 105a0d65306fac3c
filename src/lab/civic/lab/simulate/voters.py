"""Who votes for whom, in which order, and who tries twice, all from one seed."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from civic.lab.simulate.country import CHOICES, Cell
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.electorate import StateVote

_LATEST = 20
"""How many rounds later a voter may try again at most."""


@dataclass(frozen=True, slots=True)
class Attempt[V]:
    """A voter's second attempt to vote.

    Attributes:
        voter: The same credential or posted code as in the first attempt.
        cell: State and choice, which may be another.
        first: State and choice of the first attempt.
        receipt: Of the first attempt.
    """

    voter: V
    cell: Cell
    first: Cell
    receipt: str


def shuffled(states: tuple[StateVote, ...], dice: Dice) -> "array[int]":
    """Return the state and choice of every voter, in random order."""
    cells = array("H")
    for row, state in enumerate(states):
        for choice, votes in enumerate(state.votes):
            cells.extend(array("H", [row * CHOICES + choice]) * votes)
    dice.shuffle(cells)
    return cells


class Repeaters[V]:
    """Voters who vote twice: half of them at once, half later, and half for somebody else."""

    def __init__(self, dice: Dice, share: float) -> None:
        """Let a ``share`` of the voters try again."""
        self._dice = dice
        self._share = share
        self._due: defaultdict[int, list[Attempt[V]]] = defaultdict(list)

    def consider(self, round_: int, voter: V, cell: Cell, receipt: str) -> None:
        """Decide whether, when and how this voter tries again."""
        if not self._dice.falls(self._share):
            return
        again = cell
        if self._dice.falls(0.5):
            state, choice = divmod(cell, CHOICES)
            again = state * CHOICES + (choice + 1 + self._dice.below(CHOICES - 1)) % CHOICES
        later = 0 if self._dice.falls(0.5) else 1 + self._dice.below(_LATEST)
        self._due[round_ + later].append(Attempt(voter, again, cell, receipt))

    def due(self, round_: int) -> list[Attempt[V]]:
        """Return the attempts of a round."""
        return self._due.pop(round_, [])

    def left(self) -> Iterator[Attempt[V]]:
        """Yield the attempts whose round never came."""
        for attempts in self._due.values():
            yield from attempts
        self._due.clear()
