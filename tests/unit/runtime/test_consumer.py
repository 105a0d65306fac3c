"""The edge of a queue: one bad message fails alone, and its content is not logged."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from civic.contracts.events import (
    DataDeleted,
    DeletionRequest,
    ErasureOrdered,
    Event,
    RetentionEnded,
    SealedFields,
    ValidationRequest,
)
from civic.contracts.identifiers import RegistrationId, Revision
from civic.runtime.consumer import Failures, consume, handled
from civic.runtime.observability import Invocation
from civic.runtime.subscriptions import Subscription, on
from tests.fakes.lambda_events import failed, sqs_event
from tests.fakes.pipeline import TRACE, envelope

CANARY = "zq9canary"
NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)


def deletion(number: int = 0) -> DeletionRequest:
    return DeletionRequest(
        id=RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a{number:02}"),
        requested_at=NOW,
        access_digest=bytes(32),
        traceparent=TRACE.traceparent,
    )


class Function:
    """A consumer that announces the id of each event, unless told to raise."""

    def __init__(self) -> None:
        self.line = Invocation()
        self.handled: list[Event] = []
        self.announced: list[list[str]] = []
        self.broken: dict[str, Exception] = {}
        self.silent: set[str] = set()
        self.announcing: Exception | None = None

    def receive(self, *bodies: str) -> Failures:
        subscribed = (on(DeletionRequest, self._handle),)
        return consume(sqs_event(*bodies), self.line, subscribed, self._announce)

    def _handle(self, event: DeletionRequest, line: Invocation) -> str | None:
        assert line is self.line
        if event.id in self.broken:
            raise self.broken[event.id]
        self.handled.append(event)
        return None if event.id in self.silent else event.id

    def _announce(self, results: list[str]) -> None:
        if self.announcing:
            raise self.announcing
        self.announced.append(results)


def keeping(kind: type[Event], arrived: list[Event]) -> Subscription[None]:
    def keep(event: Event, _line: Invocation) -> None:
        arrived.append(event)

    return on(kind, keep)


def altered(event: Event, change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(envelope(event))
    change(document)
    return json.dumps(document)


def test_every_message_is_handled_and_announced_together() -> None:
    function = Function()
    answer = function.receive(*(envelope(deletion(i)) for i in range(3)))
    assert failed(answer) == []
    assert function.handled == [deletion(0), deletion(1), deletion(2)]
    assert function.announced == [[deletion(i).id for i in range(3)]]
    assert function.line.facts == {"messages": 3, "failed": 0}


def test_poison_fails_alone() -> None:
    function = Function()
    function.broken[deletion(1).id] = ValueError(CANARY)
    answer = function.receive(*(envelope(deletion(i)) for i in range(3)))
    assert failed(answer) == ["m1"]
    assert function.announced == [[deletion(0).id, deletion(2).id]]
    assert function.line.counts["MessagesFailed"] == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "{",
        '"x"',
        "[" * 100_000,
        '{"detail-type": "DeletionRequest"}',
        '{"detail-type": "DeletionRequest", "source": "civic.gateway"}',
        '{"detail-type": ["DeletionRequest"], "source": "civic.gateway", "detail": {}}',
    ],
    ids=range(10),
)
def test_garbage_fails_alone(body: str) -> None:
    function = Function()
    assert failed(function.receive(body, envelope(deletion()))) == ["m0"]
    assert function.handled == [deletion()]


def test_unknown_event_fails_alone() -> None:
    unknown = altered(deletion(), lambda one: one.update({"detail-type": CANARY}))
    function = Function()
    assert failed(function.receive(unknown, envelope(deletion(1)))) == ["m0"]
    assert function.line.records[0]["error"] == "UnknownEvent"


def test_event_of_another_source_fails_alone() -> None:
    forged = altered(deletion(), lambda one: one.update(source="civic.validator"))
    assert failed(Function().receive(forged)) == ["m0"]


def test_unknown_version_fails_alone() -> None:
    later = altered(deletion(), lambda one: one["detail"].update(version=2))
    function = Function()
    assert failed(function.receive(later)) == ["m0"]
    assert not function.handled


def test_unknown_field_is_ignored() -> None:
    newer = altered(deletion(), lambda one: one["detail"].update(added_later=CANARY))
    function = Function()
    assert failed(function.receive(newer)) == []
    assert function.handled == [deletion()]


def test_event_the_function_has_not_subscribed_to_fails_alone() -> None:
    function = Function()
    retention = RetentionEnded(**deletion(1).model_dump())
    assert failed(function.receive(envelope(retention), envelope(deletion()))) == ["m0"]
    assert function.handled == [deletion()]
    assert function.line.records == [{"message": "m0", "error": "UnknownEvent"}]


def test_who_subscribes_to_a_family_hears_every_event_in_it() -> None:
    arrived: list[Event] = []
    subscribed = (keeping(ErasureOrdered, arrived),)
    both = deletion(), RetentionEnded(**deletion(1).model_dump())
    answer = consume(sqs_event(*map(envelope, both)), Invocation(), subscribed)
    assert failed(answer) == []
    assert arrived == [*both]


def test_of_several_subscriptions_the_first_that_fits_handles() -> None:
    first: list[Event] = []
    second: list[Event] = []
    subscribed = (keeping(DeletionRequest, first), keeping(ErasureOrdered, second))
    consume(sqs_event(envelope(deletion())), Invocation(), subscribed)
    assert (first, second) == ([deletion()], [])


def test_one_message_is_handled_by_itself() -> None:
    subscribed = (on(DeletionRequest, lambda event, _: event.id),)
    assert handled(envelope(deletion()), Invocation(), subscribed) == deletion().id


def test_failed_announcement_sends_back_every_message_that_had_one() -> None:
    function = Function()
    function.silent.add(deletion(1).id)
    function.announcing = RuntimeError(CANARY)
    answer = function.receive(*(envelope(deletion(i)) for i in range(3)), "garbage")
    assert sorted(failed(answer)) == ["m0", "m2", "m3"]
    assert function.line.facts == {"messages": 4, "failed": 3}


def test_nothing_to_announce_announces_nothing() -> None:
    function = Function()
    function.silent.add(deletion().id)
    assert failed(function.receive(envelope(deletion()))) == []
    assert function.announced == []


def test_no_message_is_no_failure() -> None:
    assert failed(Function().receive()) == []


def test_record_of_a_failure_names_types_and_repeats_nothing() -> None:
    function = Function()
    cause = ValueError(CANARY)
    error = RuntimeError(CANARY)
    error.__cause__ = cause
    function.broken[deletion().id] = error
    garbage = f'{{"{CANARY}": '
    wrong = altered(deletion(), lambda one: one["detail"].update(id=CANARY))
    function.receive(envelope(deletion()), garbage, wrong)
    assert function.line.records[0] == {"message": "m0", "error": "RuntimeError < ValueError"}
    assert [record["message"] for record in function.line.records] == ["m0", "m1", "m2"]
    assert CANARY not in repr(function.line.records)


def test_sealed_bytes_arrive_as_they_were_published() -> None:
    request = ValidationRequest(
        id=deletion().id,
        revision=Revision(1),
        created_at=NOW,
        submitted_at=NOW,
        access_digest=bytes(range(32)),
        sealed=SealedFields(commitment=b"\xff" * 32, fields={"x": bytes(range(256))}),
        traceparent=TRACE.traceparent,
    )
    arrived: list[Event] = []
    consume(sqs_event(envelope(request)), Invocation(), (keeping(ValidationRequest, arrived),))
    assert arrived == [request]


def test_envelope_may_carry_what_eventbridge_adds() -> None:
    document = altered(deletion(), lambda one: one.update(account="1", region="x", resources=[]))
    assert failed(Function().receive(document)) == []


def test_packed_event_with_too_many_facts_fails() -> None:
    change = {"id": deletion().id, "at": NOW.isoformat(), "traceparent": TRACE.traceparent}
    body = {
        "detail-type": "DataDeleted",
        "source": DataDeleted.sources()[0],
        "detail": {"version": 1, "items": [change] * 11},
    }
    assert failed(Function().receive(json.dumps(body))) == ["m0"]
