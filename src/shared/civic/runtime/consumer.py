"""The edge of a queue: EventBridge envelopes in SQS messages, with partial failure.

A message that cannot be handled is reported back alone and is delivered again, and in the end it
goes to the dead-letter queue; the others of its batch succeed. This is written by hand rather than
with Powertools' batch processor, whose import alone costs a fifth of the cold-start budget and
which logs exception texts (docs/adr/0006-own-edges.md).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from civic.runtime.observability import Invocation
from civic.runtime.subscriptions import Subscription

if TYPE_CHECKING:
    from collections.abc import Iterable

type Failures = dict[str, list[dict[str, str]]]
"""What Lambda expects in return: ``{"batchItemFailures": [{"itemIdentifier": ...}]}``."""


class UnknownEvent(Exception):
    """The message is not an event that this function subscribes to, or not in a known version."""


@dataclass(frozen=True, slots=True)
class Done[R]:
    """A handled message and what to announce about it."""

    message_id: str
    result: R


def consume[R](
    queue_event: Mapping[str, Any],
    line: Invocation,
    subscriptions: Sequence[Subscription[R]],
    announce: Callable[[list[R]], None] | None = None,
) -> Failures:
    """Handle every message of a batch, then announce all results together.

    An event that the function has not subscribed to is refused like a message that is not an event.

    Args:
        queue_event: The SQS event as Lambda passes it.
        line: The invocation's log line.
        subscriptions: What the function has subscribed to. What a handler raises sends its
            message back to the queue.
        announce: Called once with all results, if there are any. What it raises sends back every
            message that had a result, to be handled again; handlers are idempotent.
    """
    failed: list[str] = []
    done: list[Done[R]] = []
    for message in queue_event["Records"]:
        try:
            result = handled(message["body"], line, subscriptions)
        except Exception as error:  # noqa: BLE001 - one bad message must not fail its batch mates
            failed.append(_refuse(line, message["messageId"], error))
        else:
            if result is not None:
                done.append(Done(message["messageId"], result))
    if done and announce is not None:
        try:
            announce([item.result for item in done])
        except Exception as error:  # noqa: BLE001 - the batch is handled again
            failed.extend(_refuse(line, item.message_id, error) for item in done)
    line.note(messages=len(queue_event["Records"]), failed=len(failed))
    return _failures(failed)


def _refuse(line: Invocation, message_id: str, error: Exception) -> str:
    line.record(message=message_id, error=line.blame(error))
    line.count("MessagesFailed")
    return message_id


def _failures(message_ids: "Iterable[str]") -> Failures:
    return {"batchItemFailures": [{"itemIdentifier": one} for one in message_ids]}


def handled[R](body: str, line: Invocation, subscriptions: Sequence[Subscription[R]]) -> R | None:
    """Handle one message.

    Args:
        body: An EventBridge envelope, as the queue delivers it.
        line: The invocation's log line.
        subscriptions: What the function has subscribed to.

    Returns:
        What to announce, or None.

    Raises:
        UnknownEvent: It is not an event, or not one that the function has subscribed to.
    """
    envelope = json.loads(body)
    model = EVENTS.get(envelope["detail-type"])
    if model is None or envelope["source"] not in model.sources():
        raise UnknownEvent("not an event there is")
    for subscription in subscriptions:
        if issubclass(model, subscription.event):
            event: Event = model.model_validate_json(json.dumps(envelope["detail"]))
            return subscription.handle(event, line)
    raise UnknownEvent("not an event this function has subscribed to")
