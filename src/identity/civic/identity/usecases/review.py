"""What staff do: look at what the rules could not decide, or a person contests, and decide it.

Source: GDPR Art. 22(3). Each look at a record is logged before it is opened (Art. 5(2), 15(1)(c)).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from civic.contracts.events import Decision, Reason, ReviewDecided
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock, EventPublisher
from civic.contracts.trace import TraceContext
from civic.identity.errors import (
    AnotherPersonNeeded,
    AreaNeeded,
    AreaUnknown,
    DigestsDisagree,
    KeyRefused,
    ListingChanged,
    NotToBeErased,
    NotYetStored,
    ReasonNeeded,
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
    SealError,
)
from civic.identity.model.announcing import announced
from civic.identity.model.codes import Code
from civic.identity.model.eligibility import is_settled, lives_in, placement_of, settled_areas
from civic.identity.model.keys import RecordId
from civic.identity.model.likeness import Comparison
from civic.identity.model.opened import Opened
from civic.identity.model.pairs import Kinds
from civic.identity.model.placement import Placement
from civic.identity.model.registration import Registration
from civic.identity.model.requests import COMPARING, PROPOSING, RequestKind, StaffView
from civic.identity.model.retention import may_be_erased
from civic.identity.model.review import (
    DECIDED_BY_PEOPLE,
    TWO_PEOPLE,
    Judgement,
    Opinion,
    ReviewCase,
    ReviewCause,
)
from civic.identity.model.rows import DecisionRow, Tombstone, Verdict
from civic.identity.model.rules import RuleSet
from civic.identity.model.subdivisions import exists
from civic.identity.ports import DecisionStore, RequestLog, ReviewQueue
from civic.identity.ports.areas import AreaBook
from civic.identity.ports.likenesses import Likenesses
from civic.identity.usecases.access import Records, open_record
from civic.identity.usecases.comparing import compare, everybody, in_common, still_paired

_MOST_BESIDE = 5
"""So many records are opened beside that of a case; the others are named."""


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
    areas: AreaBook
    likenesses: Likenesses


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case with the opened record and the current decision."""

    case: ReviewCase
    registration: Registration
    decision: DecisionRow
    beside: Mapping[RegistrationId, Registration | None]
    """With whom the person is to be compared; a record only if it may be opened."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many cases wait for a person, and how many of them for too long."""

    waiting: int
    overdue: int
    pairs: int
    """How many are about whether two registrations are of one person."""


def list_cases(review: Review) -> Iterator[ReviewCase]:
    """Return the cases that wait, without opening any; those that are outdated are put right."""
    for case in review.queue.waiting():
        row = review.decisions.get(case.record.id)
        if _is_outdated(case, row):
            _put_right(review, case, row)
        elif (
            isinstance(row, DecisionRow)
            and row.record == case.record
            and not row.restricted
            and not _is_pointless(review, case, row)
        ):
            yield case


def put_cases_right(review: Review) -> Backlog:
    """Do what a list does with outdated cases, when nobody lists any."""
    now = review.clock()
    cases = list(list_cases(review))
    return Backlog(
        waiting=len(cases),
        overdue=sum(case.due_at < now for case in cases),
        pairs=sum(case.cause is ReviewCause.PAIR for case in cases),
    )


def _is_pointless(review: Review, case: ReviewCase, row: DecisionRow) -> bool:
    """Release somebody with whom nobody is left to be compared; return whether that was all."""
    if not row.pairs.open or still_paired(review.decisions, row):
        return False
    review.decisions.release(row)
    if case.cause is not ReviewCause.PAIR:
        return False
    review.queue.close(case.record.id, case.record.revision)
    return True


def _is_outdated(case: ReviewCase, row: DecisionRow | Tombstone | None) -> bool:
    """Return whether the decision that a case is about no longer stands."""
    if not isinstance(row, DecisionRow):
        return True
    if row.record != case.record:
        return row.record.revision > case.record.revision
    return was_decided(case, row)


