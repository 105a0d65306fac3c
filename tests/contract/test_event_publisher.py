"""What every publisher does, and what EventBridge's does when the bus fails."""

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import EndpointConnectionError

from civic.contracts.events import DeletionRequest, Event
from civic.contracts.identifiers import RegistrationId
from civic.lab.memory.bus import MemoryBus
from civic.runtime import clients
from civic.runtime.publisher import EventBridgePublisher, PublishFailed
from tests.fakes.aws import BUS, Aws
from tests.fakes.pipeline import TRACE


def deletions(number: int) -> list[Event]:
    return [
        DeletionRequest(
            id=RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a{index:02}"),
            requested_at=datetime(2027, 1, 15, tzinfo=UTC),
            access_digest=bytes(range(200, 232)),
            traceparent=TRACE.traceparent,
        )
        for index in range(number)
    ]


def deployed() -> EventBridgePublisher:
    return EventBridgePublisher(clients.events(), BUS, "gateway")


def read(aws: Aws) -> list[Event]:
    """Return the published events as a consumer would read them."""
    details = [json.dumps(json.loads(entry["Detail"])) for entry in aws.published]
    return [DeletionRequest.model_validate_json(detail) for detail in details]


@pytest.mark.parametrize("number", [0, 1, 10, 11, 25])
def test_every_event_arrives_in_order(aws: Aws, number: int) -> None:
    bus = MemoryBus()
    bus.publish(deletions(number))
    deployed().publish(deletions(number))
    assert read(aws) == bus.events == deletions(number)


@pytest.mark.parametrize(("number", "calls"), [(0, []), (1, [1]), (10, [10]), (25, [10, 10, 5])])
def test_events_go_ten_a_call(aws: Aws, number: int, calls: list[int]) -> None:
    deployed().publish(deletions(number))
    assert [len(asked["Entries"]) for asked in aws.asked("PutEvents")] == calls


def test_entry_names_bus_source_and_type(aws: Aws) -> None:
    deployed().publish(deletions(1))
    (entry,) = aws.published
    assert entry["EventBusName"] == BUS
    assert entry["Source"] == "civic.gateway"
    assert entry["DetailType"] == "DeletionRequest"
    assert set(entry) == {"EventBusName", "Source", "DetailType", "Detail"}


def test_absent_values_are_left_out(aws: Aws) -> None:
    deployed().publish(deletions(1))
    assert None not in json.loads(aws.published[0]["Detail"]).values()


@pytest.mark.parametrize("failed", [1, 10])
def test_partial_failure_is_a_failure(aws: Aws, failed: int) -> None:
    entries = [{"ErrorCode": "ThrottlingException"}] * failed
    aws.answer("events", "PutEvents", {"FailedEntryCount": failed, "Entries": entries})
    with pytest.raises(PublishFailed):
        deployed().publish(deletions(10))


def test_nothing_is_published_after_a_failed_call(aws: Aws) -> None:
    aws.answer("events", "PutEvents", {"FailedEntryCount": 1, "Entries": [{}]})
    with pytest.raises(PublishFailed):
        deployed().publish(deletions(25))
    assert len(aws.asked("PutEvents")) == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_the_bus_is_a_failure(aws: Aws, code: str) -> None:
    aws.fail("events", "PutEvents", code)
    with pytest.raises(PublishFailed):
        deployed().publish(deletions(1))


def test_lost_connection_is_a_failure(aws: Aws) -> None:
    aws.lose("events", "PutEvents", EndpointConnectionError(endpoint_url="here"))
    with pytest.raises(PublishFailed):
        deployed().publish(deletions(1))
