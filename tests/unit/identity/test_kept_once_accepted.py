"""Whoever was ever accepted is kept, though people have taken them off the roll."""

from datetime import timedelta

import pytest

from civic.contracts.events import RetentionEnded
from civic.identity.http.bodies import status_of
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Registration
from civic.identity.model.retention import Hold
from civic.identity.model.review import Judgement, OfficeReason
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.deadlines import end_retention
from civic.identity.usecases.ending import end
from civic.identity.usecases.review import decide_case, propose
from tests.fakes.pipeline import RETENTION, TRACE, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    DOUBTFUL,
    HOPELESS,
    JANE,
    JOHN,
    REJECTED,
    decide,
    in_doubt,
    take_off,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

PUT_BACK = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK)
FIVE_YEARS = timedelta(days=5 * 365)


def later(pipeline: Pipeline, passed: timedelta) -> None:
    """Let time pass, and run the daily check."""
    pipeline.now += passed
    published = len(pipeline.bus.events)
    end_retention(pipeline.deadlines)
    pipeline.drain(published)


def corrected(pipeline: Pipeline, receipt: Receipt, correction: Registration) -> None:
    pipeline.rectify(receipt, correction)
    pipeline.drain()


def taken_off(pipeline: Pipeline) -> Receipt:
    """Register somebody who is accepted, and then rejected by two people for a correction."""
    receipt = pipeline.register(person())
    pipeline.drain()
    corrected(pipeline, receipt, HOPELESS)
    take_off(pipeline, receipt)
    pipeline.drain()
    assert not on_the_roll(pipeline, receipt)
    return receipt


def on_the_roll(pipeline: Pipeline, receipt: Receipt) -> bool:
    entry = pipeline.roll.get(receipt.id)
    return entry is not None and entry.standing.accepted


def test_whom_people_took_off_the_roll_is_kept_and_can_be_put_back() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    row = decision_of(pipeline, receipt.id)
    told = status_of(row, RETENTION)
    assert (told.erased_after, told.held) == (None, (Hold.WAS_ACCEPTED,))
    for passed in (RETENTION + timedelta(days=1), FIVE_YEARS):
        later(pipeline, passed)
        assert decision_of(pipeline, receipt.id) == row
        assert not on_the_roll(pipeline, receipt)
    propose(pipeline.review, receipt.id, PUT_BACK, JANE)
    assert decide_case(pipeline.review, row.record, PUT_BACK, JOHN, TRACE)
    pipeline.drain()
    assert on_the_roll(pipeline, receipt)


def test_no_order_ends_whom_people_took_off_the_roll() -> None:
    # Whoever has the role of `deadlines` can name the row as it is.
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    pipeline.now += FIVE_YEARS
    row = decision_of(pipeline, receipt.id)
    forged = RetentionEnded(
        id=receipt.id,
        requested_at=pipeline.now,
        access_digest=receipt.access_digest,
        revision=row.record.revision,
        restriction=row.restriction,
        round=1,
        traceparent=TRACE.traceparent,
    )
    assert end(pipeline.endings, forged) is None
    assert decision_of(pipeline, receipt.id) == row


def test_whom_people_took_off_the_roll_is_kept_whatever_they_send_then() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    for correction in (HOPELESS, DOUBTFUL, person()):
        corrected(pipeline, receipt, correction)
        later(pipeline, FIVE_YEARS)
        assert decision_of(pipeline, receipt.id).was_accepted
    # Rejected once more, the person is still one who was accepted.
    revision = decision_of(pipeline, receipt.id).record.revision
    assert decide(pipeline, receipt, REJECTED, revision=revision)
    later(pipeline, FIVE_YEARS)
    row = decision_of(pipeline, receipt.id)
    assert (row.was_accepted, row.acceptance) == (True, None)


def test_whom_people_accepted_and_then_took_off_is_kept_too() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, ACCEPTED)
    pipeline.drain()
    corrected(pipeline, receipt, HOPELESS)
    take_off(pipeline, receipt)
    later(pipeline, FIVE_YEARS)
    assert decision_of(pipeline, receipt.id).was_accepted


@pytest.mark.parametrize("times", [1, 2])
def test_whom_people_only_ever_rejected_is_erased_as_rejected(times: int) -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    for revision in range(1, times + 1):
        if revision > 1:
            corrected(pipeline, receipt, person())
        assert decide(pipeline, receipt, REJECTED, revision=revision)
        pipeline.drain()
    row = decision_of(pipeline, receipt.id)
    assert status_of(row, RETENTION).erased_after == row.updated + RETENTION
    later(pipeline, RETENTION)
    assert decision_of(pipeline, receipt.id) == row
    later(pipeline, timedelta(days=1))
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)
