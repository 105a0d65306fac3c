"""What an operator does to a deployed system: rotate keys, look at queues, release aggregates."""

import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from civic.stack.stacks import IDENTITY, STACKS
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed
from civic.terminal.waiting import PATIENCE_SECONDS

_QUEUE, _DEAD = "QueueUrl", "DlqUrl"
"""How the outputs end that name a consumer's queues; a queue without a dead-letter queue holds what
could not be delivered.
"""

_STALLED_SECONDS = PATIENCE_SECONDS
_PAUSE_SECONDS = 0.5
_TWICE = 2


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many messages are waiting, being handled, and given up."""

    name: str
    waiting: int
    in_flight: int
    dead: int

    @property
    def left(self) -> int:
        """How many are yet to be handled."""
        return self.waiting + self.in_flight


def consumers(target: Target, stacks: Collection[str] = STACKS) -> list[str]:
    """Return the consumers of some stacks, each of which has a queue and a dead-letter queue."""
    return _named(target, stacks, _DEAD)


def queue_depths(target: Target, stacks: Collection[str] = STACKS) -> list[QueueDepth]:
    """Return the depth of every consumer's queues, and of the queues of undelivered events.

    Args:
        target: The system.
        stacks: Which of its stacks.
    """
    of_consumers = consumers(target, stacks)
    depths = []
    for name in of_consumers:
        waiting, in_flight = _depth(target, target.output(name + _QUEUE))
        dead, _ = _depth(target, target.output(name + _DEAD))
        depths.append(QueueDepth(name, waiting, in_flight, dead))
    for name in _named(target, stacks, _QUEUE):
        if name not in of_consumers:
            undelivered, _ = _depth(target, target.output(name + _QUEUE))
            depths.append(QueueDepth(name, 0, 0, undelivered))
    return depths


def _named(target: Target, stacks: Collection[str], end: str) -> list[str]:
    """Return what the outputs with a common ending are about, in alphabetical order."""
    outputs = [key for stack in stacks for key in target.outputs_of(stack)]
    return sorted(key.removesuffix(end) for key in outputs if key.endswith(end))


def await_empty_queues(target: Target, tell: Callable[[int], None]) -> list[QueueDepth]:
    """Wait as long as the queues of the identity domain get shorter.

    Args:
        target: The system.
        tell: Called again and again with the number of messages left.

    Returns:
        The depths at the end; they are not all zero if the queues stopped getting shorter.
    """
    shortest: int | None = None
    since = time.monotonic()
    found_empty = 0
    while True:
        depths = queue_depths(target, IDENTITY)
        left = sum(depth.left for depth in depths)
        if shortest is None or left < shortest:
            shortest, since = left, time.monotonic()
        # Twice, because between two queues an event is on the bus and in neither of them.
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
            "ApproximateNumberOfMessagesDelayed",
        ],
    )["Attributes"]
    return (
        # One that was put off waits as well, though nobody can take it yet.
        int(attributes["ApproximateNumberOfMessages"])
        + int(attributes["ApproximateNumberOfMessagesDelayed"]),
        int(attributes["ApproximateNumberOfMessagesNotVisible"]),
    )


def redrive(
    target: Target,
    consumer: str,
    limit: int | None = None,
    may_go: Callable[[str], bool] = lambda _: True,
) -> int:
    """Move messages from a dead-letter queue back to their queue; repeating it does no harm.

    Each message is sent before it is deleted: an interruption in between duplicates it, and every
    consumer treats a duplicate as one message.

    Args:
        target: The system.
        consumer: One of its consumers.
        limit: How many to move at most; None for all.
        may_go: Called with the body of a message; what it refuses stays where it is.

    Returns:
        How many were moved.
    """
    source, destination = (target.output(consumer + end) for end in (_DEAD, _QUEUE))
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
    """Return the attributes that a FIFO queue needs for a message."""
    if not queue.endswith(".fifo"):
        return {}
    return {
        "MessageGroupId": message["Attributes"]["MessageGroupId"],
        "MessageDeduplicationId": message["MessageId"],
    }


def rotate_wrapping_key(target: Target) -> str:
    """Make a new wrapping key and return its version."""
    return str(invoke(target, "KeyCustodianFunctionName", {"action": "rotate"})["version"])


def count_subject_keys(target: Target) -> int:
    """Return about how many subject keys there are, for a progress bar."""
    table = target.output("SubjectKeysTableName")
    return int(target.dynamodb.describe_table(TableName=table)["Table"].get("ItemCount", 0))


@dataclass(frozen=True, slots=True)
class RewrappedPage:
    """How many subject keys there were on a page, and what became of them."""

    seen: int
    rewrapped: int
    refused: int


def rewrap_subject_keys(target: Target) -> Iterator[RewrappedPage]:
    """Move every subject key to the current wrapping key and bind it to its row, page by page.

    It may be interrupted and run again at any time.
    """
    cursor = None
    while True:
        page = invoke(target, "KeyCustodianFunctionName", {"action": "rewrap", "cursor": cursor})
        yield RewrappedPage(page["seen"], page["rewrapped"], page["refused"])
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
    """Call one of the system's functions, and wait for its answer.

    Args:
        target: The system.
        output: The output that names the function.
        command: The event to invoke the function with.

    Raises:
        CommandFailed: The function raised an error; the message has its type, never its text.
    """
    answer = target.functions.invoke(
        FunctionName=target.output(output), Payload=json.dumps(command).encode()
    )
    payload: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise CommandFailed(f"the function failed: {payload.get('errorType', 'unknown error')}")
    return payload
