"""What credential issuing needs from the outside world; the rules of the other ports apply."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.contracts.voting import StyleAreas
from civic.identity.model.blind_rsa import SigningKey
from civic.identity.model.credentials import (
    Entitlement,
    Noted,
    Person,
    RollEntry,
    Standing,
    Window,
)
from civic.identity.model.likeness import Place
from civic.identity.model.marks import Mark, Marking


class IssuerRoll(Protocol):
    """Who may be given credentials, and what each was given: one row per registration."""

    def decided(self, standing: Standing, restriction: int = 0) -> None:
        """Note a decision, unless a later one is known, or the registration is erased.

        The first access digest of a registration stays: no decision gives its row to another.

        Args:
            standing: What the decision means.
            restriction: The count of restrictions it was made under; it is not noted if a later
                count is known.
        """
        ...

    def restricted(self, registration: RegistrationId, restriction: int) -> None:
        """Note the count of a person's restrictions, unless a later one is known."""
        ...

    def erased(self, registration: RegistrationId, at: datetime, expires: datetime) -> None:
        """Replace the row with a tombstone; of two tombstones the earlier stays."""
        ...

    def get(self, registration: RegistrationId) -> RollEntry | None:
        """Return the row; None if there is none, or a tombstone."""
        ...

    def issue(
        self,
        registration: RegistrationId,
        election: ElectionId,
        request: Noted,
        marking: Marking,
    ) -> bool:
        """Note what a registration asked to have signed for an election, once and for all.

        The marks are made in the same transaction.

        Returns:
            False if it asked for something else before, or is not, or no longer, accepted, or
            listed elsewhere; then nothing was written.

        Raises:
            CredentialAlreadyIssued: A mark is of another request of this registration.
            IssuedBeforeErasure: A mark is of another registration.
        """
        ...


class People(Protocol):
    """What the low-security store says about people, as far as the issuer may know."""

    def person(self, registration: RegistrationId) -> Person | None:
        """Return what is there of somebody; None if nothing is, or they are erased."""
        ...

    def places(self, registration: RegistrationId) -> tuple[Place, ...]:
        """Return where somebody is listed, also if they are erased but have not left yet."""
        ...


class IssuedMarks(Protocol):
    """Who was given a credential for an election that has not ended, by marks."""

    def note(self, marks: Sequence[Mark]) -> None:
        """Make marks; one that is there already stays, whoever it is of."""
        ...


class MarkKeyRing(Protocol):
    """The keys of elections' marks, for the one function that makes and destroys them."""

    def ensure(self, election: ElectionId, expires: datetime) -> None:
        """Have a key made, unless there is one, or the election has ended; or extend its life."""
        ...

    def destroy(self, election: ElectionId) -> None:
        """Destroy the key for good: none is made for this election any more."""
        ...


class MarkKeys(Protocol):
    """The keys of elections' marks, opened."""

    def find(self, election: ElectionId) -> bytes | None:
        """Return a key, 32 bytes; None if there is none, or the election has ended.

        Raises:
            KeyServiceUnavailable: KMS did not open it.
        """
        ...


class AnnouncedElection(Protocol):
    """What the announcement of an election says."""

    @property
    def election(self) -> ElectionId:
        """The id of the election."""
        ...

    @property
    def revision(self) -> int:
        """Counts the changes of the election."""
        ...

    @property
    def opens_at(self) -> datetime:
        """When votes start to be accepted."""
        ...

    @property
    def closes_at(self) -> datetime:
        """When votes stop being accepted."""
        ...

    @property
    def day(self) -> date | None:
        """The day on which voters must be old enough."""
        ...

    @property
    def roll_closes_at(self) -> datetime | None:
        """Whoever registers from then on cannot vote in it."""
        ...

    @property
    def styles(self) -> tuple[StyleAreas, ...]:
        """The areas of each ballot style."""
        ...


class ElectionCalendar(Protocol):
    """Which elections there are, and which ballot style each area gets in them."""

    def publish(self, election: AnnouncedElection) -> None:
        """Note an election as it was published, unless a later revision of it is known."""
        ...

    def end(self, election: ElectionId) -> None:
        """Note that its credentials are no longer issued, even if it is published again."""
        ...

    def window(self, election: ElectionId) -> Window | None:
        """Return the times of an election; None if it was not published."""
        ...

    def of_area(self, area: str) -> Sequence[Entitlement]:
        """Return every election in which an area, or an area within it, has a ballot style."""
        ...

    def find(self, area: str, election: ElectionId) -> Entitlement | None:
        """Return what an area gets in an election; None if it has no style, nor is divided."""
        ...


class IssuerKeyRing(Protocol):
    """The keys of elections and styles, for the one function that makes them."""

    def ensure(self, election: ElectionId, style: StyleId) -> bytes:
        """Return the public key (DER); if there is none, KMS makes a pair."""
        ...


class SigningKeys(Protocol):
    """The keys of elections and styles, for the one function that signs."""

    def public(self, election: ElectionId, style: StyleId) -> bytes:
        """Return the public key, DER; raises CredentialKeyMissing."""
        ...

    def private(self, election: ElectionId, style: StyleId) -> SigningKey:
        """Return the private key; raises CredentialKeyMissing."""
        ...
