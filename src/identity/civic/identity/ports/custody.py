"""What the key custodian needs from the outside world; the rules of the other ports apply."""

from typing import Protocol

from civic.identity.model.keys import StoredSubjectKey, WrappedKey, WrappingKeyVersion


class WrappingKeyRing(Protocol):
    """The versions of the wrapping pair, for the one function that manages them."""

    def current(self) -> WrappingKeyVersion | None:
        """Return the version new subject keys are wrapped under; None before the first."""
        ...

    def add(self) -> WrappingKeyVersion:
        """Make another pair in KMS and make it current."""
        ...

    def ensure_pepper(self) -> None:
        """Make the pepper if there is none yet; of two runs at once one wins, and nobody sees it.

        It stays what it is: with another one, nobody would be found again.
        """
        ...


class RewrapQueue(Protocol):
    """Subject keys in pages, for rewrapping."""

    def page(self, cursor: str | None, size: int) -> tuple[list[StoredSubjectKey], str | None]:
        """Return up to ``size`` rows and the cursor of the next page, None at the end."""
        ...

    def replace(self, old: StoredSubjectKey, new: WrappedKey) -> bool:
        """Swap the wrapped key if the row still holds the old one; False if it does not."""
        ...
