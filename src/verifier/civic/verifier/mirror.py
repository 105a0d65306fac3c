"""Copies a published log into a folder, without fetching again what is there already.

Only lengths and what the next step needs are checked here; `civic-verify log` verifies the copy.
The newest checkpoint is written last, so an interrupted copy is still a copy of the size before.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched, pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

from civic.verifier.checkpoints import TreeHead
from civic.verifier.elections import published_openings
from civic.verifier.encodings import decimal
from civic.verifier.entries import MAX_BUNDLE, EventEntry, parse_bundle, parse_entry
from civic.verifier.errors import Malformed, Missing, NoteRefused, ObjectRefused, Unavailable
from civic.verifier.folder import Folder
from civic.verifier.merkle import HASH_BYTES
from civic.verifier.notes import MAX_NOTE
from civic.verifier.openings import MAX_LINE, PUBLISHED, Index, index_limit
from civic.verifier.progress import Progress
from civic.verifier.tiles import WIDTH, bundle_path, full_path, hashes_at, tile_path, widths
from civic.verifier.web import Web

MAX_HEADS = 4_000_000
"""More tree heads than any log of elections signs: one per second for six weeks."""

_THREADS = 8
_BATCH = 512
_OPENINGS = b"civic/event/1\nOpeningsPublished\n"
_DIGITS = len("4294967296\n")

type Task = Callable[[], bool]
"""Fetches one object unless it is there already, and returns whether it did."""


class Mirror:
    """One run of copying.

    Attributes:
        fetched: How many objects were fetched.
        kept: How many were there already.
    """

    def __init__(self, web: Web, place: Path, progress: Progress) -> None:
        self.fetched = 0
        self.kept = 0
        self._web = web
        self._place = place
        self._progress = progress
        self._pool = ThreadPoolExecutor(_THREADS)

    def run(self, *, openings: bool = True) -> int:
        """Return the tree size of the copy, once it is complete.

        Raises:
            Unavailable: Something could not be read or written; what was copied before is kept.
            ObjectRefused: An object is missing or has the wrong length.
        """
        try:
            size = self._run(openings=openings)
        except BaseException:
            # Even after an interrupt: do not wait for what a slow server may still send.
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._web.close()
            raise
        self._pool.shutdown()
        return size

    def _run(self, *, openings: bool) -> int:
        raw = self._web.get("checkpoint", MAX_NOTE)
        size = _head("checkpoint", raw).size
        self._want_growth(size)
        # Fetched after the newest checkpoint, so the list has it; even newer ones are left out.
        sizes = [one for one in self._sizes(size) if one <= size]
        if size not in sizes:
            raise ObjectRefused("checkpoints", f"does not list {size}, the newest size")
        self._all("tree heads", (self._head_task(one) for one in sizes), len(sizes))
        levels = [(level, hashes_at(level, size)) for level in _levels(size)]
        tiles = (self._tile_task(level, *one) for level, held in levels for one in widths(held))
        self._all("tiles", tiles, sum(_parts(held) for _, held in levels))
        bundles = (self._bundle_task(*one) for one in widths(size))
        self._all("bundles", bundles, _parts(size))
        if openings:
            self._fetch_openings(size)
        self._write("checkpoint", [raw])
        return size

    def _want_growth(self, size: int) -> None:
        place = self._place / "checkpoint"
        if place.exists():
            known = _head("checkpoint", Folder(self._place).read("checkpoint", MAX_NOTE)).size
            if known > size:
                why = f"covers {size} entries, but the copy in {self._place} has {known} already"
                raise ObjectRefused("checkpoint", why)

    def _sizes(self, newest: int) -> list[int]:
        raw = self._web.get("checkpoints", _DIGITS * min(newest + 1, MAX_HEADS) + _DIGITS)
        try:
            sizes = [decimal(line, "a size") for line in raw.decode("ascii").splitlines()]
        except (Malformed, UnicodeDecodeError) as error:
            raise ObjectRefused("checkpoints", f"not a list of sizes: {error}") from None
        if any(size >= other for size, other in pairwise(sizes)):
            raise ObjectRefused("checkpoints", "not a list of ascending sizes")
        return sizes

    def _head_task(self, size: int) -> Task:
        path = f"checkpoints/{size}"

        def check(raw: bytes) -> None:
            if _head(path, raw).size != size:
                raise ObjectRefused(path, "is for another size")

        return lambda: self._object(path, MAX_NOTE, check)

    def _tile_task(self, level: int, number: int, width: int) -> Task:
        return self._part_task(
            tile_path(level, number, width), width, WIDTH * HASH_BYTES, _check_tile
        )

    def _bundle_task(self, number: int, width: int) -> Task:
        return self._part_task(bundle_path(number, width), width, MAX_BUNDLE, _check_bundle)

    def _part_task(
        self, path: str, width: int, limit: int, check: Callable[[str, bytes, int], None]
    ) -> Task:
        """Fetch a partial object, or the full one if the partial one is gone."""

        def task() -> bool:
            if width < WIDTH and (self._place / full_path(path)).exists():
                return False
            try:
                return self._object(path, limit, lambda raw: check(path, raw, width))
            except Missing:
                whole = full_path(path)
                if whole == path:
                    raise
            try:
                return self._object(whole, limit, lambda raw: check(whole, raw, WIDTH))
            except Missing:
                raise Missing(path) from None

        return task

    def _object(self, path: str, limit: int, check: Callable[[bytes], None]) -> bool:
        if (self._place / path).exists():
            return False
        raw = self._web.get(path, limit)
        check(raw)
        self._write(path, [raw])
        return True

    def _fetch_openings(self, size: int) -> None:
        for election, digest in self._announced(size):
            path = f"openings/{election}/index.json"

            def check(raw: bytes, path: str = path, digest: bytes = digest) -> None:
                if hashlib.sha256(raw).digest() != digest:
                    raise ObjectRefused(path, "does not match its hash in the log")

            self._count(self._object(path, index_limit(size), check))
            raw = Folder(self._place).read(path, index_limit(size))
            try:
                index = Index.parse(raw)
            except Malformed as malformed:
                raise ObjectRefused(path, str(malformed)) from None
            tasks = (
                self._chunk_task(f"openings/{election}/{one.name}", one.ballots, one.sha256)
                for one in index.chunks
            )
            self._all(f"openings of {election}", tasks, len(index.chunks))

    def _announced(self, size: int) -> Iterator[tuple[str, bytes]]:
        """Yield the elections whose openings are published, with the hash of each index."""
        folder = Folder(self._place)
        for number, width in widths(size):
            path = bundle_path(number, width)
            path = path if folder.has(path) else full_path(path)
            raw = folder.read(path)
            if _OPENINGS not in raw:
                continue
            held = width if path == bundle_path(number, width) else WIDTH
            for entry in parse_bundle(raw, held)[:width]:
                if entry.startswith(_OPENINGS):
                    election, audience, digest = _published(path, entry)
                    if audience in PUBLISHED:
                        yield election, digest

    def _chunk_task(self, path: str, ballots: int, sha256: bytes) -> Task:
        def task() -> bool:
            if (self._place / path).exists():
                return False
            hashed = hashlib.sha256()

            def pieces() -> Iterator[bytes]:
                for piece in self._web.pieces(path, ballots * (MAX_LINE + 1)):
                    hashed.update(piece)
                    yield piece
                if hashed.digest() != sha256:
                    raise ObjectRefused(path, "does not match its hash in the index")

            self._write(path, pieces())
            return True

        return task

    def _all(self, what: str, tasks: Iterable[Task], count: int) -> None:
        """Run all tasks, several at a time; the first failure ends the run."""
        done = 0
        for batch in batched(tasks, _BATCH, strict=False):
            for fetched in self._pool.map(lambda task: task(), batch):
                done += 1
                self._count(fetched)
                self._progress.tell(what, done, count)

    def _count(self, fetched: bool) -> None:  # noqa: FBT001  # what a task has returned
        self.fetched += fetched
        self.kept += not fetched

    def _write(self, path: str, pieces: Iterable[bytes]) -> None:
        """Write an object whole or not at all."""
        place = self._place / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as file:
                unfinished = Path(file.name)
                try:
                    for piece in pieces:
                        file.write(piece)
                    file.flush()
                    unfinished.replace(place)
                finally:
                    unfinished.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"{place} cannot be written: {error.strerror}") from None


def _head(path: str, raw: bytes) -> TreeHead:
    try:
        return TreeHead.unverified(raw)
    except NoteRefused as refused:
        raise ObjectRefused(path, str(refused)) from None


def _parts(count: int) -> int:
    return -(-count // WIDTH)


def _levels(size: int) -> Iterator[int]:
    level = 0
    while hashes_at(level, size):
        yield level
        level += 1


def _check_tile(path: str, raw: bytes, width: int) -> None:
    if len(raw) != width * HASH_BYTES:
        raise ObjectRefused(path, f"{len(raw)} bytes instead of {width * HASH_BYTES}")


def _check_bundle(path: str, raw: bytes, width: int) -> None:
    try:
        parse_bundle(raw, width)
    except Malformed as malformed:
        raise ObjectRefused(path, str(malformed)) from None


def _published(path: str, entry: bytes) -> tuple[str, str, bytes]:
    try:
        parsed = parse_entry(entry)
        return published_openings(parsed.fields if isinstance(parsed, EventEntry) else {})
    except Malformed as malformed:
        raise ObjectRefused(path, str(malformed)) from None
