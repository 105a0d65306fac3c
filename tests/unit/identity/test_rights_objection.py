"""Objection to analytics (GDPR Art. 21)."""

from datetime import timedelta

from civic.contracts.events import (
    ObjectionRaised,
)
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import Status
from tests.fakes.asking import (
    objecting,
    registered,
    restrict_and_lift,
)
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import counted, open_requests
from tests.fakes.views import decision_of
from tests.strategies.registrations import person


def test_objection_is_announced_with_the_time_it_was_received() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    request = objecting(pipeline, receipt)
    assert request == SubjectRequest(receipt.id, RequestKind.OBJECTION, NOW)
    (event,) = pipeline.bus.of(ObjectionRaised)
    assert (event.id, event.at, event.traceparent) == (receipt.id, NOW, TRACE.traceparent)


def test_objection_made_again_has_the_time_of_the_first() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    objecting(pipeline, receipt)
    pipeline.now += timedelta(days=1)
    assert objecting(pipeline, receipt).count == 2
    assert {event.at for event in pipeline.bus.of(ObjectionRaised)} == {NOW}


def test_objection_is_answered_once_analytics_has_forgotten() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    published = len(pipeline.bus.events)
    objecting(pipeline, receipt)
    assert open_requests(pipeline, receipt) == {RequestKind.OBJECTION}
    pipeline.drain(published)
    assert open_requests(pipeline, receipt) == set()
    assert counted(pipeline) == []


def test_who_objected_is_not_counted_after_any_later_news() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    objecting(pipeline, receipt)
    pipeline.drain()
    pipeline.rectify(receipt, person())
    restrict_and_lift(pipeline, receipt)
    pipeline.drain()
    assert decision_of(pipeline, receipt.id).status is Status.FULFILLED
    assert counted(pipeline) == []


def test_objection_before_the_decision_leaves_the_person_out() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    objecting(pipeline, receipt)
    (objection,) = pipeline.bus.of(ObjectionRaised)
    assert pipeline.deliver(Consumer.ANALYTICS, objection)
    pipeline.drain()
    assert counted(pipeline) == []
