"""How registrations end: the low-security store decides it, once, and all other stores follow.

Whoever orders an erasure only asks for it. One conditional write replaces the row with a tombstone
if the order is about that row, and what is announced is what the store has then: a tombstone, or
nothing.
"""

from dataclasses import dataclass

from civic.contracts.events import DataChange, ErasureOrdered
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
    endings.reviews.close(order.id)
    return DataChange(
        id=order.id, at=there.erased_at, access_digest=digest, traceparent=order.traceparent
    )
