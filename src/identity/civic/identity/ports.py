"""What the use cases need from the outside world.

Every method may raise ``StoreUnavailable`` or ``KeyServiceUnavailable``: nothing is known to have
happened then, and the caller lets the error propagate to a retry.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from civic.contracts.events import Event
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    SubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)
from civic.identity.model.rows import DecisionRow, Tombstone, VaultRow

Clock = Callable[[], datetime]
"""Returns the present moment in UTC."""


class EventPublisher(Protocol):
    """The bus, for writing."""

    def publish(self, events: Sequence[Event]) -> None:
        """Hand over every event, or raise if any one was not taken."""
        ...


class SubjectKeyStore(Protocol):
    """One wrapped subject key per registration and revision."""

    def put(self, row: StoredSubjectKey) -> None:
        """Add a key.

        Raises:
            RevisionTaken: There is one for this revision already; it is unchanged.
        """
        ...

    def access_digest(self, record: RecordId) -> AccessDigest | None:
        """Return whose revision this is, without reading its key; None if there is none."""
        ...

    def get(self, record: RecordId) -> StoredSubjectKey | None:
        """Return the row, or None if it was never there or has been destroyed."""
        ...

    def revisions(self, registration: RegistrationId) -> list[Revision]:
        """Return the revisions that have a key, without reading the keys."""
        ...

    def delete(self, record: RecordId) -> None:
        """Destroy one key; no error if it is not there."""
        ...


class KeyWrapper(Protocol):
    """Wraps subject keys under the public half of the wrapping pair; cannot unwrap."""

    def wrap(self, key: SubjectKey, registration: RegistrationId) -> WrappedKey:
        """Return the wrapped key, bound to the registration and the purpose.

        Raises:
            WrappingKeyMissing: No wrapping pair has been made yet.
        """
        ...


class KeyUnwrapper(Protocol):
    """Unwraps subject keys with the private half, which only KMS can open."""

    def unwrap(self, wrapped: WrappedKey, registration: RegistrationId) -> SubjectKey:
        """Return the subject key.

        Raises:
            WrappingKeyMissing: The wrapping key version is not known.
            KeyRefused: The blob is altered, uncommitted or bound to another registration.
        """
        ...


class DecisionStore(Protocol):
    """The low-security store."""

    def get(self, registration: RegistrationId) -> DecisionRow | Tombstone | None:
        """Return what is there."""
        ...

    def open(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        """Note a revision as pending, unless the same or a later one is known, or it is erased.

        Returns:
            None if the row was written, otherwise what stands in the way.
        """
        ...

    def decide(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        """Write a verdict, unless this revision has one, a later one is known, or it is erased.

        Returns:
            None if the row was written, otherwise what stands in the way.
        """
        ...

    def bury(self, grave: Tombstone) -> None:
        """Replace the row by a tombstone; an existing tombstone stays as it is."""
        ...


class PiiVault(Protocol):
    """The high-security store."""

    def get(self, registration: RegistrationId) -> VaultRow | Tombstone | None:
        """Return what is there."""
        ...

    def store(self, row: VaultRow) -> RecordId | Tombstone | None:
        """Write a revision, unless the same or a later one is there, or it is erased.

        Returns:
            None if the row was written, otherwise what stands in the way.
        """
        ...

    def bury(self, grave: Tombstone) -> None:
        """Replace the row by a tombstone; an existing tombstone stays as it is."""
        ...


class WrappingKeyRing(Protocol):
    """The versions of the wrapping pair, for the one function that looks after them."""

    def current(self) -> WrappingKeyVersion | None:
        """Return the version new subject keys are wrapped under; None before the first."""
        ...

    def add(self) -> WrappingKeyVersion:
        """Make a further pair in KMS and make it current."""
        ...


class RewrapQueue(Protocol):
    """Subject keys in pages, for rewrapping."""

    def page(self, cursor: str | None, size: int) -> tuple[list[StoredSubjectKey], str | None]:
        """Return up to ``size`` rows and the cursor of the next page, None at the end."""
        ...

    def replace(self, old: StoredSubjectKey, new: WrappedKey) -> bool:
        """Swap the wrapped key if the row still holds the old one; False if it does not."""
        ...
