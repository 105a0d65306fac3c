"""The consumers' queues: pausing one, making one give up soon, and reading what remains."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from civic.contracts.voting import ElectionPublished
from civic.stack.target import Target
from tests.integration.waiting import eventually

_READING_SECONDS = 20


@contextmanager
def paused(target: Target, *consumers: str) -> Iterator[None]:
    """Make messages wait in the queues of some consumers while the block runs."""
    mappings = [_mapping(target, consumer) for consumer in consumers]
    for mapping in mappings:
        target.functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        for mapping in mappings:
            target.functions.update_event_source_mapping(UUID=mapping, Enabled=True)


@contextmanager
def impatient(target: Target, consumer: str) -> Iterator[None]:
    """Redeliver a failed message at once, and give up after its second failure."""
    url = target.output(f"{consumer}QueueUrl")
    names: Any = ["VisibilityTimeout", "RedrivePolicy"]
    answer = target.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
    before: Any = {name: answer["Attributes"][name] for name in names}
    policy = json.loads(before["RedrivePolicy"]) | {"maxReceiveCount": 2}
    soon: Any = {"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(policy)}
    target.sqs.set_queue_attributes(QueueUrl=url, Attributes=soon)
    try:
        yield
    finally:
        target.sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def send(target: Target, consumer: str, *bodies: str) -> None:
    """Put messages into a consumer's queue."""
    url = target.output(f"{consumer}QueueUrl")
    for body in bodies:
        target.sqs.send_message(QueueUrl=url, MessageBody=body)


def dead_letters(target: Target, consumer: str) -> list[str]:
    """Return the messages in a dead-letter queue without removing them."""
    return read(target, target.output(f"{consumer}DlqUrl"))


def read(target: Target, url: str) -> list[str]:
    """Return the messages in a queue without removing them."""
    bodies, handles = [], []
    while messages := target.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=_READING_SECONDS
    ).get("Messages"):
        bodies += [message["Body"] for message in messages]
        handles += [message["ReceiptHandle"] for message in messages]
    for handle in handles:
        target.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0
        )
    return bodies


def dead(target: Target, consumer: str, count: int) -> list[str]:
    """Wait until this many messages are dead, and return them."""
    eventually(
        f"{count} messages of {consumer} are dead",
        lambda: len(dead_letters(target, consumer)) == count,
    )
    return dead_letters(target, consumer)


def put_off(target: Target, consumer: str, count: int) -> None:
    """Wait until this many messages are in a consumer's queue for later."""
    url = target.output(f"{consumer}QueueUrl")

    def waiting() -> bool:
        answer = target.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessagesDelayed"]) == count

    eventually(f"{count} messages of {consumer} are put off", waiting)


def purge(target: Target, consumer: str) -> None:
    """Empty a dead-letter queue."""
    target.sqs.purge_queue(QueueUrl=target.output(f"{consumer}DlqUrl"))


@contextmanager
def recorded_events(target: Target) -> Iterator["Recording"]:
    """Keep a copy of everything on the bus while the block runs, as an archive would."""
    name = "civic-test-recording"
    bus = target.output("BusName")
    queue = target.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = target.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    target.events.put_rule(
        Name=name, EventBusName=bus, EventPattern=json.dumps({"source": [{"prefix": ""}]})
    )
    target.events.put_targets(
        Rule=name,
        EventBusName=bus,
        Targets=[{"Id": "recording", "Arn": arn["Attributes"]["QueueArn"]}],
    )
    try:
        yield Recording(target, queue)
    finally:
        target.events.remove_targets(Rule=name, EventBusName=bus, Ids=["recording"])
        target.events.delete_rule(Name=name, EventBusName=bus)
        target.sqs.delete_queue(QueueUrl=queue)


class Recording:
    """The envelopes of all events since the recording began."""

    def __init__(self, target: Target, queue: str) -> None:
        self._target = target
        self._queue = queue

    def bodies(self) -> list[str]:
        """Return the envelopes as a queue holds them."""
        return read(self._target, self._queue)

    def envelopes(self, *detail_types: str) -> list[dict[str, Any]]:
        """Return the envelopes, of some types or of all."""
        found = [json.loads(body) for body in self.bodies()]
        return [one for one in found if not detail_types or one["detail-type"] in detail_types]


def publish(target: Target, envelope: dict[str, Any]) -> None:
    """Put an event on the bus again."""
    answer = target.events.put_events(
        Entries=[
            {
                "EventBusName": target.output("BusName"),
                "Source": envelope["source"],
                "DetailType": envelope["detail-type"],
                "Detail": json.dumps(envelope["detail"]),
            }
        ]
    )
    assert answer["FailedEntryCount"] == 0


@contextmanager
def announced(target: Target, event: ElectionPublished) -> Iterator[None]:
    """Announce an election that only the issuer hears of while the block runs."""
    detail = event.model_dump(mode="json")
    publish(
        target, {"source": event.sources()[0], "detail-type": event.detail_type(), "detail": detail}
    )
    try:
        yield
    finally:
        # The voting domain does not know this election and would keep trying to publish its
        # results.
        target.sqs.purge_queue(QueueUrl=target.output("StatesQueueUrl"))


def _mapping(target: Target, consumer: str) -> str:
    queue = target.output(f"{consumer}QueueUrl").rpartition("/")[2]
    (mapping,) = (
        one["UUID"]
        for one in target.functions.list_event_source_mappings()["EventSourceMappings"]
        if one["EventSourceArn"].rpartition(":")[2] == queue
    )
    return mapping
