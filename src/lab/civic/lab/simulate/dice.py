"""Repeatable chance: the same seed, the same election."""

import random
from collections.abc import MutableSequence


class Dice:
    """Everything that is left to chance in a simulation, from one seed."""

    def __init__(self, seed: int) -> None:
        """Start from ``seed``."""
        # A simulation has to be repeatable; nothing here protects anybody.
        self._random = random.Random(seed)  # noqa: S311

    def falls(self, share: float) -> bool:
        """Return True for a share of the calls."""
        return self._random.random() < share

    def below(self, bound: int) -> int:
        """Return a number from 0 to below ``bound``."""
        return int(self._random.random() * bound)

    def shuffle(self, sequence: MutableSequence[int]) -> None:
        """Put a sequence into any order."""
        self._random.shuffle(sequence)

    def bytes(self, size: int) -> bytes:
        """Return random bytes."""
        return self._random.randbytes(size)
