"""What happens as time passes: retention ends, requests become overdue, erasures are counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched

from civic.contracts.events import ErasuresCounted, RetentionEnded
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock, EventPublisher, RandomBytes
from civic.contracts.trace import TraceContext
from civic.identity.model.erasure import COUNT_THRESHOLD, counted_span, last_whole_day
from civic.identity.model.rows import Malformed
from civic.identity.ports import ErasureCount, RequestCalendar, RetentionCalendar

_BATCH = 10


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What these use cases work with."""

    registrations: RetentionCalendar
    requests: RequestCalendar
    erasures: ErasureCount
    events: EventPublisher
    clock: Clock
    entropy: RandomBytes
    rejected: timedelta


@dataclass(frozen=True, slots=True)
class Checked:
    """How many there were, and whose rows could not be read."""

    number: int
    unreadable: tuple[RegistrationId, ...]


def end_retention(deadlines: Deadlines) -> Checked:
    """Order the end of registrations whose retention has ended (GDPR Art. 5(1)(e)).

    Each order names the row that was seen, and the validator looks at it again: whoever has acted
    meanwhile keeps the registration. Safe to repeat: a second order finds it erased. A row that
    cannot be read, such as one of another release, is passed over.
    """
    now = deadlines.clock()
    ended, unreadable = 0, list[RegistrationId]()
    found = deadlines.registrations.ended(now - deadlines.rejected)
    for rows in batched(_passing_over(found, unreadable), _BATCH, strict=False):
        deadlines.events.publish(
            [
                RetentionEnded(
                    id=row.record.id,
                    requested_at=now,
                    access_digest=row.access_digest,
                    revision=row.record.revision,
                    restriction=row.restriction,
                    round=row.verdict.round if row.verdict else 0,
                    traceparent=TraceContext.parse(None, deadlines.entropy).traceparent,
                )
                for row in rows
            ]
        )
        ended += len(rows)
    return Checked(ended, tuple(unreadable))


def count_overdue(deadlines: Deadlines) -> Checked:
    """Return how many requests of data subjects should have been answered by now (Art. 12(3))."""
    unreadable = list[RegistrationId]()
    found = deadlines.requests.overdue(deadlines.clock())
    number = sum(1 for _ in _passing_over(found, unreadable))
    return Checked(number, tuple(unreadable))


def _passing_over[Row](
    rows: Iterable[Row | Malformed], unreadable: list[RegistrationId]
) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, Malformed):
            unreadable.append(row.id)
        else:
            yield row


def announce_erasures(deadlines: Deadlines) -> ErasuresCounted:
    """Publish how many erasures were complete at the end of the last whole day.

    Safe to repeat: the same count is published for the same day, whatever has happened since.
    """
    through = last_whole_day(deadlines.clock())
    exact = deadlines.erasures.completed(*counted_span(through))
    counted = ErasuresCounted(
        through=through, erased=exact - exact % COUNT_THRESHOLD, threshold=COUNT_THRESHOLD
    )
    deadlines.events.publish([counted])
    return counted
