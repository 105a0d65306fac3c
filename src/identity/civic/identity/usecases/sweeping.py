"""What the reconciler does: compare the stores, and ask their owners to mend what was lost.

It decides nothing and opens nothing. A message that died, or was acknowledged without effect,
leaves stores that disagree for good. What is published here makes the owners do once more what
they should have done; where they have done it, it changes nothing.

A sweep takes one page of each walk and publishes before it advances, so that one that crashes is
done again from the same page. Two at once publish twice, and only one of them counts. A row that
cannot be read is counted and passed over, and a walk that fails does not stop the others.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from civic.contracts.events import Decision, ErasureUnfinished, Event, RevalidationDue
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock, EventPublisher, RandomBytes
from civic.contracts.trace import TraceContext
from civic.identity.errors import RowMalformed
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import Malformed
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

_BY_THE_VALIDATOR = frozenset(
    {Finding.DECISION_MISSED, Finding.AREAS_OUTDATED, Finding.NOT_COMPARED}
)
"""What the validator puts right, from the record."""

type _Faults = tuple[Iterable[Fault | None], str | None]
"""What is wrong in a page, and where the next one begins."""


class _Row(Protocol):
    """A row of a page."""

    @property
    def id(self) -> RegistrationId:
        """Whose row it is."""
        ...


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

    What a walk fails with is in what is returned, so that the others are gone on with and counted.

    Args:
        sweeping: What it works with.
        note: Called with each fault and the trace under which it is mended.
        walks: Which of them to go on with.
        from_the_start: Begin them again.
    """
    found: Counter[Finding] = Counter()
    ended, failed = set(), {}
    for walk in walks:
        try:
            traced, at_end = _go_on(sweeping, walk, from_the_start=from_the_start)
        except Exception as error:  # noqa: BLE001 - a walk that fails must not stop the others
            failed[walk] = error
            continue
        for fault, traceparent in traced:
            found[fault.finding] += 1
            note(fault, traceparent)
        if at_end:
            ended.add(walk)
    return Swept(found, frozenset(ended), failed)


def _go_on(
    sweeping: Sweeping, walk: Walk, *, from_the_start: bool
) -> tuple[list[tuple[Fault, str]], bool]:
    """Take the next page of a walk.

    Returns:
        What was found, each with its trace, and whether that was the last page; nothing if another
        sweep has noted the page already.
    """
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
    if not sweeping.progress.advance(walk, Cursor(position, there.number + 1)):
        return [], False
    return traced, position is None


def _request(fault: Fault, traceparent: str) -> Event | None:
    """Return what to ask the owners for; None if they could not put it right."""
    if not fault.finding.can_be_mended:
        return None
    kind = ErasureUnfinished if fault.erased else RevalidationDue
    return kind(id=fault.id, traceparent=traceparent)


def _readable[Row: _Row](
    compare: Callable[[Sweeping, Row], Fault | None],
) -> Callable[[Sweeping, Row | Malformed], Fault | None]:
    """Return a comparison for which a row that cannot be read, in any store, is a fault itself."""

    def comparison(sweeping: Sweeping, row: Row | Malformed) -> Fault | None:
        if not isinstance(row, Malformed):
            with suppress(RowMalformed):
                return compare(sweeping, row)
        return Fault(Finding.BEYOND_MENDING, row.id)

    return comparison


def _if_unchanged[Row: _Row](
    fault: Fault | None, row: Row, look: Callable[[RegistrationId], object]
) -> Fault | None:
    """Return a fault, but none beyond mending if the row has changed since its page was read.

    What happens in between, such as an erasure, looks like a contradiction.
    """
    beyond = fault is not None and fault.finding is Finding.BEYOND_MENDING
    return None if beyond and look(row.id) != row else fault


def _through_lives(sweeping: Sweeping, start: str | None) -> _Faults:
    rows, position = sweeping.stores.lives(start, sweeping.page_size)
    area_version = sweeping.stores.area_version()

    @_readable
    def of_row(sweeping: Sweeping, row: Life | Death) -> Fault | None:
        if isinstance(row, Death):
            return _of_death(sweeping, row)
        fault = _of_life(sweeping, row, area_version)
        return _if_unchanged(fault, row, sweeping.stores.life)

    return (of_row(sweeping, row) for row in rows), position


def _of_life(sweeping: Sweeping, row: Life, area_version: int) -> Fault | None:
    now, stores, registration = sweeping.clock(), sweeping.stores, row.id
    if row.restricted or not is_ripe(row.updated, now):
        return None
    seen = Seen(
        stores.record(registration),
        stores.on_roll(registration),
        stores.joined(registration),
        stores.case_of(registration) if row.decision == Decision.REVIEW else None,
        area_version,
    )
    finding = fault_of(row, seen, now)
    asks_for_decision = finding in _BY_THE_VALIDATOR
    if finding and asks_for_decision and isinstance(seen.record, Held):
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
    return Fault(finding if openable else Finding.BEYOND_MENDING, held.id)


def _through_records(sweeping: Sweeping, start: str | None) -> _Faults:
    """Find records that the low-security store knows nothing of."""
    rows, position = sweeping.stores.records(start, sweeping.page_size)
    return (_of_stored(sweeping, row) for row in rows), position


@_readable
def _of_stored(sweeping: Sweeping, held: Held) -> Fault | None:
    stores = sweeping.stores
    if not is_ripe(held.updated, sweeping.clock()) or stores.life(held.id) is not None:
        return None
    return _if_unchanged(_of_held(stores, held, Finding.DECISION_MISSED), held, stores.record)


def _through_keys(sweeping: Sweeping, start: str | None) -> _Faults:
    rows, position = sweeping.stores.keys(start, sweeping.page_size)
    return (_of_key(sweeping, row) for row in rows), position


@_readable
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
    return (_of_request(sweeping, row) for row in rows), position


@_readable
def _of_request(sweeping: Sweeping, request: SubjectRequest) -> Fault | None:
    """Return a request that is answered and still open, if what answered it can be repeated.

    An erasure answers every request.
    """
    stores = sweeping.stores
    if not is_ripe(request.received_at, sweeping.clock()):
        return None
    if isinstance(stores.life(request.id), Death):
        answered = stores.has_receipt(request.id)
        return Fault(Finding.REQUEST_LEFT_OPEN, request.id, erased=True) if answered else None
    if request.kind is RequestKind.RECTIFICATION:
        held = stores.record(request.id)
        stored = isinstance(held, Held) and held.record.revision >= (request.revision or 0)
        return Fault(Finding.REQUEST_LEFT_OPEN, request.id) if stored else None
    return None


_COMPARISONS: Mapping[Walk, Callable[[Sweeping, str | None], _Faults]] = {
    Walk.DECISIONS: _through_lives,
    Walk.RECORDS: _through_records,
    Walk.KEYS: _through_keys,
    Walk.REQUESTS: _through_requests,
}
