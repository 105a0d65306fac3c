"""The published log as a folder: what may be published once is a file that is created once."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from civic.audit.errors import LogBroken, NotLogged
from civic.audit.model.tiles import Published
from civic.audit.ports import Head
from civic.lab.simulate.log import MemoryHeads


class FolderShelf:
    """Published objects, each a file."""

    def __init__(self, folder: Path) -> None:
        """Keep them below ``folder``."""
        self._folder = folder

    def put(self, objects: Iterable[Published]) -> None:
        """Put objects, each unless it is there."""
        for one in objects:
            self._put(self._folder / one.path, one.content)

    def read(self, path: str) -> bytes:
        """Return an object."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            raise NotLogged from None

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        """Return several objects."""
        return [self.read(path) for path in paths]

    def read_parts(self, paths: Sequence[str], first: int, count: int) -> list[bytes]:
        """Return a part of each of several objects."""
        return [self.read(path)[first : first + count] for path in paths]

    def _put(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("xb") as created:
                created.write(content)
        except FileExistsError:
            if file.read_bytes() != content:
                raise LogBroken from None


class FolderHeads(MemoryHeads):
    """The newest checkpoint, which also is a file of the log."""

    def __init__(self, folder: Path) -> None:
        """Start without one, and keep it below ``folder``."""
        super().__init__()
        self._file = folder / "checkpoint"

    def replace(self, before: Head | None, note: bytes) -> Head:
        """Put another in its place, if it is still the one that was seen."""
        head = super().replace(before, note)
        self._file.write_bytes(note)
        return head
