"""What the use cases need from the outside world; any method may raise ``StoreUnavailable``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from civic.analytics.aggregates import Release
from civic.analytics.joins import Counted
from civic.contracts.events import DecisionMade
from civic.contracts.identifiers import RegistrationId, Revision


class JoinStore(Protocol):
    """The two halves of every registration, joined by its id."""

    def decided(self, decision: DecisionMade) -> None:
        """Record a decision, unless a later one is known or the registration is erased."""
        ...

    def stored(self, registration: RegistrationId, revision: Revision) -> None:
        """Record that a revision is stored, unless a later one is known or it is erased."""
        ...

    def restricted(self, registration: RegistrationId, sequence: int) -> None:
        """Record a restriction (odd) or its lifting (even), unless a later one is known."""
        ...

    def objected(self, registration: RegistrationId, at: datetime) -> None:
        """Forget a registration for as long as it exists; what arrives later is ignored."""
        ...

    def erased(self, registration: RegistrationId, at: datetime, expires: datetime) -> None:
        """Forget a registration; if this is repeated, the earliest time is kept."""
        ...

    def complete(self) -> Iterator[Counted]:
        """Return every registration whose decision and storage are known for one revision.

        Restricted registrations are left out.
        """
        ...


class ReleaseArchive(Protocol):
    """Where releases are published as files."""

    def write(self, release_id: str, released_at: datetime, release: Release) -> tuple[str, str]:
        """Write a release; the same id writes the same objects.

        Returns:
            The keys of the JSON document and of the JSON lines.
        """
        ...

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        ...
