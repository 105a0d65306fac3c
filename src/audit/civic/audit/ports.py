"""What the use cases need from the outside world; any method may raise ``StoreUnavailable``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from civic.audit.model.journal import Batch
from civic.audit.model.openings import Opening
from civic.audit.model.tiles import Published
from civic.contracts.identifiers import ElectionId


class Journal(Protocol):
    """The batches of the log."""

    def head(self) -> Batch | None:
        """Return the newest batch; None if there is none."""
        ...

    def read(self, number: int) -> Batch:
        """Return a batch.

        Raises:
            NotLogged: There is no batch with that number.
        """
        ...

    def read_all(self, numbers: Sequence[int]) -> list[Batch]:
        """Return several batches, in the order of the given numbers."""
        ...

    def append(self, batch: Batch) -> None:
        """Add a batch.

        Raises:
            NumberTaken: There already is one with its number.
        """
        ...


class Shelf(Protocol):
    """Objects under one prefix that never change once they are there."""

    def put(self, objects: Iterable[Published]) -> None:
        """Store the objects that are not there yet.

        Raises:
            LogBroken: One of the paths has different content.
        """
        ...

    def read(self, path: str) -> bytes:
        """Return an object.

        Raises:
            NotLogged: There is no such object.
        """
        ...

    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        """Return several objects, in the order of the given paths."""
        ...

    def read_parts(self, paths: Sequence[str], first: int, count: int) -> list[bytes]:
        """Return ``count`` bytes of each of several objects, starting at byte ``first``."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint as it is published.

    Attributes:
        note: The signed note.
        tag: Identifies this version of the object.
    """

    note: bytes
    tag: str


class Heads(Protocol):
    """The one object of the log that changes: its newest checkpoint."""

    def newest(self) -> Head | None:
        """Return it, or None if there is none yet."""
        ...

    def replace(self, before: Head | None, note: bytes) -> Head:
        """Replace ``before`` with a new checkpoint, and return that.

        Raises:
            CheckpointMoved: ``before`` is no longer the newest.
        """
        ...


class Signer(Protocol):
    """The log's key, which never leaves KMS."""

    def public_key(self) -> bytes:
        """Return the Ed25519 public key (RFC 8032), 32 bytes."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Return the Ed25519 signature of a text, 64 bytes; the same for the same text."""
        ...


class Ballots(Protocol):
    """The ballot box, after the count is final."""

    def every(self, election: ElectionId) -> Iterable[Opening]:
        """Return what opens the ballots of an election, in no particular order."""
        ...
