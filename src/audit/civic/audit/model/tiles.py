"""Tiles and entry bundles of a log (C2SP tlog-tiles): paths, contents, and how a tree grows.

Appending to a tree needs only its right edge: the incomplete tile of each level.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from civic.audit.errors import LogBroken
from civic.audit.model.merkle import EMPTY_ROOT, HASH_BYTES, RangeRoot, node, perfect_root, split
from civic.contracts.log_entries import leaf_hash

WIDTH = 256
"""The number of hashes in a full tile, and of entries in a full bundle."""

MAX_ENTRY = 0xFFFF
"""The most bytes in an entry, whose length is written in two bytes."""

ENTRIES = "entries"

type Read = Callable[[str], bytes]
"""Returns the content of a published object by its path, or raises ``NotLogged``."""


@dataclass(frozen=True, slots=True)
class Published:
    """An object of the log that never changes.

    Attributes:
        path: Below the log's prefix.
        content: All of it.
    """

    path: str
    content: bytes


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile, or of a bundle if ``level`` is ``entries``."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def tile_width(size: int, level: int, index: int) -> int:
    """Return how many hashes a tile has in a tree of that size."""
    return min(WIDTH, (size >> 8 * level) - index * WIDTH)


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as one bundle."""
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def unbundle(content: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        LogBroken: It ends in the middle of one.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2])
        if end > len(content):
            raise LogBroken("a bundle ends in the middle of an entry")
        entries.append(content[at + 2 : end])
        at = end
    return entries


def hashes_of(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree.

    Attributes:
        size: Entries of the tree.
        levels: The hashes of the incomplete tile of each level, from the leaves up.
        entries: The entries of the incomplete bundle.
    """

    size: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ()
    entries: tuple[bytes, ...] = ()

    @classmethod
    def load(cls, size: int, read: Read) -> Self:
        """Return the edge of a published tree.

        Raises:
            LogBroken: A tile does not have as many hashes as it must.
        """
        levels = []
        level = 0
        while size >> 8 * level:
            index, width = divmod(size >> 8 * level, WIDTH)
            tile = read(tile_path(level, index, width)) if width else b""
            if len(tile) != width * HASH_BYTES:
                raise LogBroken("a tile is not as long as its name says")
            levels.append(tuple(hashes_of(tile)))
            level += 1
        index, width = divmod(size, WIDTH)
        content = read(tile_path(ENTRIES, index, width)) if width else b""
        return cls(size, tuple(levels), tuple(unbundle(content)))

    def grown(self, entries: Sequence[bytes]) -> tuple[Self, list[Published]]:
        """Return the edge after appending entries, and the tiles and bundles they complete."""
        levels = [list(level) for level in self.levels]
        tail, size = list(self.entries), self.size
        complete: list[Published] = []
        for entry in entries:
            if len(entry) > MAX_ENTRY:
                raise ValueError("an entry is too long")
            tail.append(entry)
            size += 1
            if len(tail) == WIDTH:
                complete.append(Published(tile_path(ENTRIES, size // WIDTH - 1), bundle(tail)))
                tail = []
            _add(levels, 0, leaf_hash(entry), size, complete)
        return type(self)(size, tuple(map(tuple, levels)), tuple(tail)), complete

    def partial(self) -> list[Published]:
        """Return the incomplete tiles and the incomplete bundle, as they are to be published."""
        objects = [
            Published(
                tile_path(level, (self.size >> 8 * level) // WIDTH, len(hashes)), b"".join(hashes)
            )
            for level, hashes in enumerate(self.levels)
            if hashes
        ]
        if self.entries:
            path = tile_path(ENTRIES, self.size // WIDTH, len(self.entries))
            objects.append(Published(path, bundle(self.entries)))
        return objects

    def root(self) -> bytes:
        """Return the root of the tree (RFC 6962 section 2.1)."""
        if not self.size:
            return EMPTY_ROOT
        root = b""
        # The perfect subtrees from right to left: level by level, the smallest first.
        for hashes in self.levels:
            end = len(hashes)
            while end:
                width = end & -end
                peak = perfect_root(hashes[end - width : end])
                root = node(peak, root) if root else peak
                end -= width
        return root


def _add(
    levels: list[list[bytes]], level: int, added: bytes, size: int, complete: list[Published]
) -> None:
    if level == len(levels):
        levels.append([])
    hashes = levels[level]
    hashes.append(added)
    if len(hashes) == WIDTH:
        path = tile_path(level, (size >> 8 * (level + 1)) - 1)
        complete.append(Published(path, b"".join(hashes)))
        above = perfect_root(hashes)
        levels[level] = []
        _add(levels, level + 1, above, size, complete)


def range_roots(size: int, read: Read) -> RangeRoot:
    """Return a function that finds roots of ranges of a published tree from its tiles.

    It handles the ranges that proofs need: the left side of a subtree, or all to its right.
    """
    kept: dict[str, list[bytes]] = {}

    def tile(level: int, index: int) -> list[bytes]:
        path = tile_path(level, index, tile_width(size, level, index))
        if path not in kept:
            kept[path] = hashes_of(read(path))
        return kept[path]

    def root(first: int, last: int) -> bytes:
        width = last - first
        if width & (width - 1):
            middle = first + split(width)
            return node(root(first, middle), root(middle, last))
        level = (width.bit_length() - 1) // 8
        index, start = divmod(first >> 8 * level, WIDTH)
        hashes = tile(level, index)[start : start + (width >> 8 * level)]
        if len(hashes) != width >> 8 * level:
            raise LogBroken("a tile is not as long as its name says")
        return perfect_root(hashes)

    return root
