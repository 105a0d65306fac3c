"""Who votes, for whom, and who tries it twice: an electorate in any order, from one seed."""

from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from civic.lab.simulate.country import CHOICES, Cell
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.electorate import StateVote

_LATEST = 20
"""How many rounds later somebody may try again."""


@dataclass(frozen=True, slots=True)
class Attempt[V]:
    """Somebody votes once more.

    Attributes:
        voter: The same credential or posted code as the first time.
        cell: State and choice, perhaps another.
        first: State and choice of the first time.
        receipt: Of the first time.
    """

    voter: V
    cell: Cell
    first: Cell
    receipt: str


def shuffled(states: tuple[StateVote, ...], dice: Dice) -> "array[int]":
    """Return the choice of every voter, in any order."""
    cells = array("H")
    for row, state in enumerate(states):
        for choice, votes in enumerate(state.votes):
            cells.extend(array("H", [row * CHOICES + choice]) * votes)
    dice.shuffle(cells)
    return cells


class Repeaters[V]:
    """Those who vote twice: half at once, half later; half of all for somebody else."""

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
        """Return the attempts that no round has come for."""
        for attempts in self._due.values():
            yield from attempts
        self._due.clear()
