"""What the validator does: open in isolation, decide, write the decision, announce it."""

from dataclasses import dataclass

from civic.contracts.events import (
    Cohort,
    Decision,
    DecisionMade,
    SealedRevision,
)
from civic.contracts.ports import Clock
from civic.identity.errors import DigestsDisagree, RegistrationRestricted
from civic.identity.model.eligibility import decide
from civic.identity.model.keys import AccessDigest, RecordId, StoredSubjectKey
from civic.identity.model.registration import Registration
from civic.identity.model.review import ReviewCase, ReviewCause
from civic.identity.model.rows import DecisionRow, Tombstone, Verdict
from civic.identity.model.rules import RuleSet
from civic.identity.model.sealing import unseal
from civic.identity.ports import DecisionStore, KeyUnwrapper, ReviewQueue, SubjectKeyStore


@dataclass(frozen=True, slots=True)
class Validation:
    """What the validator's use cases work with."""

    subject_keys: SubjectKeyStore
    unwrapper: KeyUnwrapper
    decisions: DecisionStore
    reviews: ReviewQueue
    rules: RuleSet
    clock: Clock


def validate(validation: Validation, request: SealedRevision) -> DecisionMade | None:
    """Decide one revision.

    Returns:
        What to announce, also for a redelivery of a request that was decided before; None where
        the revision has been superseded or erased, or the person has restricted the processing.

    Raises:
        DigestsDisagree: The request, its key and the row are not all of the same person; it belongs
            in the dead-letter queue.
        RegistrationRestricted: The person changed the restriction during this; try again.
        SealError, KeyRefused: The request does not open; it belongs in the dead-letter queue.
    """
    record = RecordId(request.id, request.revision)
    digest = AccessDigest(request.access_digest)
    known = validation.decisions.get(request.id)
    if _stands_in_the_way(known, record):
        return None
    if isinstance(known, DecisionRow):
        _agree(known, digest)
        if known.restricted:
            _hold_back(validation.decisions, known, request)
            return None
    stored = validation.subject_keys.get(record)
    if stored is None:
        return None
    _agree(stored, digest)
    key = validation.unwrapper.unwrap(stored.wrapped, request.id, digest)
    registration = Registration.from_fields(unseal(key, record, request.sealed))
    judged = decide(registration, request.submitted_at, validation.rules)
    row = DecisionRow(
        record,
        digest,
        created=request.created_at,
        updated=validation.clock(),
        verdict=Verdict(judged.decision, judged.reasons, judged.rule_set),
    )
    if isinstance(known, DecisionRow):
        row = row.after(known)
    written = _write(validation.decisions, row)
    if written is None:
        return None
    if written.verdict and written.verdict.decision == Decision.REVIEW:
        cause = ReviewCause.DATA_SUBJECT if written.waits_for_people else ReviewCause.RULES
        validation.reviews.add(ReviewCase(record, request.submitted_at, cause))
    return _announcement(written, judged.cohort, request.traceparent)


def _hold_back(decisions: DecisionStore, known: DecisionRow, request: SealedRevision) -> None:
    """Note a revision as pending, so that it is decided when the restriction is lifted.

    The gateway does this before it acknowledges a correction, but may have died before that.
    """
    if known.record.revision >= request.revision:
        return
    there = decisions.note_pending(known.corrected(request.revision, request.submitted_at))
    if isinstance(there, DecisionRow) and there.record.revision < request.revision:
        raise RegistrationRestricted


def _stands_in_the_way(known: DecisionRow | Tombstone | None, record: RecordId) -> bool:
    if isinstance(known, DecisionRow):
        return known.record.revision > record.revision
    return known is not None


def _agree(row: DecisionRow | StoredSubjectKey, digest: AccessDigest) -> None:
    if row.access_digest != digest:
        raise DigestsDisagree


def _write(decisions: DecisionStore, row: DecisionRow) -> DecisionRow | None:
    """Write a decision; return the one that counts for this revision, None if there is none.

    One that was made earlier may not have been announced yet.
    """
    while True:
        known = decisions.decide(row)
        if known is None:
            return row
        if isinstance(known, Tombstone) or _stands_in_the_way(known, row.record):
            return None
        _agree(known, row.access_digest)
        if known.restricted:
            raise RegistrationRestricted
        if known.record == row.record and known.verdict is not None:
            return known
        # The data subject restricted and lifted again since we looked, or an earlier revision was
        # accepted.
        row = row.after(known)


def _announcement(row: DecisionRow, cohort: Cohort, traceparent: str) -> DecisionMade | None:
    if row.verdict is None:
        return None
    return DecisionMade(
        id=row.record.id,
        revision=row.record.revision,
        decision=row.verdict.decision,
        reasons=row.verdict.reasons,
        rule_set=row.verdict.rule_set,
        decided_at=row.updated,
        round=row.verdict.round,
        restriction=row.restriction,
        cohort=cohort,
        access_digest=row.access_digest,
        traceparent=traceparent,
    )
