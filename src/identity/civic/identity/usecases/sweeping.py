"""What the reconciler does: compare the stores, and ask their owners to mend what was lost.

It decides nothing and opens nothing. A message that died, or was acknowledged without effect,
leaves stores that disagree for good. What is published here makes the owners do once more what
they should have done; where they have done it, it changes nothing.

A sweep takes one page of each walk and publishes before it advances, so that one that crashes is
done again from the same page. Two at once publish twice, and only one of them counts.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from civic.contracts.events import Decision, ErasureUnfinished, Event, RevalidationDue
from civic.contracts.ports import Clock, EventPublisher, RandomBytes
from civic.contracts.trace import TraceContext
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.sweeping import (
    Cursor,
    Death,
    Fault,
    Finding,
    Followed,
    Held,
    Life,
    Remains,
    Seen,
    Swept,
    Walk,
    fault_of,
    is_ripe,
    is_unfinished,
)
from civic.identity.ports.sweeping import Overview, Progress

type _Faults = tuple[Iterable[Fault | None], str | None]
"""What is wrong in a page, and where the next one begins."""


@dataclass(frozen=True, slots=True)
class Sweeping:
    """What the use case works with."""

    stores: Overview
    progress: Progress
    events: EventPublisher
    clock: Clock
    entropy: RandomBytes
    page_size: int


def sweep(
    sweeping: Sweeping,
    note: Callable[[Fault, str], None],
    walks: Collection[Walk] = tuple(Walk),
    *,
    from_the_start: bool = False,
) -> Swept:
    """Compare one page of each walk, and have mended what is wrong.

    Args:
        sweeping: What it works with.
        note: Called with each fault and the trace under which it is mended.
        walks: Which of them to go on with.
        from_the_start: Begin them again.
    """
    found: Counter[Finding] = Counter()
    ended = set()
    for walk in walks:
        there = sweeping.progress.cursor(walk)
        start = None if from_the_start else there.position
        faults, position = _COMPARISONS[walk](sweeping, start)
        traced = [
            (fault, TraceContext.parse(None, sweeping.entropy).traceparent)
            for fault in dict.fromkeys(faults)
            if fault is not None
        ]
        requests = [_request(fault, traceparent) for fault, traceparent in traced]
        sweeping.events.publish([one for one in requests if one is not None])
        if sweeping.progress.advance(walk, Cursor(position, there.number + 1)):
            for fault, traceparent in traced:
                found[fault.finding] += 1
                note(fault, traceparent)
            if position is None:
                ended.add(walk)
    return Swept(found, frozenset(ended))


def _request(fault: Fault, traceparent: str) -> Event | None:
    """Return what to ask the owners for; None if they could not put it right."""
    if not fault.finding.can_be_mended:
        return None
    kind = ErasureUnfinished if fault.erased else RevalidationDue
    return kind(id=fault.id, traceparent=traceparent)


def _through_lives(sweeping: Sweeping, start: str | None) -> _Faults:
    rows, position = sweeping.stores.lives(start, sweeping.page_size)
    return (_of_row(sweeping, row) for row in rows), position


def _of_row(sweeping: Sweeping, row: Life | Death) -> Fault | None:
    if isinstance(row, Death):
        return _of_death(sweeping, row)
    now, stores, registration = sweeping.clock(), sweeping.stores, row.record.id
    if row.restricted or not is_ripe(row.updated, now):
        return None
    seen = Seen(
        stores.record(registration),
        stores.on_roll(registration),
        stores.joined(registration),
        stores.case_of(registration) if row.decision == Decision.REVIEW else None,
    )
    finding = fault_of(row, seen, now)
    if finding is Finding.DECISION_MISSED and isinstance(seen.record, Held):
        return _of_held(stores, seen.record, finding)
    return None if finding is None else Fault(finding, registration)


def _of_death(sweeping: Sweeping, death: Death) -> Fault | None:
    now, stores, registration = sweeping.clock(), sweeping.stores, death.id
    if not is_ripe(death.erased_at, now):
        return None
    remains = Remains(
        alive=isinstance(stores.record(registration), Held)
        or isinstance(stores.on_roll(registration), Followed)
        or isinstance(stores.joined(registration), Followed),
        receipt=stores.has_receipt(registration),
    )
    unfinished = is_unfinished(death, remains, now)
    return Fault(Finding.ERASURE_UNFINISHED, registration, erased=True) if unfinished else None


def _of_held(stores: Overview, held: Held, finding: Finding) -> Fault:
    """Return a fault that is mended from the record, if there is a key to open it with."""
    openable = stores.has_key(held.record)
    return Fault(finding if openable else Finding.BEYOND_MENDING, held.record.id)


def _through_records(sweeping: Sweeping, start: str | None) -> _Faults:
    """Find records that the low-security store knows nothing of."""
    rows, position = sweeping.stores.records(start, sweeping.page_size)
    return (
        _of_held(sweeping.stores, held, Finding.DECISION_MISSED)
        for held in rows
        if is_ripe(held.updated, sweeping.clock()) and sweeping.stores.life(held.record.id) is None
    ), position


def _through_keys(sweeping: Sweeping, start: str | None) -> _Faults:
    rows, position = sweeping.stores.keys(start, sweeping.page_size)
    return (_of_key(sweeping, record) for record in rows), position


def _of_key(sweeping: Sweeping, key: RecordId) -> Fault | None:
    held = sweeping.stores.record(key.id)
    if isinstance(held, Held) and held.record.revision <= key.revision:
        return None
    life = sweeping.stores.life(key.id)
    if isinstance(life, Death):
        ripe = is_ripe(life.erased_at, sweeping.clock())
        return Fault(Finding.KEY_LEFT, key.id, erased=True) if ripe else None
    if isinstance(held, Held):
        ripe = is_ripe(held.updated, sweeping.clock())
        return Fault(Finding.KEY_LEFT, key.id) if ripe else None
    return Fault(Finding.KEY_OF_NOBODY, key.id) if life is None else None


def _through_requests(sweeping: Sweeping, start: str | None) -> _Faults:
    rows, position = sweeping.stores.open_requests(start, sweeping.page_size)
    ripe = (row for row in rows if is_ripe(row.received_at, sweeping.clock()))
    return (_of_request(sweeping, row) for row in ripe), position


def _of_request(sweeping: Sweeping, request: SubjectRequest) -> Fault | None:
    """Return a request that is answered and still open, if what answered it can be repeated."""
    stores = sweeping.stores
    if request.kind is RequestKind.RECTIFICATION:
        held = stores.record(request.id)
        stored = isinstance(held, Held) and held.record.revision >= (request.revision or 0)
        return Fault(Finding.REQUEST_LEFT_OPEN, request.id) if stored else None
    if request.kind in {RequestKind.ERASURE, RequestKind.WITHDRAWAL}:
        life = stores.life(request.id)
        if isinstance(life, Death) and stores.has_receipt(request.id):
            return Fault(Finding.REQUEST_LEFT_OPEN, request.id, erased=True)
    return None


_COMPARISONS: Mapping[Walk, Callable[[Sweeping, str | None], _Faults]] = {
    Walk.DECISIONS: _through_lives,
    Walk.RECORDS: _through_records,
    Walk.KEYS: _through_keys,
    Walk.REQUESTS: _through_requests,
}
