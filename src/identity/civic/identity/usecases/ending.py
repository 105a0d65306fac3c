"""How registrations end: the low-security store decides it, once, and all other stores follow.

Whoever orders an erasure only asks for it. One conditional write replaces the row with a tombstone
if the order is about that row, and what is announced is what the store has then: a tombstone, or
nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from civic.contracts.events import DataChange, ErasureDecided, ErasureOrdered, RetentionEnded
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock
from civic.identity.model.keys import AccessDigest
from civic.identity.model.retention import has_ended, may_be_erased
from civic.identity.model.review import ReviewCause
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.ports import DecisionStore, ReviewQueue
from civic.identity.ports.likenesses import Likenesses


@dataclass(frozen=True, slots=True)
class Endings:
    """What the end of a registration is decided with."""

    decisions: DecisionStore
    reviews: ReviewQueue
    clock: Clock
    rejected: timedelta
    likenesses: Likenesses


def end(endings: Endings, order: ErasureOrdered) -> DataChange | None:
    """End a registration, if the order is about what the low-security store has.

    Returns:
        What to announce, also for an order that comes again: a later erasure of the same
        registration has the time of the first. None if it is not about what is there, so nothing
        was changed.
    """
    if isinstance(order, RetentionEnded | ErasureDecided):
        there = _as_named(endings, order)
    else:
        there = _as_asked(endings, order)
    digest = AccessDigest(order.access_digest)
    if not isinstance(there, Tombstone) or there.access_digest != digest:
        return None
    return _announced(endings, there, order.traceparent)


def bury(decisions: DecisionStore, grave: Tombstone) -> DecisionRow | Tombstone:
    """Bury a registration, noting where it is listed; return what is there then."""
    while True:
        there = decisions.bury(grave)
        if there is None or there.listed == grave.listed:
            return there or grave
        grave = replace(grave, listed=there.listed)


def end_again(
    endings: Endings, registration: RegistrationId, traceparent: str
) -> DataChange | None:
    """Return what to announce of a registration that has ended, for a store that missed it.

    It ends none: the answer is None unless there is a tombstone already.
    """
    there = endings.decisions.get(registration)
    if not isinstance(there, Tombstone):
        return None
    return _announced(endings, there, traceparent)


def _announced(endings: Endings, grave: Tombstone, traceparent: str) -> DataChange:
    endings.reviews.close(grave.id)
    if len(grave.listed) == 1:
        _leave(endings, grave)
    return DataChange(
        id=grave.id,
        at=grave.erased_at,
        access_digest=grave.access_digest,
        traceparent=traceparent,
    )


def leave(endings: Endings, registration: RegistrationId) -> None:
    """Take somebody who has ended, and of whom the roll has confirmed it, out of every listing.

    Where they have one place only, what was issued to them has marked it, and they have left it
    before; where they have several, the roll has marked them all.
    """
    there = endings.decisions.get(registration)
    if isinstance(there, Tombstone):
        _leave(endings, there)


def _leave(endings: Endings, grave: Tombstone) -> None:
    for place in grave.listed:
        endings.likenesses.leave(place.likeness, grave.id)
    if grave.listed:
        # Last: until then, whoever finds the tombstone can finish what was interrupted.
        endings.decisions.unlisted(grave)


def _as_asked(endings: Endings, order: ErasureOrdered) -> DecisionRow | Tombstone:
    """Bury the registration, and return what is there then."""
    digest = AccessDigest(order.access_digest)
    grave = Tombstone(order.id, order.requested_at, access_digest=digest)
    return bury(endings.decisions, grave)


def _as_named(
    endings: Endings, order: RetentionEnded | ErasureDecided
) -> DecisionRow | Tombstone | None:
    """Bury exactly the row that the order names, if it may end by our own clock and limits."""
    now = endings.clock()
    row = endings.decisions.get(order.id)
    if not isinstance(row, DecisionRow) or not _is_about(order, row):
        return row
    if not _may_end(endings, order, row, now):
        return row
    grave = Tombstone(order.id, now, access_digest=row.access_digest, listed=row.listed)
    return grave if endings.decisions.retire(row, grave) else endings.decisions.get(order.id)


def _may_end(
    endings: Endings, order: RetentionEnded | ErasureDecided, row: DecisionRow, now: datetime
) -> bool:
    if isinstance(order, ErasureDecided):
        return may_be_erased(row)
    return has_ended(row, now - endings.rejected) and not _is_under_review(endings.reviews, row)


def _is_about(order: RetentionEnded | ErasureDecided, row: DecisionRow) -> bool:
    seen = (row.record.revision, row.restriction, row.verdict.round if row.verdict else 0)
    named = (order.revision, order.restriction, order.round)
    return named == seen and order.access_digest == row.access_digest


def _is_under_review(reviews: ReviewQueue, row: DecisionRow) -> bool:
    """Return whether people are to look at it for the data subject, or of their own accord.

    Rows do not say the latter, and old ones not the former either. The case may still be that of
    an earlier revision, before ``review`` has put it right. One of the rules asks for what the
    rejection has answered.
    """
    case = reviews.get(row.record.id)
    return case is not None and case.cause is not ReviewCause.RULES
