"""Tiles (https://c2sp.org/tlog-tiles): their paths, and the proofs that can be made from them.

A tile holds up to 256 hashes. Hash i of level L is the root of 256^L entries, so every perfect
subtree is the root of a part of one tile.
"""

from collections.abc import Callable, Iterator

from civic.verifier.errors import Missing, ObjectRefused, ProofRefused
from civic.verifier.merkle import HASH_BYTES, node_hash, root_of_hashes

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""

type Read = Callable[[str], bytes]
"""Returns the object at a path, or raises `Missing`."""

LEVELS = 8
"""Levels of the tree that one level of tiles covers: 2^8 is 256."""


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile of hashes."""
    return _path(f"tile/{level}", number, width)


def bundle_path(number: int, width: int = WIDTH) -> str:
    """Return the path of a bundle of entries."""
    return _path("tile/entries", number, width)


def full_path(path: str) -> str:
    """Return the path of the full tile or bundle that replaces a partial one."""
    return path.partition(".p/")[0]


def hashes_at(level: int, size: int) -> int:
    """Return how many hashes a level of tiles has at a tree size: those of complete ranges."""
    return size >> (LEVELS * level)


def widths(count: int) -> Iterator[tuple[int, int]]:
    """Yield the number and width of every tile or bundle that holds `count` hashes or entries."""
    for number in range(count // WIDTH):
        yield number, WIDTH
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


def read_tile(read: Read, level: int, number: int, width: int) -> tuple[str, bytes]:
    """Return the hashes of a tile, and the path they came from.

    A partial tile may be gone once there is a full one; then the full one is read instead.

    Raises:
        ObjectRefused: There is neither, or the tile does not have the length its path requires.
    """
    path = tile_path(level, number, width)
    try:
        raw, length = read(path), width * HASH_BYTES
    except Missing:
        if width == WIDTH:
            raise
        try:
            raw, length = read(full_path(path)), WIDTH * HASH_BYTES
        except Missing:
            raise Missing(path) from None
        path = full_path(path)
    if len(raw) != length:
        raise ObjectRefused(path, f"{len(raw)} bytes instead of {length}")
    return path, raw[: width * HASH_BYTES]


class TileTree:
    """The tree of one size, read from its tiles; nothing is verified until a proof is.

    Args:
        size: The number of entries.
        read: Returns a tile by its path.
    """

    def __init__(self, size: int, read: Read) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def perfect(self, height: int, number: int) -> bytes:
        """Return the root of the 2^height entries from ``number * 2^height`` on."""
        level, inside = divmod(height, LEVELS)
        first = number << inside
        tile = self._tile(level, first // WIDTH)
        start = first % WIDTH
        return root_of_hashes(
            tile[HASH_BYTES * place : HASH_BYTES * (place + 1)]
            for place in range(start, start + (1 << inside))
        )

    def root(self, first: int, end: int) -> bytes:
        """Return the root of a range that is a subtree, from `first` up to and without `end`."""
        count = end - first
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self.perfect(height, first >> height)
        middle = first + split(count)
        return node_hash(self.root(first, middle), self.root(middle, end))

    def _tile(self, level: int, number: int) -> bytes:
        if (level, number) not in self._tiles:
            width = min(WIDTH, hashes_at(level, self.size) - WIDTH * number)
            self._tiles[level, number] = read_tile(self._read, level, number, width)[1]
        return self._tiles[level, number]


def split(count: int) -> int:
    """Return the largest power of two smaller than a count above one (RFC 6962 section 2.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """Return the audit path of an entry (RFC 6962 section 2.1.1), made from tiles.

    Raises:
        ProofRefused: There is no such entry.
        ObjectRefused: A tile is missing or has the wrong length.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"the index {index} is not below the tree size {size}")
    tree = TileTree(size, read)
    return [tree.root(*sibling) for sibling in sibling_ranges(index, size)]


def sibling_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the ranges whose roots are the audit path of an entry, from its sibling upwards."""
    siblings = []
    first, end = 0, size
    while end - first > 1:
        middle = first + split(end - first)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((first, middle))
            first = middle
    return siblings[::-1]


def consistency_proof(old: int, new: int, read: Read) -> list[bytes]:
    """Return the proof that the tree of `new` entries contains that of `old` (RFC 6962 2.1.2).

    It is made from the tiles of size `new`; verifying the proof shows whether they are right.

    Raises:
        ProofRefused: There is no such proof.
        ObjectRefused: A tile is missing or has the wrong length.
    """
    if not 0 <= old <= new:
        raise ProofRefused(f"a tree of {new} entries cannot contain one of {old}")
    if old in {0, new}:
        return []
    tree = TileTree(new, read)
    siblings = []
    first, end = 0, new
    while end != old:
        middle = first + split(end - first)
        if old <= middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((first, middle))
            first = middle
    # The verifier has the old root, and needs this hash only if the old tree is no subtree.
    if first:
        siblings.append((first, end))
    return [tree.root(*sibling) for sibling in reversed(siblings)]


def _path(kind: str, number: int, width: int) -> str:
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    path = f"{kind}/{'/'.join(reversed(groups))}"
    return path if width == WIDTH else f"{path}.p/{width}"
