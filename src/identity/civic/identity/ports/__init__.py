"""What the use cases need from the outside world.

Every method may raise ``StoreUnavailable`` or ``KeyServiceUnavailable``: the call may or may not
have had its effect, and the caller lets the error propagate to a retry.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from civic.contracts.events import Cohort
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    SubjectKey,
    WrappedKey,
)
from civic.identity.model.likeness import Comparison
from civic.identity.model.pairs import Kinds
from civic.identity.model.requests import History, RequestKind, StaffView, SubjectRequest
from civic.identity.model.review import Opinion, ReviewCase
from civic.identity.model.rows import DecisionRow, Malformed, Tombstone, VaultRow


class SubjectKeyStore(Protocol):
    """One wrapped subject key per registration and revision."""

    def put(self, row: StoredSubjectKey) -> None:
        """Add a key.

        Raises:
            RevisionTaken: There is one for this revision already; it is unchanged.
        """
        ...

    def get(self, record: RecordId) -> StoredSubjectKey | None:
        """Return the row, or None if it was never there or has been destroyed."""
        ...

    def owners(self, registration: RegistrationId) -> dict[Revision, AccessDigest]:
        """Return under which digest each revision was claimed, in order, without any key."""
        ...

    def delete(self, record: RecordId) -> None:
        """Destroy one key; no error if it is not there."""
        ...


class KeyWrapper(Protocol):
    """Wraps subject keys under the public half of the wrapping pair; cannot unwrap."""

    def wrap(
        self, key: SubjectKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> WrappedKey:
        """Return the wrapped key, bound to the registration, the purpose and the access digest.

        Raises:
            WrappingKeyMissing: No wrapping pair has been made yet.
        """
        ...


class KeyUnwrapper(Protocol):
    """Unwraps subject keys with the private half, which only KMS can open."""

    def unwrap(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> SubjectKey:
        """Return the subject key.

        One that was wrapped before keys were bound to digests opens under any digest, until the
        custodian has bound it. A bound one cannot be made to look like that: what it is bound to is
        authenticated under a key that only the unwrapper has.

        Raises:
            WrappingKeyMissing: The wrapping key version is not known.
            KeyRefused: The blob is altered or uncommitted, or it is bound to another registration
                or to another digest.
        """
        ...

    def is_bound(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> bool:
        """Return whether a blob claims to be bound to exactly these, without opening it."""
        ...


class DecisionStore(Protocol):
    """The low-security store.

    Every decision states the ``restriction`` count under which it was made; if the data subject has
    changed the count since, nothing is written and the current row is returned. The same holds of a
    row that was accepted or paired meanwhile, if the decision does not say so, and of the access
    digest, also for ``note_pending``: the first row of a registration fixes it, and only an erasure
    ends that.
    """

    def get(self, registration: RegistrationId) -> DecisionRow | Tombstone | None:
        """Return what is there."""
        ...

    def note_pending(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        """Note a revision as pending, unless the same or a later one is known, or it is erased.

        Of the row given only what concerns the revision is written, and the time of creation if
        there is no row yet. An acceptance, a ruling, a restriction and a request for a review stay
        as they are.

        Returns:
            None if the row was written, otherwise what stands in the way.
        """
        ...

    def decide(
        self, row: DecisionRow, joining: Comparison | None = None
    ) -> DecisionRow | Tombstone | None:
        """Write a verdict, unless this revision has one, a later one is known, or it is erased.

        With a comparison the registration is listed beside the others in the same transaction.

        Returns:
            None if the row was written, otherwise what stands in the way.

        Raises:
            ListingChanged: The listing is no longer as it was read; nothing was written.
        """
        ...

    def overrule(
        self,
        row: DecisionRow,
        joining: Comparison | None = None,
        apart: Mapping[RegistrationId, Kinds] | None = None,
    ) -> bool:
        """Write a verdict of people over one of an earlier round of the same revision.

        With a comparison the registration is listed as by ``decide``. With those of whom people
        have said that they are somebody else, no pair of the row is open any more.

        Returns:
            False if there is no such verdict to write over; nothing was written then.

        Raises:
            ListingChanged: The listing is no longer as it was read; nothing was written.
        """
        ...

    def release(self, row: DecisionRow) -> bool:
        """Write that nobody is left with whom to compare somebody; False if the row has changed."""
        ...

    def renew(self, row: DecisionRow, joining: Comparison | None = None) -> bool:
        """Write what an acceptance says anew; False if the row has changed otherwise.

        Raises:
            ListingChanged: Somebody was accepted, or left, since the comparison.
        """
        ...

    def restrict(self, row: DecisionRow, at: datetime) -> bool:
        """Add one to the restriction count of a row; False if it is no longer as given."""
        ...

    def contest(self, registration: RegistrationId, decided: datetime) -> bool:
        """Note that the decision made then is contested; False if it is unknown or erased."""
        ...

    def retire(self, row: DecisionRow, grave: Tombstone) -> bool:
        """Replace exactly this row with a tombstone; False if it is no longer as given."""
        ...

    def bury(self, grave: Tombstone) -> DecisionRow | Tombstone | None:
        """Replace a row with a tombstone; of two tombstones the earlier stays.

        The row must be under the same access digest, and not have begun after the time of the
        tombstone: then it is another life. The tombstone does not expire.

        It must say where the row was listed, so that it is still known what to take out.

        Returns:
            None if the tombstone was written, otherwise what stands in the way.
        """
        ...

    def unlisted(self, grave: Tombstone) -> None:
        """Note that somebody is listed nowhere any more; no error if it is another tombstone."""
        ...


class RetentionCalendar(Protocol):
    """The low-security store, for finding registrations whose retention has ended."""

    def ended(self, rejected_before: datetime) -> Iterator[DecisionRow | Malformed]:
        """Return the rows whose retention has ended, if rejections before then are not kept.

        A rejected row that cannot be read is among them as such.
        """
        ...


class PiiVault(Protocol):
    """The high-security store."""

    def get(self, registration: RegistrationId) -> VaultRow | Tombstone | None:
        """Return what is there."""
        ...

    def store(self, row: VaultRow) -> VaultRow | Tombstone | None:
        """Write a revision, unless the same or a later one is there, or it is erased.

        A row under another access digest is not replaced by any revision.

        Returns:
            None if the row was written, otherwise what stands in the way.
        """
        ...

    def bury(self, grave: Tombstone) -> None:
        """Replace the row with a tombstone; of two tombstones the earlier stays."""
        ...


class Cohorts(Protocol):
    """The joins of analytics, for showing somebody what is held of them there."""

    def get(self, registration: RegistrationId) -> Cohort | None:
        """Return somebody's cohort; None if analytics has heard of no decision, or forgot them."""
        ...


