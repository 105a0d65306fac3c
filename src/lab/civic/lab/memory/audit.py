"""The ports of the audit domain in memory, and those for what is published as a folder too.

Each keeps the promises of its port and no more: objects never change, and a checkpoint is replaced
only by a writer that has read the newest one.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from civic.audit.errors import CheckpointMoved, LogBroken, NotLogged, NumberTaken
from civic.audit.model.journal import Batch
from civic.audit.model.tiles import Published
from civic.audit.ports import Head


class MemoryJournal:
    """The batches of a log."""

    def __init__(self) -> None:
        self._batches: list[bytes] = []

    def head(self) -> Batch | None:
        return Batch.load(self._batches[-1]) if self._batches else None

    def read(self, number: int) -> Batch:
        if not 0 < number <= len(self._batches):
            raise NotLogged
        return Batch.load(self._batches[number - 1])

    def read_all(self, numbers: Sequence[int]) -> list[Batch]:
        return [self.read(number) for number in numbers]

    def append(self, batch: Batch) -> None:
        if batch.number != len(self._batches) + 1:
            raise NumberTaken
        self._batches.append(batch.dump())


class _Shelf(ABC):
    """Reads several objects one by one."""

    @abstractmethod
    def read(self, path: str) -> bytes: ...

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        return [self.read(path) for path in paths]

    def read_parts(self, paths: Sequence[str], first: int, count: int) -> list[bytes]:
        return [self.read(path)[first : first + count] for path in paths]


class MemoryShelf(_Shelf):
    """Published objects."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, objects: Iterable[Published]) -> None:
        for one in objects:
            if self.objects.setdefault(one.path, one.content) != one.content:
                raise LogBroken

    def read(self, path: str) -> bytes:
        try:
            return self.objects[path]
        except KeyError:
            raise NotLogged from None


class MemoryHeads:
    """The newest checkpoint."""

    def __init__(self) -> None:
        self._head: Head | None = None

    def newest(self) -> Head | None:
        return self._head

    def replace(self, before: Head | None, note: bytes) -> Head:
        if before != self._head:
            raise CheckpointMoved
        self._head = Head(note, str(int(before.tag) + 1) if before else "1")
        return self._head


class FolderShelf(_Shelf):
    """Published objects as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, objects: Iterable[Published]) -> None:
        for one in objects:
            self._put(self._folder / one.path, one.content)

    def read(self, path: str) -> bytes:
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            raise NotLogged from None

    def _put(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("xb") as created:
                created.write(content)
        except FileExistsError:
            if file.read_bytes() != content:
                raise LogBroken from None


class FolderHeads(MemoryHeads):
    """The newest checkpoint, which is also a file of the log."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._file = folder / "checkpoint"

    def replace(self, before: Head | None, note: bytes) -> Head:
        head = super().replace(before, note)
        self._file.write_bytes(note)
        return head


class MemoryLogSigner:
    """Signs with its own key."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)
