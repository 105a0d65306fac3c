"""Decides which of two objects that disagree is wrong.

The right one leads, with the tiles beside and above it, to the root that the log has signed.
"""

from dataclasses import dataclass

from civic.verifier.checkpoints import TreeHead
from civic.verifier.errors import ProofRefused
from civic.verifier.merkle import HASH_BYTES, root_of_hashes, verify_inclusion
from civic.verifier.tiles import LEVELS, WIDTH, Read, TileTree, hashes_at, read_tile, sibling_ranges


@dataclass(frozen=True, slots=True)
class Range:
    """The entries below one tile: 256^(level + 1), or as many as there are."""

    level: int
    number: int


def tile_is_wrong(head: TreeHead, read: Read, tile: Range, below: Range, computed: bytes) -> bool:
    """Return whether a tile is wrong; if not, what is below it is wrong.

    If neither leads to the root, because more than one object is wrong, the tile is believed if
    the tile above it has its hash.

    Args:
        head: The newest tree head.
        read: Returns a tile by its path.
        tile: The tile.
        below: The range whose root disagrees with it; for level 0, that of the tile itself.
        computed: The root of that range, from the objects below.

    Raises:
        ObjectRefused: A tile is missing or has the wrong length.
    """
    stored = _stored_root(head.size, read, tile)
    if _leads_to_root(head, read, tile, stored):
        return False
    if _leads_to_root(head, read, below, computed):
        return True
    return not _is_above(head.size, read, tile, stored)


def _leads_to_root(head: TreeHead, read: Read, place: Range, root: bytes) -> bool:
    """Follow the root of a range up, as if each range of its level were one leaf."""
    tree, span = TileTree(head.size, read), _span(place)
    count = -(-head.size // span)
    path = [
        tree.root(first * span, min(end * span, head.size))
        for first, end in sibling_ranges(place.number, count)
    ]
    try:
        verify_inclusion(root, place.number, count, path, head.root)
    except ProofRefused:
        return False
    return True


def _stored_root(size: int, read: Read, tile: Range) -> bytes:
    span = _span(tile)
    first, end = tile.number * span, min((tile.number + 1) * span, size)
    if end - first < span:
        return TileTree(size, read).root(first, end)
    raw = read_tile(read, tile.level, tile.number, WIDTH)[1]
    return root_of_hashes(
        raw[start : start + HASH_BYTES] for start in range(0, len(raw), HASH_BYTES)
    )


def _is_above(size: int, read: Read, tile: Range, root: bytes) -> bool:
    level, (number, place) = tile.level + 1, divmod(tile.number, WIDTH)
    if tile.number >= hashes_at(level, size):
        return False
    width = min(WIDTH, hashes_at(level, size) - number * WIDTH)
    return read_tile(read, level, number, width)[1].startswith(root, place * HASH_BYTES)


def _span(place: Range) -> int:
    return 1 << (LEVELS * (place.level + 1))
