"""What staff do: look at what the rules could not decide, or a person contests, and decide it.

Source: GDPR Art. 22(3). Each look at a record is logged before it is opened (Art. 5(2), 15(1)(c)).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from civic.contracts.events import Decision, DecisionMade, Reason, ReviewDecided
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock, EventPublisher
from civic.contracts.trace import TraceContext
from civic.identity.errors import (
    NotYetStored,
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
)
from civic.identity.model.eligibility import cohort_of
from civic.identity.model.keys import RecordId
from civic.identity.model.registration import Registration
from civic.identity.model.requests import RequestKind, StaffView
from civic.identity.model.review import DECIDED_BY_PEOPLE, Opinion, ReviewCase
from civic.identity.model.rows import DecisionRow, Verdict
from civic.identity.model.rules import RuleSet
from civic.identity.ports import DecisionStore, RequestLog, ReviewQueue
from civic.identity.usecases.access import Records, open_record


@dataclass(frozen=True, slots=True)
class Review:
    """What these use cases work with."""

    queue: ReviewQueue
    decisions: DecisionStore
    records: Records
    requests: RequestLog
    events: EventPublisher
    rules: RuleSet
    clock: Clock
    people_needed: int
    """How many must agree: 1, or 2 under the two-person rule."""


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case with the opened record and the current decision."""

    case: ReviewCase
    registration: Registration
    decision: DecisionRow


def list_cases(review: Review) -> Iterator[ReviewCase]:
    """Return the cases that wait, without opening any.

    Those that are outdated are closed: the decision that was contested no longer stands.
    """
    for case in review.queue.waiting():
        row = review.decisions.get(case.record.id)
        if isinstance(row, DecisionRow) and row.record == case.record:
            if not row.restricted:
                yield case
        elif not (isinstance(row, DecisionRow) and row.record.revision < case.record.revision):
            review.requests.complete(case.record.id, RequestKind.REVIEW, review.clock())
            review.queue.close(case.record.id, case.record.revision)


def show_case(review: Review, registration: RegistrationId, by: str) -> OpenedCase:
    """Open the record of a case.

    Raises:
        RegistrationNotFound: There is no such case.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: The case was corrected or erased in the meantime.
        DigestsDisagree: The rows do not agree on whose record it is; nothing was opened.
        NotYetStored: The corrected record is still on its way to the store.
    """
    case, row = _standing(review, registration)
    opened = _open(review, row, StaffView(registration, review.clock(), by, "review"))
    return OpenedCase(case, opened, row)


def decide_case(
    review: Review,
    record: RecordId,
    decision: Decision,
    by: str,
    trace: TraceContext,
) -> DecisionRow | None:
    """Add a person's opinion on a case; once enough people agree, it becomes the decision.

    Args:
        review: What the review works with.
        record: What was looked at; an opinion on an older revision does not count.
        decision: Accepted or rejected.
        by: The member of staff.
        trace: The trace of the request.

    Returns:
        The decision, or None while another person has to agree.

    Raises:
        RegistrationNotFound: There is no such case.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: The case was corrected, decided or erased in the meantime.
        DigestsDisagree: The rows do not agree on whose record it is; nothing was opened.
        NotYetStored: The corrected record is still on its way to the store.
    """
    case, row = _standing(review, record.id)
    if case.record != record:
        raise ReviewOutdated
    now = review.clock()
    opined = review.queue.opine(case, Opinion(by, decision, now))
    if opined is None:
        raise ReviewOutdated
    if not opined.settled(decision, review.people_needed):
        return None
    if row.verdict is None:
        raise ReviewOutdated
    by_people = Reason(code=DECIDED_BY_PEOPLE, pointer="")
    verdict = Verdict(decision, (by_people,), row.verdict.rule_set, row.verdict.round + 1)
    decided = replace(row, updated=now, verdict=verdict, contested=None)
    # Analytics gets the cohort with every decision, and only the record has it.
    opened = _open(review, row, StaffView(record.id, now, by, "decision"))
    if not review.decisions.overrule(decided):
        raise ReviewOutdated
    made = DecisionMade(
        id=record.id,
        revision=record.revision,
        decision=verdict.decision,
        reasons=verdict.reasons,
        rule_set=verdict.rule_set,
        decided_at=now,
        round=verdict.round,
        cohort=cohort_of(opened, review.rules),
        access_digest=row.access_digest,
        traceparent=trace.traceparent,
    )
    review.events.publish([ReviewDecided(results=(made,))])
    # The case is closed last: until then, anyone who finds it can finish what was interrupted.
    review.requests.complete(record.id, RequestKind.REVIEW, now)
    review.queue.close(record.id, record.revision)
    return decided


def _standing(review: Review, registration: RegistrationId) -> tuple[ReviewCase, DecisionRow]:
    case = review.queue.get(registration)
    if case is None:
        raise RegistrationNotFound
    row = review.decisions.get(registration)
    if not isinstance(row, DecisionRow) or row.record != case.record:
        raise ReviewOutdated
    if row.restricted:
        raise RegistrationRestricted
    return case, row


def _open(review: Review, decision: DecisionRow, view: StaffView) -> Registration:
    """Log a look, then open the record, which must be the one that the decision is on."""
    review.requests.note_view(view)
    opened, row = open_record(review.records, decision.record.id, decision.access_digest)
    if row.record.revision < decision.record.revision:
        raise NotYetStored
    if row.record != decision.record:
        raise ReviewOutdated
    return opened
