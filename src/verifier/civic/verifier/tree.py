"""The tree of a log (check 2): entries hash to tiles, tiles to tiles, and all to the signed roots.

It takes one pass over the bundles. Each hash is compared with its tile as soon as it is known, and
the root at every signed size with the root that was signed. Together this amounts to every
inclusion proof and every consistency proof (RFC 6962 sections 2.1.1 and 2.1.2).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Never

from civic.verifier.blame import Range, tile_is_wrong
from civic.verifier.entries import parse_bundle
from civic.verifier.errors import Malformed, Missing, ObjectRefused
from civic.verifier.folder import Folder
from civic.verifier.hashing import leaf_hash
from civic.verifier.heads import Heads
from civic.verifier.merkle import HASH_BYTES, GrowingTree, root_of_hashes
from civic.verifier.tiles import (
    WIDTH,
    bundle_path,
    full_path,
    hashes_at,
    read_tile,
    tile_path,
    widths,
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Entries that hash to a tile, and their leaf hashes."""

    path: str
    first: int
    raw: bytes
    entries: list[bytes]
    leaves: list[bytes]


@dataclass(frozen=True, slots=True)
class _Tile:
    """A tile above level 0, and those of its hashes that have been computed so far."""

    path: str
    raw: bytes
    computed: list[bytes] = field(default_factory=list)


class TreeCheck:
    """One pass over a log.

    Attributes:
        bundles: Bundles of entries that were read.
        tiles: Tiles of hashes that were compared.
        earlier: Partial tiles and bundles of earlier sizes that were compared.
    """

    def __init__(self, folder: Folder, heads: Heads) -> None:
        self.bundles = 0
        self.tiles = 0
        self.earlier = 0
        self._folder = folder
        self._heads = heads
        self._size = heads.newest.size
        self._tree = GrowingTree()
        self._sizes = sorted(heads.claims, reverse=True)
        self._above: dict[int, _Tile] = {}

    def run(self) -> Iterator[Bundle]:
        """Yield each bundle once its tiles agree with it; all roots are checked by the end.

        Raises:
            ObjectRefused: An object is missing or wrong.
        """
        self._check_root()
        for number, width in widths(self._size):
            bundle = self._read_bundle(number, width)
            self._compare_leaves(bundle, number, width)
            self.bundles += 1
            if width == WIDTH:
                self._compare_above(1, number, root_of_hashes(bundle.leaves))
            for leaf in bundle.leaves:
                self._tree.append(leaf)
                self._check_root()
            yield bundle

    def _read_bundle(self, number: int, width: int) -> Bundle:
        path, held = bundle_path(number, width), width
        try:
            raw = self._folder.read(path)
        except Missing as missing:
            # As with tiles, the partial bundle may be gone once there is a full one.
            path, held = full_path(path), WIDTH
            if not self._folder.has(path):
                raise missing from None
            raw = self._folder.read(path)
        try:
            entries = parse_bundle(raw, held)[:width]
        except Malformed as malformed:
            raise ObjectRefused(path, str(malformed)) from None
        leaves = [leaf_hash(entry) for entry in entries]
        return Bundle(path, number * WIDTH, raw, entries, leaves)

    def _compare_leaves(self, bundle: Bundle, number: int, width: int) -> None:
        path, tile = read_tile(self._folder.read, 0, number, width)
        if b"".join(bundle.leaves) != tile:
            whole = Range(0, number)
            self._refuse_tile(path, whole, whole, root_of_hashes(bundle.leaves))
            at = next(
                place
                for place, leaf in enumerate(bundle.leaves)
                if not tile.startswith(leaf, HASH_BYTES * place)
            )
            raise ObjectRefused(
                bundle.path, f"does not match its hash in {path}", bundle.first + at
            )
        self.tiles += 1
        self._compare_earlier(tile_path(0, number), tile, [HASH_BYTES] * width)
        lengths = [2 + len(entry) for entry in bundle.entries]
        self._compare_earlier(bundle_path(number), bundle.raw, lengths)

    def _compare_above(self, level: int, index: int, computed: bytes) -> None:
        """Compare the hash of a full tile, or bundle, with its place in the tile one level up."""
        number, place = divmod(index, WIDTH)
        width = min(WIDTH, hashes_at(level, self._size) - number * WIDTH)
        if place == 0:
            read = read_tile(self._folder.read, level, number, width)
            self._above[level] = _Tile(*read)
        tile = self._above[level]
        if not tile.raw.startswith(computed, HASH_BYTES * place):
            self._refuse_tile(tile.path, Range(level, number), Range(level - 1, index), computed)
            below = bundle_path(index) if level == 1 else tile_path(level - 1, index)
            raise ObjectRefused(below, f"does not match its hash in {tile.path}")
        tile.computed.append(computed)
        if place + 1 == width:
            self.tiles += 1
            self._compare_earlier(tile_path(level, number), tile.raw, [HASH_BYTES] * width)
            if width == WIDTH:
                self._compare_above(level + 1, number, root_of_hashes(tile.computed))

    def _refuse_tile(self, path: str, tile: Range, below: Range, computed: bytes) -> None:
        """Refuse a tile that disagrees with what is below it, if the tile is what is wrong."""
        if tile_is_wrong(self._heads.newest, self._folder.read, tile, below, computed):
            raise ObjectRefused(path, "does not lead to the signed root")

    def _compare_earlier(self, path: str, whole: bytes, lengths: Sequence[int]) -> None:
        """Compare the partial objects of earlier sizes with the beginning of the current one."""
        for name in self._folder.names(f"{path}.p"):
            if name.isdecimal() and name.isascii() and 0 < int(name) < len(lengths):
                kept = f"{path}.p/{name}"
                beginning = whole[: sum(lengths[: int(name)])]
                if self._folder.read(kept) != beginning:
                    raise ObjectRefused(kept, f"is not the beginning of {path}")
                self.earlier += 1

    def _check_root(self) -> None:
        if not self._sizes or self._sizes[-1] != self._tree.size:
            return
        size, root = self._sizes.pop(), self._tree.root()
        for claimed, name in self._heads.claims[size]:
            if claimed != root:
                self._refuse_root(name, size)

    def _refuse_root(self, name: str, size: int) -> Never:
        why = f"is signed by the log, but its root is not that of the first {size} entries"
        raise ObjectRefused(name, why)