def was_decided(case: ReviewCase, row: DecisionRow) -> bool:
    """Return whether people have decided a case, and then failed to close it."""
    if row.verdict is None:
        return False
    if case.round is None:
        return row.verdict.round > 0 and row.updated > case.since
    return row.verdict.round > case.round


def _put_right(review: Review, case: ReviewCase, row: DecisionRow | Tombstone | None) -> None:
    """Close an outdated case; one that a correction has not answered goes on with that."""
    of_the_office = case.cause is ReviewCause.OFFICE
    if (
        isinstance(row, DecisionRow)
        and row.record != case.record
        and (of_the_office or row.pairs.open or _is_asked_for(review, case))
    ):
        if row.verdict is None:
            # What becomes of the correction will tell.
            return
        # No correction settles what the office has brought up, nor makes two people of one.
        if of_the_office or row.pairs.open or row.verdict.decision != Decision.ACCEPTED:
            if row.pairs.open:
                case = replace(case, cause=ReviewCause.PAIR.after(case.cause))
            review.queue.carry_over(case, row.record.revision)
            return
    if isinstance(row, DecisionRow):
        # What was erased is not answered: its requests lapse with the erasure.
        review.requests.complete(case.record.id, RequestKind.REVIEW, review.clock())
    review.queue.close(case.record.id, case.record.revision)


def _is_asked_for(review: Review, case: ReviewCase) -> bool:
    """Return whether the data subject has asked for a person, and waits for the answer."""
    requests = review.requests.history(case.record.id).requests
    return any(one.kind is RequestKind.REVIEW and one.is_open for one in requests)


def propose(review: Review, registration: RegistrationId, judgement: Judgement, by: str) -> None:
    """Bring up a case of the office: somebody is to be taken off the roll, or put back.

    Nothing is opened, and nothing decided: another person looks at the record and agrees, or not.
    Who proposes is in the log, for the controller to see once the case is closed. Repeating it
    changes nothing else.

    Raises:
        RegistrationNotFound: There is no such registration.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: It is not decided yet, or was corrected, decided or erased meanwhile.
        ReasonNeeded: The judgement has no reason.
        AreaUnknown: There is no such area.
        NotToBeErased: They are to be erased, but on the roll, or wait for something.
    """
    row = review.decisions.get(registration)
    if not isinstance(row, DecisionRow):
        raise RegistrationNotFound
    if row.restricted:
        raise RegistrationRestricted
    if row.verdict is None:
        raise ReviewOutdated
    if judgement.reason is None:
        raise ReasonNeeded
    require_erasable(row, judgement)
    _require_known_areas(review, judgement)
    now = review.clock()
    case = ReviewCase(row.record, now, ReviewCause.OFFICE, round=row.verdict.round)
    review.requests.note_view(StaffView(registration, now, by, PROPOSING))
    review.queue.bring_up(case)
    there, _ = standing_case(review, registration)
    opinion = Opinion.on(judgement, by, now)
    if all(one.judgement != judgement or one.by != by for one in there.newest):
        review.queue.opine(there, opinion)


def show_case(review: Review, registration: RegistrationId, by: str) -> OpenedCase:
    """Open the record of a case.

    Raises:
        AnotherPersonNeeded: Only this member of staff has brought it up.
        RegistrationNotFound: There is no such case.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: The case was corrected, decided or erased in the meantime.
        DigestsDisagree: The rows do not agree on whose record it is; nothing was opened.
        NotYetStored: The corrected record is still on its way to the store.
    """
    case, row = standing_case(review, registration)
    if was_decided(case, row):
        raise ReviewOutdated
    if case.was_proposed_by(by):
        raise AnotherPersonNeeded
    opened = _open(review, row, StaffView(registration, review.clock(), by, "review"))
    others = everybody(review.decisions, row, _compared(review, row))
    opened_beside = {one: _beside(review, one, by) for one in others[:_MOST_BESIDE]}
    beside = dict.fromkeys(others) | opened_beside
    return OpenedCase(case, opened.registration, row, beside)


