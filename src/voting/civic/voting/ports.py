"""What the use cases need from the outside world; any method may raise ``StoreUnavailable``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from civic.contracts.events import Event
from civic.contracts.identifiers import ElectionId, StyleId
from civic.voting.model.election import Election

Clock = Callable[[], datetime]
"""Returns the present moment in UTC."""

Entropy = Callable[[int], bytes]
"""Returns as many random bytes as asked for."""


@dataclass(frozen=True, slots=True)
class PollBook:
    """All that is stored about an election.

    Attributes:
        election: Its definition and state.
        keys: The public keys of its credentials by ballot style (SubjectPublicKeyInfo, DER).
        sealed_secret: Its secret, encrypted under the KMS key of the voting stack.
    """

    election: Election
    keys: Mapping[StyleId, bytes]
    sealed_secret: bytes


class ElectionStore(Protocol):
    """The elections."""

    def create(self, election: Election, sealed_secret: bytes) -> None:
        """Store a new election.

        Raises:
            ElectionMoved: There is one of that id.
        """
        ...

    def replace(self, election: Election) -> None:
        """Store the next revision of an election.

        Raises:
            ElectionMoved: The stored revision is not the one before.
        """
        ...

    def delete(self, election: Election) -> None:
        """Remove a draft of exactly this revision.

        Raises:
            ElectionMoved: The stored revision is another.
        """
        ...

    def keep_keys(self, election: ElectionId, keys: Mapping[StyleId, bytes]) -> None:
        """Keep public keys; a style that has one keeps it."""
        ...

    def find(self, election: ElectionId) -> PollBook | None:
        """Return an election with its keys, consistently read; None if there is none."""
        ...

    def every(self) -> Iterable[Election]:
        """Return all elections, in no order; there are few."""
        ...


class ElectionSecrets(Protocol):
    """Makes the secret of an election, which only the ballot functions and the office open."""

    def make(self, election: ElectionId) -> bytes:
        """Return a new random 256-bit secret, encrypted; nobody has seen it in clear."""
        ...

    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        """Return the 32 bytes of a secret that was made for this election.

        Raises:
            SealBroken: It was not.
        """
        ...


class EventPublisher(Protocol):
    """The bus."""

    def publish(self, events: Sequence[Event]) -> None:
        """Publish all of them, or raise; some may then be out, and will be again."""
        ...
