"""What renewals need from the outside world; the rules of the other ports apply."""

from datetime import datetime
from typing import Protocol

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import AccessDigest
from civic.identity.model.renewal import Half, Renewal


class AccessRenewals(Protocol):
    """Which access tokens staff have given out."""

    def of(self, registration: RegistrationId) -> tuple[Renewal, ...]:
        """Return every renewal of a registration; a half that cannot be read counts as absent."""
        ...

    def ask(self, registration: RegistrationId, digest: AccessDigest, half: Half) -> None:
        """Note who asked for a renewal; the first who did stays."""
        ...

    def agree(self, registration: RegistrationId, digest: AccessDigest, half: Half) -> None:
        """Note who agreed to a renewal that is there; the first who did stays."""
        ...

    def expire(self, registration: RegistrationId, at: datetime) -> None:
        """Let the renewals of a registration that has ended expire, unless they do so already."""
        ...


class Registrations(Protocol):
    """The low-security store, for who may know no more of it than which registrations there are."""

    def has(self, registration: RegistrationId) -> bool:
        """Return whether there is such a registration, and it was not erased."""
        ...