def _compared(review: Review, row: DecisionRow) -> Comparison | None:
    """Compare somebody with others, by the likeness in their row.

    Who was decided by an earlier release has none.
    """
    if row.likeness is None:
        return None
    return compare(review.decisions, review.likenesses, row.likeness, row.record.id, row)


def _beside(review: Review, other: RegistrationId, by: str) -> Registration | None:
    """Open the record that a case is to be compared with; its person finds that logged too."""
    row = review.decisions.get(other)
    if not isinstance(row, DecisionRow) or row.restricted:
        return None
    review.requests.note_view(StaffView(other, review.clock(), by, COMPARING))
    try:
        opened, _ = open_record(review.records, other, row.access_digest)
    except (RegistrationNotFound, DigestsDisagree, SealError, KeyRefused):
        # It is named, and the case is decided without it; its own person is told what is wrong.
        return None
    return opened.registration


def decide_case(
    review: Review,
    record: RecordId,
    judgement: Judgement,
    by: str,
    trace: TraceContext,
) -> DecisionRow | None:
    """Add a person's opinion on a case; once enough people agree, it becomes the decision.

    A case that was decided, but not closed, is not decided again: the same decision is announced
    once more and the case closed, another one is refused.

    Args:
        review: What the review works with.
        record: What was looked at; an opinion on an older revision does not count.
        judgement: Accepted or rejected; the areas of whom is accepted, where the address does not
            settle them.
        by: The member of staff.
        trace: The trace of the request.

    Returns:
        The decision, or None while another person has to agree.

    Raises:
        RegistrationNotFound: There is no such case.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: The case was corrected, decided or erased in the meantime.
        ReasonNeeded: The case is not of the person's asking, and the judgement does not say why.
        AreaNeeded: They are to be accepted, and nothing says in which areas they vote.
        AreaUnknown: There is no such area.
        DigestsDisagree: The rows do not agree on whose record it is; nothing was opened.
        NotYetStored: The corrected record is still on its way to the store.
    """
    case, row = standing_case(review, record.id)
    if case.record != record:
        raise ReviewOutdated
    if case.needs_reason(judgement):
        raise ReasonNeeded
    _require_areas(review, row, judgement)
    now = review.clock()
    known = was_decided(case, row)
    opinion = Opinion.on(judgement, by, now)
    compared = None if known else _compared(review, row)
    others = everybody(review.decisions, row, compared)
    decided = row if known else _settled(review, case, row, opinion, others)
    if decided is None:
        return None
    verdict = decided.verdict
    if verdict is None or verdict.decision != judgement.decision:
        raise ReviewOutdated
    # Where a person belongs is announced with every decision, and only the record has it.
    opened = _open(review, row, StaffView(record.id, now, by, "decision"))
    settled = judgement.areas or row.areas_settled(opened.fingerprints)
    if known:
        settled = settled_areas(decided, opened.fingerprints)
    placement = _placed(review, opened, decided, settled)
    if not known:
        decided = decided.ruled(opened.fingerprints, placement, settled)
        apart = in_common(review.decisions, row, others) if decided.accepted else None
        decided = _overruled(review, decided, compared, apart)
    made = announced(decided, verdict, placement, trace.traceparent)
    review.events.publish([ReviewDecided(results=(made,))])
    # The case is closed last: until then, anyone who finds it can finish what was interrupted.
    review.requests.complete(record.id, RequestKind.REVIEW, now)
    review.queue.close(record.id, record.revision)
    return decided


def _overruled(
    review: Review,
    decided: DecisionRow,
    compared: Comparison | None,
    apart: Mapping[RegistrationId, Kinds] | None,
) -> DecisionRow:
    """Write what people decided; whoever they accept is listed beside those they compared.

    Whoever they reject stays a pair with the other: if they look again, they see both again.
    """
    joining = compared if decided.accepted else None
    try:
        written = review.decisions.overrule(decided, joining, apart)
    except ListingChanged:
        # Somebody else was accepted meanwhile, with whom nobody has compared this one.
        raise ReviewOutdated from None
    if not written:
        raise ReviewOutdated
    return decided if joining is None else decided.joined(joining)


