"""Searches places for markers, and reports where they are without repeating them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from civic.lab.leakscan.matcher import Matcher
from civic.lab.leakscan.places import Piece, Place

WITHHELD = "(a marker)"
"""Replaces a name that holds a marker."""


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """A marker, by its name, and where it was found; its value must not be repeated."""

    marker: str
    kind: str
    place: str
    at: str = ""

    def __str__(self) -> str:
        """Return a line about it."""
        where = f"{self.kind} {self.place}"
        return f"{self.marker} in {where}: {self.at}" if self.at else f"{self.marker} in {where}"


@dataclass(frozen=True, slots=True)
class Looked:
    """One place that was scanned."""

    kind: str
    place: str
    size: int
    leaks: frozenset[Leak]

    @property
    def markers(self) -> int:
        """The number of different markers found."""
        return len({leak.marker for leak in self.leaks})


def contents_before(places: Iterable[Place]) -> frozenset[bytes]:
    """Return digests of what steady places hold, which cannot hold markers made later."""
    found = set[bytes]()
    for place in places:
        for piece in place.read() if place.steady else ():
            if piece.version is None or piece.version not in found:
                found.add(_digest(piece.content))
            if piece.version is not None:
                found.add(piece.version)
    return frozenset(found)


class Scanner:
    """Searches places for the same markers, and the same content only once.

    A file that has not changed, as its version shows, is not even read again.
    """

    def __init__(self, markers: Mapping[str, str], before: Iterable[bytes] = ()) -> None:
        """Search for ``markers``, by name; skip what ``contents_before`` returned.

        Raises:
            ValueError: A marker is too short.
        """
        self._matcher = Matcher(markers)
        self._seen: dict[bytes | None, frozenset[str]] = dict.fromkeys(before, frozenset())

    def look(self, place: Place, advance: Callable[[int], None] = lambda _: None) -> Looked:
        """Scan a place.

        Args:
            place: The place.
            advance: Called with the size of each piece that was scanned.
        """
        name = self._harmless(place.name)
        leaks = {Leak(marker, place.kind, name) for marker in self.find(place.name.encode())}
        size = 0
        for piece in place.read():
            found, length = self._look_at(piece)
            at = self._harmless(piece.at) if found else ""
            leaks |= {Leak(marker, place.kind, name, at) for marker in found}
            size += length
            advance(length)
        return Looked(place.kind, name, size, frozenset(leaks))

    def _look_at(self, piece: Piece) -> tuple[frozenset[str], int]:
        """Return the names of the markers that a piece holds, and its size."""
        if piece.version in self._seen:
            return self._seen[piece.version], piece.known_size
        content = piece.content
        found = self.find(content)
        if piece.version is not None:
            self._seen[piece.version] = found
        return found, len(content)

    def find(self, content: bytes) -> frozenset[str]:
        """Return the names of the markers that the content holds."""
        digest = _digest(content)
        if digest not in self._seen:
            self._seen[digest] = frozenset(self._matcher.find(content))
        return self._seen[digest]

    def _harmless(self, name: str) -> str:
        return WITHHELD if self.find(name.encode(errors="surrogateescape")) else name


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