class RequestLog(Protocol):
    """What data subjects asked for, when it was answered, and which staff saw their record."""

    def note_request(self, request: SubjectRequest) -> SubjectRequest:
        """Note a request; if an earlier one is not answered yet, it counts as a repetition of that.

        Returns:
            The request as noted, with the time it was first received.
        """
        ...

    def complete(
        self,
        registration: RegistrationId,
        kind: RequestKind,
        at: datetime,
        up_to: Revision | None = None,
    ) -> None:
        """Note that open requests of a kind were answered; no error if there is none.

        Args:
            registration: Whose requests.
            kind: Which of them.
            at: When they were answered.
            up_to: Of rectifications, only those up to this revision.
        """
        ...

    def lapse(self, registration: RegistrationId, at: datetime) -> None:
        """Note that every open request has lapsed: nothing is left to answer it about."""
        ...

    def note_view(self, view: StaffView) -> None:
        """Note that a member of staff is about to open a record, or to propose something."""
        ...

    def history(self, registration: RegistrationId) -> History:
        """Return everything noted about a registration."""
        ...


class RequestCalendar(Protocol):
    """The request log, for finding requests that are overdue."""

    def overdue(self, now: datetime) -> Iterator[SubjectRequest | Malformed]:
        """Return the open requests whose due date has passed, also those that cannot be read."""
        ...


class ErasureLedger(Protocol):
    """Which erasures were asked for, and which stores have confirmed them."""

    def note_request(
        self,
        registration: RegistrationId,
        requested_at: datetime,
        digest: AccessDigest,
        expires: datetime,
    ) -> ErasureRecord:
        """Note a request and return the entry; of several requests the earliest counts.

        An entry with a receipt says what the receipt says, and no longer changes.
        """
        ...

    def confirm(
        self, registration: RegistrationId, stores: Sequence[ErasureStore], at: datetime
    ) -> ErasureRecord:
        """Note that stores have erased and return the entry; each store's first answer counts.

        An entry with a receipt no longer changes. One whose request never comes expires after
        ``UNREQUESTED_LIFETIME``.
        """
        ...

    def seal(self, registration: RegistrationId, receipt: SignedReceipt, expires: datetime) -> None:
        """Keep the receipt, unless there is one already, and the entry until it expires."""
        ...

    def get(self, registration: RegistrationId) -> ErasureRecord | None:
        """Return an entry, None if there is none, or nobody asked for it."""
        ...

    def page(self, cursor: str | None, size: int) -> tuple[list[ErasureRecord], str | None]:
        """Return up to ``size`` entries and the cursor of the next page, None at the end.

        Those that nobody asked for are left out.
        """
        ...


class ErasureCount(Protocol):
    """Counts entries of the erasure ledger without reading any of them."""

    def completed(self, before: datetime, since: datetime) -> int:
        """Return how many erasures every store had confirmed before a given time.

        Args:
            before: That time, a midnight in UTC.
            since: Only erasures that were asked for from then on are counted; a midnight too.
        """
        ...


class ReceiptSigner(Protocol):
    """Signs erasure receipts with a key that never leaves KMS."""

    def public_key(self) -> bytes:
        """Return the public key, DER."""
        ...

    def sign(self, document: bytes) -> bytes:
        """Return the signature of a document (see ``SignedReceipt``)."""
        ...


class ReviewQueue(Protocol):
    """The registrations that wait for a person's decision."""

    def add(self, case: ReviewCase) -> None:
        """Note a case, unless there is one of the same or a later revision and round.

        It is whose the one was that it takes the place of, if ``ReviewCause`` says so.
        """
        ...

    def bring_up(self, case: ReviewCase) -> None:
        """Note a case of the office.

        If one of the same revision and round waits, that is the office's from then on, with its
        opinions and its time. One of a later revision stays as it is.
        """
        ...

    def carry_over(self, case: ReviewCase, revision: Revision) -> None:
        """Take a data subject's or the office's case to what was decided on a later revision.

        It goes without the opinions. No error if it is gone, or of another revision by now.
        """
        ...

    def get(self, registration: RegistrationId) -> ReviewCase | None:
        """Return a case, None if there is none."""
        ...

    def waiting(self) -> Iterator[ReviewCase]:
        """Return every case."""
        ...

    def opine(self, case: ReviewCase, opinion: Opinion) -> ReviewCase | None:
        """Add an opinion to a case; None if the case is of another revision or gone."""
        ...

    def close(self, registration: RegistrationId, up_to: Revision | None = None) -> None:
        """Remove a case; no error if there is none.

        Args:
            registration: Whose case.
            up_to: A case of a later revision is left where it is.
        """
        ...