def _placed(
    review: Review, opened: Opened, decided: DecisionRow, settled: tuple[str, ...]
) -> Placement:
    """Return where somebody belongs; who is to be accepted has to belong somewhere."""
    page = review.areas.page(opened.registration.address)
    home = lives_in(opened.registration, page, settled)
    if decided.accepted and not is_settled(opened.registration, home, review.rules):
        raise AreaNeeded
    return placement_of(opened.registration, review.rules, home, decided.updated)


def agree(
    review: Review, case: ReviewCase, row: DecisionRow, opinion: Opinion, people: int
) -> bool:
    """Add an opinion to a case; return whether so many people, or more if need be, agree on it.

    Raises:
        ReviewOutdated: The case was closed, or is of a later revision.
    """
    opined = review.queue.opine(case, opinion)
    if opined is None:
        raise ReviewOutdated
    on_the_roll = row.acceptance is not None
    return opined.settled(opinion.judgement, people, on_the_roll=on_the_roll)


def _settled(
    review: Review,
    case: ReviewCase,
    row: DecisionRow,
    opinion: Opinion,
    others: tuple[RegistrationId, ...],
) -> DecisionRow | None:
    """Add an opinion; return the row with the decision on which enough people then agree."""
    if row.verdict is None or set(opinion.beside) != set(others):
        raise ReviewOutdated
    needed = review.people_needed
    if others:
        needed = max(needed, TWO_PEOPLE)
    if not agree(review, case, row, opinion, needed):
        return None
    codes = (DECIDED_BY_PEOPLE, *((opinion.reason,) if opinion.reason else ()))
    reasons = tuple(Reason(code=code, pointer="") for code in codes)
    verdict = Verdict(opinion.decision, reasons, row.verdict.rule_set, row.verdict.round + 1)
    return replace(row, updated=opinion.at, verdict=verdict, contested=None)


def require_erasable(row: DecisionRow, judgement: Judgement) -> None:
    """Refuse to erase anybody but who is off the roll, and to stay off it.

    Raises:
        NotToBeErased: The judgement says otherwise.
    """
    rejected = judgement.decision is Decision.REJECTED
    if judgement.erase and not (rejected and may_be_erased(row)):
        raise NotToBeErased


def _require_areas(review: Review, row: DecisionRow, judgement: Judgement) -> None:
    """Refuse areas that do not exist, and to accept without any whom the rules could not place."""
    _require_known_areas(review, judgement)
    reasons = row.verdict.reasons if row.verdict else ()
    unplaced = any(reason.code == Code.AREA_UNRESOLVED for reason in reasons)
    if unplaced and judgement.decision is Decision.ACCEPTED and not judgement.areas:
        raise AreaNeeded


def _require_known_areas(review: Review, judgement: Judgement) -> None:
    for area in judgement.areas:
        if not (exists(area) or area in review.rules.countries or review.areas.has(area)):
            raise AreaUnknown


def standing_case(review: Review, registration: RegistrationId) -> tuple[ReviewCase, DecisionRow]:
    """Return a case and the row that it is about.

    Raises:
        RegistrationNotFound: There is no such case.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: The registration was corrected or erased in the meantime.
    """
    case = review.queue.get(registration)
    if case is None:
        raise RegistrationNotFound
    row = review.decisions.get(registration)
    if not isinstance(row, DecisionRow) or row.record != case.record:
        raise ReviewOutdated
    if row.restricted:
        raise RegistrationRestricted
    return case, row


def _open(review: Review, decision: DecisionRow, view: StaffView) -> Opened:
    """Log a look, then open the record, which must be the one that the decision is on."""
    review.requests.note_view(view)
    opened, row = open_record(review.records, decision.record.id, decision.access_digest)
    if row.record.revision < decision.record.revision:
        raise NotYetStored
    if row.record != decision.record:
        raise ReviewOutdated
    return opened
