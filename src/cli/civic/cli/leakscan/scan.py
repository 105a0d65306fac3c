"""Looks for markers in places, and says where they are without repeating them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from civic.cli.leakscan.matcher import Matcher
from civic.cli.leakscan.places import Place

WITHHELD = "(a marker)"
"""What stands for a name that holds a marker."""


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """Which marker was found where; its name, for its value is what must not be repeated."""

    marker: str
    kind: str
    place: str
    at: str = ""

    def __str__(self) -> str:
        """Say it in a line."""
        where = f"{self.kind} {self.place}"
        return f"{self.marker} in {where}: {self.at}" if self.at else f"{self.marker} in {where}"


@dataclass(frozen=True, slots=True)
class Looked:
    """One place that was looked through."""

    kind: str
    place: str
    size: int
    leaks: frozenset[Leak]

    @property
    def markers(self) -> int:
        """How many different markers were found."""
        return len({leak.marker for leak in self.leaks})


def contents_before(places: Iterable[Place]) -> frozenset[bytes]:
    """Return what steady places hold, as digests: it cannot hold a marker that is made later."""
    return frozenset(
        _digest(piece.content) for place in places if place.steady for piece in place.read()
    )


class Scanner:
    """Looks through places for the same markers; the same content is looked through once."""

    def __init__(self, markers: Mapping[str, str], before: Iterable[bytes] = ()) -> None:
        """Look for ``markers``, by name; pass over what ``contents_before`` returned.

        Raises:
            ValueError: A marker is too short.
        """
        self._matcher = Matcher(markers)
        self._seen: dict[bytes, frozenset[str]] = dict.fromkeys(before, frozenset())

    def look(self, place: Place, advance: Callable[[int], None] = lambda _: None) -> Looked:
        """Look through a place.

        Args:
            place: The place.
            advance: Is told how many bytes were looked through, again and again.
        """
        name = self._harmless(place.name)
        leaks = {Leak(marker, place.kind, name) for marker in self.find(place.name.encode())}
        size = 0
        for piece in place.read():
            found = self.find(piece.content)
            at = self._harmless(piece.at) if found else ""
            leaks |= {Leak(marker, place.kind, name, at) for marker in found}
            size += len(piece.content)
            advance(len(piece.content))
        return Looked(place.kind, name, size, frozenset(leaks))

    def find(self, content: bytes) -> frozenset[str]:
        """Return the names of the markers that a content holds."""
        digest = _digest(content)
        if digest not in self._seen:
            self._seen[digest] = frozenset(self._matcher.find(content))
        return self._seen[digest]

    def _harmless(self, name: str) -> str:
        return WITHHELD if self.find(name.encode(errors="surrogateescape")) else name


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
