"""What an operator does to a deployed stack: rotate keys, look at queues, release aggregates."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from civic.stack.target import Target
from civic.terminal.failures import CommandFailed

CONSUMERS = (
    "Validator",
    "PiiStorage",
    "Analytics",
    "Accountability",
    "CredentialRoll",
    "Deadlines",
    "Release",
)
"""Each has a queue and a dead-letter queue among the stack's outputs."""

VOTING_CONSUMERS = ("Ballot", "Snapshot", "States", "Calendar", "ElectionKeys")
"""The same of the voting stack."""

AUDIT_CONSUMERS = ("Event", "Certified")
"""The same of the audit stack."""

_STALLED_SECONDS = 60.0
_PAUSE_SECONDS = 0.5
_TWICE = 2


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many messages wait, are being handled, and have been given up."""

    name: str
    waiting: int
    in_flight: int
    dead: int

    @property
    def left(self) -> int:
        """How many are still to be handled."""
        return self.waiting + self.in_flight


def queue_depths(target: Target, consumers: tuple[str, ...] = CONSUMERS) -> list[QueueDepth]:
    """Return the depth of a stack's queues, and of its queue of undelivered events.

    Args:
        target: The identity stack; or the voting stack, with ``VOTING_CONSUMERS``.
        consumers: Whose queues.
    """
    depths = []
    for name in consumers:
        waiting, in_flight = _depth(target, target.output(f"{name}QueueUrl"))
        dead, _ = _depth(target, target.output(f"{name}DlqUrl"))
        depths.append(QueueDepth(name, waiting, in_flight, dead))
    undelivered, _ = _depth(target, target.output("UndeliveredQueueUrl"))
    return [*depths, QueueDepth("Undelivered", 0, 0, undelivered)]


def await_empty_queues(target: Target, tell: Callable[[int], None]) -> list[QueueDepth]:
    """Wait for as long as the queues get shorter.

    Args:
        target: The stack.
        tell: Told again and again how many messages are left.

    Returns:
        The depths at the end; what did not get shorter for a minute still shows in them.
    """
    shortest: int | None = None
    since = time.monotonic()
    found_empty = 0
    while True:
        depths = queue_depths(target)
        left = sum(depth.left for depth in depths)
        if shortest is None or left < shortest:
            shortest, since = left, time.monotonic()
        # Twice: between two queues an event is on the bus, in none of them.
        found_empty = 0 if left else found_empty + 1
        if found_empty == _TWICE or time.monotonic() - since > _STALLED_SECONDS:
            return depths
        tell(left)
        time.sleep(_PAUSE_SECONDS)


def _depth(target: Target, url: str) -> tuple[int, int]:
    attributes = target.sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
        ],
    )["Attributes"]
    return (
        int(attributes["ApproximateNumberOfMessages"]),
        int(attributes["ApproximateNumberOfMessagesNotVisible"]),
    )


def redrive(
    target: Target,
    consumer: str,
    limit: int | None = None,
    may_go: Callable[[str], bool] = lambda _: True,
) -> int:
    """Move messages from a dead-letter queue back to their queue; harmless when repeated.

    Each message is sent before it is deleted: a break in between doubles it, and every consumer
    takes a doubled message for one.

    Args:
        target: The stack.
        consumer: One of its consumers.
        limit: How many to move at the most; None for all.
        may_go: Told a message's body; what it refuses stays where it is.

    Returns:
        How many were moved.
    """
    source, destination = (target.output(f"{consumer}{end}") for end in ("DlqUrl", "QueueUrl"))
    moved = 0
    while limit is None or moved < limit:
        batch = 10 if limit is None else min(10, limit - moved)
        messages = target.sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=batch,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["MessageGroupId"],
        ).get("Messages", [])
        if not messages:
            break
        for message in messages:
            if may_go(message["Body"]):
                in_order = _in_order(destination, message)
                target.sqs.send_message(
                    QueueUrl=destination, MessageBody=message["Body"], **in_order
                )
                target.sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
    return moved


def _in_order(queue: str, message: Any) -> dict[str, Any]:
    """Return what a FIFO queue has to be told of a message."""
    if not queue.endswith(".fifo"):
        return {}
    return {
        "MessageGroupId": message["Attributes"]["MessageGroupId"],
        "MessageDeduplicationId": message["MessageId"],
    }


def rotate_wrapping_key(target: Target) -> str:
    """Make a further wrapping key and return its version."""
    return str(invoke(target, "KeyCustodianFunctionName", {"action": "rotate"})["version"])


def count_subject_keys(target: Target) -> int:
    """Return about how many subject keys there are, for a progress bar."""
    table = target.output("SubjectKeysTableName")
    return int(target.dynamodb.describe_table(TableName=table)["Table"].get("ItemCount", 0))


def rewrap_subject_keys(target: Target) -> Iterator[tuple[int, int]]:
    """Move every subject key to the current wrapping key, page by page.

    May be broken off and run again at any time.

    Yields:
        How many keys the page held, and how many of them were rewrapped.
    """
    cursor = None
    while True:
        page = invoke(target, "KeyCustodianFunctionName", {"action": "rewrap", "cursor": cursor})
        yield page["seen"], page["rewrapped"]
        cursor = page["cursor"]
        if cursor is None:
            return


def release_aggregates(target: Target) -> dict[str, Any]:
    """Publish a release now and return its announcement."""
    return invoke(target, "AnalyticsReleaseFunctionName", {})


def read_release(target: Target, released: dict[str, Any]) -> dict[str, Any]:
    """Return the published document of a release."""
    stored = target.s3.get_object(Bucket=released["bucket"], Key=released["json_key"])
    document: dict[str, Any] = json.loads(stored["Body"].read())
    return document


def invoke(target: Target, output: str, command: dict[str, Any]) -> dict[str, Any]:
    """Call one of the stack's functions, and wait for its answer.

    Args:
        target: The stack.
        output: The stack's output that names the function.
        command: What the function is given.

    Raises:
        CommandFailed: The function raised; says the error's type, never its text.
    """
    answer = target.functions.invoke(
        FunctionName=target.output(output), Payload=json.dumps(command).encode()
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise CommandFailed(f"the function failed: {payload.get('errorType', 'unknown error')}")
    return payload
