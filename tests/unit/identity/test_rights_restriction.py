"""Restriction of the processing, and continuing after it is lifted (GDPR Art. 18)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from civic.contracts.events import (
    Decision,
    RestrictionChanged,
    RevalidationRequest,
    ValidationRequest,
)
from civic.contracts.identifiers import Revision
from civic.identity.errors import RegistrationNotFound, TooManyRevisions
from civic.identity.model.keys import RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import DecisionRow, Status
from civic.identity.usecases.validation import validate
from civic.lab.memory.identity import MemoryDecisions
from tests.fakes.asking import (
    history,
    lifting,
    registered,
    restrict_and_lift,
    restricting,
)
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.pipeline import TRACE, Pipeline
from tests.fakes.reviewing import DOUBTFUL, counted, listed, open_requests
from tests.fakes.views import decision_of
from tests.strategies.registrations import person


def test_restriction_is_counted_announced_and_answered() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    before = decision_of(pipeline, receipt.id)
    pipeline.now += timedelta(days=1)
    row = restricting(pipeline, receipt)
    assert (
        row
        == decision_of(pipeline, receipt.id)
        == replace(before, restriction=1, restriction_changed=pipeline.now)
    )
    assert row.restricted
    (event,) = pipeline.bus.of(RestrictionChanged)
    assert (event.id, event.sequence, event.resume) == (receipt.id, 1, None)
    assert (event.at, event.traceparent) == (pipeline.now, TRACE.traceparent)
    assert history(pipeline, receipt) == [
        SubjectRequest(receipt.id, RequestKind.RESTRICTION, pipeline.now, completed_at=pipeline.now)
    ]


def test_lifting_is_counted_announced_and_answered() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    before = decision_of(pipeline, receipt.id)
    restricting(pipeline, receipt)
    pipeline.now += timedelta(days=1)
    row = lifting(pipeline, receipt)
    assert (
        row
        == decision_of(pipeline, receipt.id)
        == replace(before, restriction=2, restriction_changed=pipeline.now)
    )
    assert not row.restricted
    event = pipeline.bus.of(RestrictionChanged)[-1]
    assert (event.id, event.sequence, event.at) == (receipt.id, 2, pipeline.now)
    assert [request.kind for request in history(pipeline, receipt)] == [
        RequestKind.RESTRICTION,
        RequestKind.LIFTING,
    ]
    assert open_requests(pipeline, receipt) == set()


def test_lifting_of_what_was_never_restricted_is_no_request() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    assert lifting(pipeline, receipt) == decision_of(pipeline, receipt.id)
    assert history(pipeline, receipt) == []
    assert not pipeline.bus.of(RestrictionChanged)


@pytest.mark.parametrize("times", range(1, 4))
def test_restriction_can_be_changed_any_number_of_times(times: int) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    for _ in range(times):
        restrict_and_lift(pipeline, receipt)
    assert decision_of(pipeline, receipt.id).restriction == 2 * times
    sequences = [event.sequence for event in pipeline.bus.of(RestrictionChanged)]
    assert sequences == list(range(1, 2 * times + 1))


def test_announcement_made_again_has_the_same_number() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    for _ in range(2):
        restricting(pipeline, receipt)
    assert [event.sequence for event in pipeline.bus.of(RestrictionChanged)] == [1, 1]


def test_restricted_person_is_not_counted_until_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restricting(pipeline, receipt)
    pipeline.drain()
    assert counted(pipeline) == []
    lifting(pipeline, receipt)
    pipeline.drain()
    assert counted(pipeline) == [Decision.REJECTED]


@pytest.mark.parametrize("call", range(1, 6))
def test_restriction_beside_another_change_ends_restricted(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = registered(pipeline)
    meanwhile.action = lambda: restrict_and_lift(pipeline, receipt)
    meanwhile.at = {meanwhile.calls + call}
    assert restricting(pipeline, receipt).restricted
    assert decision_of(pipeline, receipt.id).restriction == 3


@pytest.mark.parametrize("call", range(4, 6))
def test_restriction_that_meets_an_erasure_is_told_not_found(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = registered(pipeline)
    meanwhile.action = lambda: pipeline.erase(receipt)
    meanwhile.at = {meanwhile.calls + call}
    with pytest.raises(RegistrationNotFound):
        restricting(pipeline, receipt)
    assert not pipeline.bus.of(RestrictionChanged)
    pipeline.drain()
    assert open_requests(pipeline, receipt) == set()


def test_restriction_gives_up_when_others_keep_changing_the_row() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)

    class Contended(MemoryDecisions):
        """Somebody else is always faster."""

        def restrict(self, _row: DecisionRow, _at: datetime) -> bool:
            return False

    contended = Contended()
    contended.rows = pipeline.decisions.rows
    pipeline.rights = replace(pipeline.rights, decisions=contended)
    with pytest.raises(TooManyRevisions):
        restricting(pipeline, receipt)
    assert open_requests(pipeline, receipt) == {RequestKind.RESTRICTION}


def lift_and_deliver(pipeline: Pipeline, receipt: Receipt) -> None:
    """Deliver what follows from lifting, and nothing that was delivered before."""
    published = len(pipeline.bus.events)
    lifting(pipeline, receipt)
    pipeline.drain(published)


def test_decision_that_was_held_back_is_made_once_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    restricting(pipeline, receipt)
    pipeline.drain()
    assert decision_of(pipeline, receipt.id).status is Status.PENDING
    lift_and_deliver(pipeline, receipt)
    assert decision_of(pipeline, receipt.id).status is Status.FULFILLED
    assert counted(pipeline) == [Decision.ACCEPTED]


def test_restriction_itself_resumes_nothing() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    restricting(pipeline, receipt)
    pipeline.drain()
    assert not pipeline.bus.of(RevalidationRequest)


def test_decision_that_was_not_announced_is_announced_once_it_is_lifted() -> None:
    # The validator died between the decision and its announcement; when the request came again,
    # the person had restricted the processing.
    pipeline = Pipeline()
    receipt = pipeline.register(DOUBTFUL)
    request = pipeline.bus.of(ValidationRequest)[0]
    unqueued = replace(pipeline.validation, reviews=Faults(1).guard(pipeline.reviews))
    with pytest.raises(Crash):
        validate(unqueued, request)
    restricting(pipeline, receipt)
    pipeline.drain()
    lift_and_deliver(pipeline, receipt)
    assert counted(pipeline) == [Decision.REVIEW]
    assert listed(pipeline) == {receipt.id}


def test_correction_whose_gateway_died_is_decided_once_it_is_lifted() -> None:
    # The event of the correction went out, its pending row was never written.
    pipeline = Pipeline()
    receipt = registered(pipeline)
    before = pipeline.decisions.rows[receipt.id]
    published = len(pipeline.bus.events)
    pipeline.rectify(receipt, person(username="corrected"))
    pipeline.decisions.rows[receipt.id] = before
    restricting(pipeline, receipt)
    pipeline.drain(published)
    lift_and_deliver(pipeline, receipt)
    row = decision_of(pipeline, receipt.id)
    assert row.record == RecordId(receipt.id, Revision(2))
    assert counted(pipeline) == [Decision.ACCEPTED]


def test_lifting_a_decided_registration_changes_no_decision() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    before = decision_of(pipeline, receipt.id)
    restricting(pipeline, receipt)
    pipeline.now += timedelta(days=1)
    lift_and_deliver(pipeline, receipt)
    assert decision_of(pipeline, receipt.id) == replace(
        before, restriction=2, restriction_changed=pipeline.now
    )


def test_record_that_is_restricted_again_waits_for_the_next_lifting() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    restrict_and_lift(pipeline, receipt)
    restricting(pipeline, receipt)
    pipeline.drain()
    assert decision_of(pipeline, receipt.id).status is Status.PENDING
    lift_and_deliver(pipeline, receipt)
    assert decision_of(pipeline, receipt.id).status is Status.FULFILLED
