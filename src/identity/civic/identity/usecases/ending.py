"""How registrations end: the low-security store decides it, once, and all other stores follow.

Whoever orders an erasure only asks for it. One conditional write replaces the row with a tombstone
if the order is about that row, and what is announced is what the store has then: a tombstone, or
nothing.
"""

from dataclasses import dataclass

from civic.contracts.events import DataChange, ErasureOrdered
from civic.contracts.identifiers import RegistrationId
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.model.keys import AccessDigest
from civic.identity.model.rows import Tombstone, tombstone
from civic.identity.ports import DecisionStore, ReviewQueue


@dataclass(frozen=True, slots=True)
class Endings:
    """What the end of a registration is decided with."""

    decisions: DecisionStore
    reviews: ReviewQueue


def end(endings: Endings, order: ErasureOrdered) -> DataChange | None:
    """End a registration, if the order is about what the low-security store has.

    Returns:
        What to announce, also for an order that comes again: a later erasure of the same
        registration has the time of the first. None if it is not about what is there, so nothing
        was changed.
    """
    digest = AccessDigest(order.access_digest)
    grave = tombstone(order.id, order.requested_at, TOMBSTONE_LIFETIME, digest)
    there = endings.decisions.bury(grave) or grave
    if not isinstance(there, Tombstone) or there.access_digest != digest:
        return None
    return _announced(endings, there, order.traceparent)


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
    return DataChange(
        id=grave.id,
        at=grave.erased_at,
        access_digest=grave.access_digest,
        traceparent=traceparent,
    )
