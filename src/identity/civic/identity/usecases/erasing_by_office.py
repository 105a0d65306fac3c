"""What staff do where the law requires an erasure that nobody asks for, as of somebody who died.

Whoever was ever accepted is kept, also off the roll. As with all that the office does of its own
accord, one member of staff proposes it and another decides, for a reason. Who is on the roll is
taken off it first; who waits for a decision, or has restricted the processing, is not erased.
"""

from dataclasses import replace

from civic.contracts.events import ErasureDecided
from civic.contracts.trace import TraceContext
from civic.identity.errors import ReasonNeeded, ReviewOutdated
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import ERASING, StaffView
from civic.identity.model.review import Judgement, Opinion
from civic.identity.usecases.review import (
    Review,
    agree,
    require_erasable,
    standing_case,
    was_decided,
)


def order_erasure(
    review: Review, record: RecordId, judgement: Judgement, by: str, trace: TraceContext
) -> bool:
    """Add an opinion on a case; once enough people agree, order the erasure.

    The low-security store decides whether the row is still the one that they agreed about, and the
    case is closed with the erasure. Until then, whoever agrees again orders it again.

    Args:
        review: What the review works with.
        record: What was looked at; an opinion on an older revision does not count.
        judgement: A rejection with a reason, and with ``erase``.
        by: The member of staff.
        trace: The trace of the request.

    Returns:
        Whether it was ordered; otherwise another person has to agree.

    Raises:
        RegistrationNotFound: There is no such case.
        RegistrationRestricted: The data subject has restricted the processing.
        ReviewOutdated: The case was corrected, decided or erased in the meantime.
        ReasonNeeded: The judgement has no reason.
        NotToBeErased: The person is on the roll, or waits for a decision or a review.
    """
    # An erasure does not depend on who else is accepted.
    judgement = replace(judgement, beside=frozenset())
    case, row = standing_case(review, record.id)
    if case.record != record or row.verdict is None or was_decided(case, row):
        raise ReviewOutdated
    if judgement.reason is None:
        raise ReasonNeeded
    require_erasable(row, judgement)
    now = review.clock()
    if not agree(review, case, row, Opinion.on(judgement, by, now), review.people_needed):
        return False
    review.requests.note_view(StaffView(record.id, now, by, ERASING))
    order = ErasureDecided(
        id=record.id,
        requested_at=now,
        access_digest=row.access_digest,
        revision=record.revision,
        restriction=row.restriction,
        round=row.verdict.round,
        traceparent=trace.traceparent,
    )
    review.events.publish([order])
    return True
