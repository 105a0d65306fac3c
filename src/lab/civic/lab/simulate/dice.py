"""Repeatable chance: the same seed gives the same election."""

import random
from collections.abc import MutableSequence


class Dice:
    """Decides everything that is left to chance in a simulation, from one seed."""

    def __init__(self, seed: int) -> None:
        """Start from ``seed``."""
        # A simulation must be repeatable; this randomness protects nobody.
        self._random = random.Random(seed)  # noqa: S311

    def falls(self, share: float) -> bool:
        """Return True in this share of the calls."""
        return self._random.random() < share

    def below(self, bound: int) -> int:
        """Return a whole number from 0 up to, but not including, ``bound``."""
        return int(self._random.random() * bound)

    def shuffle(self, sequence: MutableSequence[int]) -> None:
        """Shuffle a sequence in place."""
        self._random.shuffle(sequence)

    def bytes(self, size: int) -> bytes:
        """Return random bytes."""
        return self._random.randbytes(size)
