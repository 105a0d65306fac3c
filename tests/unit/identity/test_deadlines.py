"""What is due each day: erasing people whose retention has ended, counting overdue requests."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import batched

import pytest

from civic.contracts.events import ErasureOrdered, ErasuresCounted, Event, RetentionEnded
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.errors import RegistrationNotFound
from civic.identity.model.erasure import counted_span, last_whole_day
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.deadlines import (
    Checked,
    announce_erasures,
    count_overdue,
    end_retention,
)
from civic.lab.memory.bus import MemoryBus
from tests.fakes.asking import lifting, registered, restricting
from tests.fakes.pipeline import NOW, RETENTION, Pipeline
from tests.fakes.reviewing import ACCEPTED, REJECTED, decide, in_doubt
from tests.fakes.views import ERASED, view
from tests.strategies.registrations import person

DAY = timedelta(days=1)
LONGER = timedelta(days=500)


def ended(pipeline: Pipeline, after: timedelta) -> list[str]:
    """Return whose erasure is requested this long from now."""
    published = len(pipeline.bus.events)
    pipeline.now += after
    count = end_retention(pipeline.deadlines).number
    events = [one for one in pipeline.bus.events[published:] if isinstance(one, RetentionEnded)]
    assert count == len(events) == len(pipeline.bus.events) - published
    return [event.id for event in events]


def undecided(pipeline: Pipeline) -> Receipt:
    return pipeline.register(person())


def accepted(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person())
    pipeline.drain()
    return receipt


def accepted_by_people(pipeline: Pipeline) -> Receipt:
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, ACCEPTED)
    return receipt


def rejected_by_people(pipeline: Pipeline) -> Receipt:
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, REJECTED)
    return receipt


LEADING_TO_NOTHING = pytest.mark.parametrize("lead", [registered, rejected_by_people])


@LEADING_TO_NOTHING
def test_what_leads_to_nothing_is_erased_when_its_time_is_over(
    lead: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = lead(pipeline)
    assert ended(pipeline, RETENTION) == []
    assert ended(pipeline, timedelta(microseconds=1)) == [receipt.id]


@pytest.mark.parametrize("lead", [accepted, accepted_by_people])
def test_who_is_accepted_is_kept(lead: Callable[[Pipeline], Receipt]) -> None:
    pipeline = Pipeline()
    lead(pipeline)
    assert ended(pipeline, LONGER) == []


@pytest.mark.parametrize("lead", [undecided, in_doubt])
def test_what_waits_for_the_office_does_not_lapse(lead: Callable[[Pipeline], Receipt]) -> None:
    pipeline = Pipeline()
    lead(pipeline)
    assert ended(pipeline, LONGER) == []


@LEADING_TO_NOTHING
def test_retention_begins_anew_with_a_correction(lead: Callable[[Pipeline], Receipt]) -> None:
    pipeline = Pipeline()
    receipt = lead(pipeline)
    pipeline.now += RETENTION
    pipeline.rectify(receipt, person())
    assert ended(pipeline, DAY) == []


def test_restricted_registration_is_kept_until_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restricting(pipeline, receipt)
    assert ended(pipeline, LONGER) == []
    lifting(pipeline, receipt)
    assert ended(pipeline, RETENTION) == []
    assert ended(pipeline, DAY) == [receipt.id]


@LEADING_TO_NOTHING
def test_ended_registration_is_erased_everywhere_with_a_receipt(
    lead: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = lead(pipeline)
    published = len(pipeline.bus.events)
    ended(pipeline, RETENTION + DAY)
    pipeline.drain(published)
    gone = view(pipeline, receipt.id)
    assert (gone.stored, gone.decided, gone.joined, gone.keys) == (ERASED, ERASED, ERASED, ())
    assert pipeline.ledger.rows[receipt.id].receipt is not None
    assert receipt.id not in pipeline.reviews.rows
    with pytest.raises(RegistrationNotFound):
        pipeline.status(receipt)


def test_erased_registration_does_not_end_again() -> None:
    pipeline = Pipeline()
    registered(pipeline)
    published = len(pipeline.bus.events)
    ended(pipeline, RETENTION + DAY)
    pipeline.drain(published)
    assert ended(pipeline, LONGER) == []


def test_run_before_the_erasure_was_handled_is_harmless() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    published = len(pipeline.bus.events)
    for _ in range(2):
        assert ended(pipeline, RETENTION + DAY) == [receipt.id]
    for start in (published + 1, published):
        pipeline.drain(start)
    assert sum(pipeline.signer.signed.values()) == 1
    grave = pipeline.decisions.rows[receipt.id]
    assert isinstance(grave, Tombstone)
    assert grave.erased_at == pipeline.now


def test_end_of_retention_says_what_a_deletion_request_says() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    ended(pipeline, LONGER)
    (event,) = pipeline.bus.of(ErasureOrdered)
    assert isinstance(event, RetentionEnded)
    assert (event.id, event.requested_at) == (receipt.id, pipeline.now)
    assert event.access_digest == receipt.access_digest


def test_every_erasure_has_a_trace_of_its_own() -> None:
    pipeline = Pipeline()
    for _ in range(3):
        registered(pipeline)
    ended(pipeline, LONGER)
    traces = {event.traceparent for event in pipeline.bus.of(RetentionEnded)}
    assert len(traces) == 3


@pytest.mark.parametrize("people", [0, 1, 10, 11, 25])
def test_everybody_is_asked_for_by_tens(people: int) -> None:
    class Batches(MemoryBus):
        """Remembers how many events each call had."""

        sizes: list[int]

        def publish(self, events: Sequence[Event]) -> None:
            self.sizes.append(len(events))

    pipeline = Pipeline()
    for _ in range(people):
        registered(pipeline)
    bus = Batches()
    bus.sizes = []
    pipeline.deadlines = replace(pipeline.deadlines, events=bus)
    pipeline.now += LONGER
    assert end_retention(pipeline.deadlines) == Checked(people, ())
    assert bus.sizes == [len(some) for some in batched(range(people), 10, strict=False)]


def test_overdue_are_requests_that_wait_for_more_than_a_month() -> None:
    pipeline = Pipeline()
    first, second = registered(pipeline), registered(pipeline)
    for who in (first, second):
        pipeline.requests.note_request(SubjectRequest(who.id, RequestKind.ACCESS, pipeline.now))
        pipeline.now += DAY
    assert count_overdue(pipeline.deadlines).number == 0
    pipeline.now = NOW + timedelta(days=31)
    assert count_overdue(pipeline.deadlines).number == 0
    pipeline.now += timedelta(microseconds=1)
    assert count_overdue(pipeline.deadlines).number == 1
    pipeline.now += DAY
    assert count_overdue(pipeline.deadlines).number == 2
    pipeline.requests.complete(first.id, RequestKind.ACCESS, pipeline.now)
    assert count_overdue(pipeline.deadlines).number == 1


def test_erased_people_are_overdue_for_nothing() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.requests.note_request(SubjectRequest(receipt.id, RequestKind.ACCESS, pipeline.now))
    pipeline.erase(receipt)
    pipeline.drain()
    pipeline.now += LONGER
    assert count_overdue(pipeline.deadlines).number == 0


# ------------------------------------------------------------------ erasures, in tens


def erased(pipeline: Pipeline, people: int) -> None:
    """Erase some people completely."""
    for receipt in [accepted(pipeline) for _ in range(people)]:
        pipeline.erase(receipt)
    pipeline.drain()


def announced(pipeline: Pipeline) -> ErasuresCounted:
    published = len(pipeline.bus.events)
    counted = announce_erasures(pipeline.deadlines)
    assert pipeline.bus.events[published:] == [counted]
    return counted


@pytest.mark.parametrize(("people", "told"), [(0, 0), (9, 0), (10, 10), (19, 10)])
def test_complete_erasures_are_told_in_tens(people: int, told: int) -> None:
    pipeline = Pipeline()
    erased(pipeline, people)
    pipeline.now += DAY
    counted = announced(pipeline)
    assert counted == ErasuresCounted(through=NOW.date(), erased=told, threshold=10)


def test_day_counts_once_it_is_over_for_an_hour() -> None:
    pipeline = Pipeline()
    erased(pipeline, 10)
    midnight = datetime.combine(NOW.date() + DAY, time(), UTC)
    for hour, through, told in ((0.9, NOW.date() - DAY, 0), (1, NOW.date(), 10)):
        pipeline.now = midnight + timedelta(hours=hour)
        assert (announced(pipeline).through, announced(pipeline).erased) == (through, told)


def test_same_day_is_the_same_event_whatever_has_happened_since() -> None:
    pipeline = Pipeline()
    erased(pipeline, 10)
    pipeline.now += DAY
    first = announced(pipeline)
    erased(pipeline, 10)
    assert announced(pipeline).model_dump_json() == first.model_dump_json()
    pipeline.now += DAY
    assert announced(pipeline).erased == 20


def test_incomplete_erasure_is_not_counted() -> None:
    pipeline = Pipeline()
    erased(pipeline, 9)
    pipeline.erase(accepted(pipeline))
    pipeline.now += DAY
    assert announced(pipeline).erased == 0


def test_erasure_counts_for_a_year_which_the_ledger_outlives() -> None:
    pipeline = Pipeline()
    erased(pipeline, 10)
    pipeline.now += 365 * DAY
    assert announced(pipeline).erased == 10
    pipeline.now += DAY
    assert announced(pipeline).erased == 0
    _, since = counted_span(last_whole_day(pipeline.now))
    assert since + TOMBSTONE_LIFETIME - pipeline.now > 30 * DAY
