"""The store that says who has been accepted under the same name and date of birth."""

from typing import Protocol

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.likeness import LikenessKey, Listing


class Likenesses(Protocol):
    """Accepted registrations by likeness; ``DecisionStore`` adds them with the acceptance.

    The store says nothing of whether the acceptance is still in force: the low-security store does.
    """

    def listing(self, likeness: LikenessKey) -> Listing:
        """Return who has been accepted under a likeness."""
        ...

    def leave(self, likeness: LikenessKey, registration: RegistrationId) -> None:
        """Take a registration out; no error if it is not there."""
        ...


class Peppers(Protocol):
    """The secret without which nobody can tell a likeness from a name and a date of birth."""

    def current(self) -> bytes:
        """Return the pepper, 32 bytes.

        Raises:
            WrappingKeyMissing: None has been made yet.
            KeyServiceUnavailable: KMS did not open it.
        """
        ...
