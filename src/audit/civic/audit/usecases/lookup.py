"""Lookup: where a leaf is in the log, and the proof that it is there."""

from dataclasses import dataclass, field

from civic.audit.errors import NotLogged
from civic.audit.model.leaf_index import STRETCH, places, segment_path, window
from civic.audit.model.merkle import HASH_BYTES, inclusion_proof
from civic.audit.model.notes import Checkpoint, proof_text
from civic.audit.model.tiles import WIDTH, range_roots, tile_path, tile_width
from civic.audit.ports import Heads, Shelf


@dataclass(slots=True)
class Lookup:
    """Finds leaves; keeps the tiles it has read at the end of the log, as these never change."""

    shelf: Shelf
    index: Shelf
    heads: Heads
    _tail: dict[str, bytes] = field(default_factory=dict)

    def prove(self, leaf: bytes) -> bytes:
        """Return the proof (C2SP tlog-proof) that a leaf is in the tree of the newest checkpoint.

        Raises:
            NotLogged: It is not there yet.
        """
        index, note = self.locate(leaf)
        size = Checkpoint.parse(note).size
        return proof_text(
            index, inclusion_proof(index, size, range_roots(size, self.shelf.read)), note
        )

    def locate(self, leaf: bytes) -> tuple[int, bytes]:
        """Return the index of a leaf and the newest checkpoint, whose tree includes it.

        Raises:
            NotLogged: It is not there yet.
        """
        head = self.heads.newest()
        index = self.find(leaf, Checkpoint.parse(head.note).size) if head else None
        if head is None or index is None:
            raise NotLogged("no such leaf")
        return index, head.note

    def find(self, leaf: bytes, size: int) -> int | None:
        """Return the index of a leaf in a published tree of that size; None if it is not in it."""
        found = self._in_tail(leaf, size)
        return self._in_stretches(leaf, size) if found is None else found

    def _in_tail(self, leaf: bytes, size: int) -> int | None:
        """Look through the leaves after the last complete stretch."""
        tiles = range(size // STRETCH * STRETCH // WIDTH, -(-size // WIDTH))
        paths = {tile_path(0, tile, tile_width(size, 0, tile)): tile for tile in tiles}
        unknown = [path for path in paths if path not in self._tail]
        read = dict(zip(unknown, self.shelf.read_all(unknown), strict=True))
        self._tail = {path: read.get(path) or self._tail[path] for path in paths}
        # From the end, as most lookups are for the newest entries.
        for path in reversed(paths):
            at = _at(self._tail[path], leaf)
            if at is not None:
                return paths[path] * WIDTH + at
        return None

    def _in_stretches(self, leaf: bytes, size: int) -> int | None:
        stretches = range(size // STRETCH)
        paths = [segment_path(stretch) for stretch in stretches]
        for stretch, records in zip(
            stretches, self.index.read_parts(paths, *window(leaf)), strict=True
        ):
            for place in places(leaf, records):
                tile, at = divmod(stretch * STRETCH + place, WIDTH)
                if _at(self.shelf.read(tile_path(0, tile)), leaf) == at:
                    return tile * WIDTH + at
        return None


def _at(tile: bytes, leaf: bytes) -> int | None:
    """Return the position of a hash in a tile, or None."""
    at = tile.find(leaf)
    while at >= 0:
        if at % HASH_BYTES == 0:
            return at // HASH_BYTES
        at = tile.find(leaf, at + 1)
    return None
