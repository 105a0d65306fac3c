"""What the two stores hold of a registration, and what is left after an erasure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from civic.contracts.events import Decision, Reason, SealedFields
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import AccessDigest, RecordId


class Status(StrEnum):
    """How far the newest revision of a registration has come."""

    PENDING = "pending"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one revision, as it is kept and published."""

    decision: Decision
    reasons: tuple[Reason, ...]
    rule_set: str
    round: int = 0
    """0 if the rules decided, n if people did so for the n-th time."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A row of the low-security store: no personal data, nothing derived from it."""

    record: RecordId
    access_digest: AccessDigest
    created: datetime
    updated: datetime
    verdict: Verdict | None = None
    restriction: int = 0
    """Counts the data subject's changes: odd is restricted, even is not (GDPR Art. 18)."""
    restriction_changed: datetime | None = None
    """When the data subject last did so; a write of the row may leave it out, being later."""
    contested: datetime | None = None
    """The ``updated`` of the row that the data subject wants people to look at (GDPR Art. 22(3)).

    A correction that is not accepted has its own, as the request goes on with it.
    """
    accepted_before: bool = False
    """An earlier revision was accepted."""

    @property
    def restricted(self) -> bool:
        """Whether nothing may be done with the registration except keep it."""
        return self.restriction % 2 == 1

    @property
    def waits_for_people(self) -> bool:
        """Whether the data subject waits for people to decide.

        They have decided if the row is no longer the one that was contested.
        """
        return self.contested == self.updated

    @property
    def accepted(self) -> bool:
        """Whether this revision is accepted."""
        return self.verdict is not None and self.verdict.decision == Decision.ACCEPTED

    @property
    def ever_accepted(self) -> bool:
        """Whether this revision is accepted or an earlier one was."""
        return self.accepted or self.accepted_before

    @property
    def status(self) -> Status:
        """Fulfilled once there is a verdict for this revision."""
        return Status.PENDING if self.verdict is None else Status.FULFILLED

    def corrected(self, revision: Revision, at: datetime) -> "DecisionRow":
        """Return the pending row of a correction, which does not answer what was contested."""
        return replace(
            self,
            record=RecordId(self.record.id, revision),
            updated=at,
            verdict=None,
            contested=at if self.waits_for_people else None,
            accepted_before=self.ever_accepted,
        )

    def after(self, known: "DecisionRow") -> "DecisionRow":
        """Return the row as it is to be written over an earlier revision that has changed."""
        return replace(
            self,
            restriction=known.restriction,
            restriction_changed=known.restriction_changed,
            contested=self.updated if known.waits_for_people and not self.accepted else None,
            accepted_before=known.ever_accepted,
        )

    def forgets(self, known: "DecisionRow") -> bool:
        """Return whether this row, written over that one, would lose what ``after`` keeps of it."""
        unaccepted = known.ever_accepted and not self.accepted_before
        unanswered = known.waits_for_people and not (self.accepted or self.waits_for_people)
        return unaccepted or unanswered


@dataclass(frozen=True, slots=True)
class VaultRow:
    """A row of the high-security store."""

    record: RecordId
    access_digest: AccessDigest
    sealed: SealedFields
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What an erasure leaves so that a late or replayed event finds it and does nothing.

    Of several requests the earliest counts, in whatever order they arrive. The access digest is
    kept in the low-security store only: a citizen who repeats a DELETE whose answer was lost gets
    the same answer. It is the hash of an unguessable token. That tombstone does not expire, so that
    no id is ever used for a second registration.
    """

    id: RegistrationId
    erased_at: datetime
    expires: datetime | None = None
    access_digest: AccessDigest | None = None
