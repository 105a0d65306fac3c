"""The audit domain's ports in memory: what the simulation runs on, and the tests' fakes.

Each keeps the promises of the port and no more: what is there stays as it is, and a checkpoint is
replaced only by whoever has seen the last one.
"""

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from civic.audit.errors import CheckpointMoved, LogBroken, NotLogged, NumberTaken
from civic.audit.model.journal import Batch
from civic.audit.model.tiles import Published
from civic.audit.ports import Head


class MemoryJournal:
    """The batches of a log."""

    def __init__(self) -> None:
        """Start without any."""
        self._batches: list[bytes] = []

    def head(self) -> Batch | None:
        """Return the newest batch."""
        return Batch.load(self._batches[-1]) if self._batches else None

    def read(self, number: int) -> Batch:
        """Return a batch."""
        if not 0 < number <= len(self._batches):
            raise NotLogged
        return Batch.load(self._batches[number - 1])

    def append(self, batch: Batch) -> None:
        """Add a batch, if its number is free."""
        if batch.number != len(self._batches) + 1:
            raise NumberTaken
        self._batches.append(batch.dump())


class MemoryShelf:
    """Published objects; counts what was created."""

    def __init__(self) -> None:
        """Start empty."""
        self.objects: dict[str, bytes] = {}

    def put(self, objects: Iterable[Published]) -> None:
        """Put objects, each unless it is there."""
        for one in objects:
            if self.objects.setdefault(one.path, one.content) != one.content:
                raise LogBroken

    def read(self, path: str) -> bytes:
        """Return an object."""
        try:
            return self.objects[path]
        except KeyError:
            raise NotLogged from None

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        """Return several objects."""
        return [self.read(path) for path in paths]

    def read_parts(self, paths: Sequence[str], first: int, count: int) -> list[bytes]:
        """Return a part of each of several objects."""
        return [self.read(path)[first : first + count] for path in paths]


class MemoryHeads:
    """The newest checkpoint."""

    def __init__(self) -> None:
        """Start without one."""
        self._head: Head | None = None

    def newest(self) -> Head | None:
        """Return it."""
        return self._head

    def replace(self, before: Head | None, note: bytes) -> Head:
        """Put another in its place, if it is still the one that was seen."""
        if before != self._head:
            raise CheckpointMoved
        self._head = Head(note, str(int(before.tag) + 1) if before else "1")
        return self._head


class KeySigner:
    """Signs with a key of its own."""

    def __init__(self, seed: bytes) -> None:
        """Make the key of 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def public_key(self) -> bytes:
        """Return the public key."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, text: bytes) -> bytes:
        """Sign a text."""
        return self._key.sign(text)
