"""How long a registration is kept whose data subject waits for people to decide (Art. 22(3))."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import RetentionEnded
from civic.contracts.identifiers import Revision
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Registration
from civic.identity.model.review import Judgement, OfficeReason, ReviewCase, ReviewCause
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.deadlines import end_retention
from civic.identity.usecases.ending import end
from civic.identity.usecases.review import decide_case, propose
from tests.fakes.asking import contesting, registered
from tests.fakes.faults import Meanwhile
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
    listed,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

BEGINNINGS = pytest.mark.parametrize("begin", [registered, in_doubt])
CORRECTIONS = pytest.mark.parametrize("correction", [DOUBTFUL, HOPELESS])


def ordered(pipeline: Pipeline) -> list[RetentionEnded]:
    """Let the retention go by, run the schedule, and return what it orders."""
    pipeline.now += RETENTION + timedelta(days=1)
    published = len(pipeline.bus.events)
    end_retention(pipeline.deadlines)
    return [one for one in pipeline.bus.events[published:] if isinstance(one, RetentionEnded)]


def corrected(pipeline: Pipeline, receipt: Receipt, correction: Registration) -> None:
    """Send a correction the next day, and have it decided a minute later."""
    pipeline.now += timedelta(days=1)
    published = len(pipeline.bus.events)
    pipeline.rectify(receipt, correction)
    pipeline.now += timedelta(minutes=1)
    pipeline.drain(published)


def cause(pipeline: Pipeline, receipt: Receipt) -> ReviewCause:
    case = pipeline.reviews.get(receipt.id)
    assert case is not None
    return case.cause


@BEGINNINGS
@CORRECTIONS
def test_correction_that_is_not_accepted_leaves_the_request_open(
    begin: Callable[[Pipeline], Receipt], correction: Registration
) -> None:
    pipeline = Pipeline()
    receipt = begin(pipeline)
    contesting(pipeline, receipt)
    for revision in (2, 3):
        corrected(pipeline, receipt, correction)
        assert decision_of(pipeline, receipt.id).record.revision == revision
        assert ordered(pipeline) == []
    assert listed(pipeline) | listed(pipeline) == {receipt.id}
    assert cause(pipeline, receipt) is ReviewCause.DATA_SUBJECT
    assert decide(pipeline, receipt, REJECTED, revision=3)
    assert not decision_of(pipeline, receipt.id).waits_for_people
    (due,) = ordered(pipeline)
    assert end(pipeline.endings, due) is not None


def test_correction_that_waits_leaves_the_request_open() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    contesting(pipeline, receipt)
    pipeline.now += timedelta(days=1)
    pipeline.rectify(receipt, person())
    assert ordered(pipeline) == []


def test_correction_that_is_held_back_leaves_the_request_open() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    contesting(pipeline, receipt)
    row = decision_of(pipeline, receipt.id)
    assert row.corrected(Revision(2), row.updated + timedelta(days=1)).waits_for_people


def test_correction_that_is_accepted_answers_the_request() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    contesting(pipeline, receipt)
    corrected(pipeline, receipt, person())
    assert decision_of(pipeline, receipt.id).contested is None


def test_request_of_the_last_release_stays_open_as_the_queue_says() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    contesting(pipeline, receipt)
    pipeline.decisions.rows[receipt.id] = replace(decision_of(pipeline, receipt.id), contested=None)
    published = len(pipeline.bus.events)
    pipeline.rectify(receipt, HOPELESS)
    pipeline.drain(published)
    (due,) = ordered(pipeline)
    assert end(pipeline.endings, due) is None
    assert cause(pipeline, receipt) is ReviewCause.DATA_SUBJECT


@pytest.mark.parametrize("call", range(1, 8))
def test_request_that_crosses_a_correction_is_not_forgotten(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = registered(pipeline)
    meanwhile.action = lambda: contesting(pipeline, receipt)
    meanwhile.at = {meanwhile.calls + call}
    corrected(pipeline, receipt, HOPELESS)
    assert decision_of(pipeline, receipt.id).waits_for_people


@pytest.mark.parametrize("call", range(1, 7))
@BEGINNINGS
def test_request_that_crosses_the_decision_of_people_waits_only_if_there_is_a_case(
    begin: Callable[[Pipeline], Receipt], call: int
) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = begin(pipeline)
    if begin is registered:
        contesting(pipeline, receipt)

    def rejecting() -> None:
        pipeline.now += timedelta(seconds=1)
        decide(pipeline, receipt, REJECTED)

    meanwhile.action = rejecting
    meanwhile.at = {meanwhile.calls + call}
    contesting(pipeline, receipt)
    row = decision_of(pipeline, receipt.id)
    assert row.waits_for_people is bool(listed(pipeline))
    if not row.waits_for_people:
        (due,) = ordered(pipeline)
        assert end(pipeline.endings, due) is not None
        assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


def rejected_by_people(pipeline: Pipeline) -> Receipt:
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, REJECTED)
    return receipt


def test_whom_the_office_is_to_accept_is_kept_until_that_is_decided() -> None:
    pipeline = Pipeline()
    receipt = rejected_by_people(pipeline)
    judgement = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK)
    propose(pipeline.review, receipt.id, judgement, JANE)
    (due,) = ordered(pipeline)
    assert end(pipeline.endings, due) is None
    record = decision_of(pipeline, receipt.id).record
    assert decide_case(pipeline.review, record, judgement, JOHN, TRACE)
    assert ordered(pipeline) == []


def test_case_of_the_rules_keeps_nobody_whom_people_have_rejected() -> None:
    pipeline = Pipeline()
    receipt = rejected_by_people(pipeline)
    case = ReviewCase(decision_of(pipeline, receipt.id).record, pipeline.now, ReviewCause.RULES)
    pipeline.reviews.add(case)
    (due,) = ordered(pipeline)
    assert end(pipeline.endings, due) is not None
