"""The edge of a queue: EventBridge envelopes in SQS messages, with partial failure.

A message that cannot be handled is reported back alone and is delivered again, and in the end it
goes to the dead-letter queue; the others of its batch succeed. One that an outage kept from being
handled is put off instead (`civic.runtime.postponing`), where its function asks for that.

This is written by hand rather than with Powertools' batch processor, whose import alone costs a
fifth of the cold-start budget and which logs exception texts (docs/adr/0006-own-edges.md).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civic.contracts.errors import Unavailable
from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from civic.runtime.observability import Invocation, describe
from civic.runtime.postponing import OwnQueue, may_be_put_off
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

    message: Mapping[str, Any]
    result: R


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that was not handled, and why."""

    message: Mapping[str, Any]
    error: Exception


def consume[R](
    queue_event: Mapping[str, Any],
    line: Invocation,
    subscriptions: Sequence[Subscription[R]],
    announce: Callable[[list[R]], None] | None = None,
    queue: Callable[[], OwnQueue] | None = None,
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
        queue: Called for the queue to put messages off in, if an outage is why some failed.
            Without it they are sent back like any other.
    """
    failed: list[Failed] = []
    done: list[Done[R]] = []
    for message in queue_event["Records"]:
        try:
            result = handled(message["body"], line, subscriptions)
        except Exception as error:  # noqa: BLE001 - one bad message must not fail its batch mates
            failed.append(Failed(message, error))
        else:
            if result is not None:
                done.append(Done(message, result))
    if done and announce is not None:
        try:
            announce([item.result for item in done])
        except Exception as error:  # noqa: BLE001 - the batch is handled again
            failed.extend(Failed(item.message, error) for item in done)
    back = _put_off(failed, line, queue) if queue else failed
    line.note(messages=len(queue_event["Records"]), failed=len(back))
    return _failures([_refuse(line, one) for one in back])


def _put_off(failed: list[Failed], line: Invocation, queue: Callable[[], OwnQueue]) -> list[Failed]:
    """Put off what an outage kept from being handled; return what goes back to the queue."""
    back = [one for one in failed if not may_be_put_off(one.message, one.error)]
    waiting = [one for one in failed if may_be_put_off(one.message, one.error)]
    for number, one in enumerate(waiting):
        try:
            queue().put_off(one.message)
        except Unavailable as error:
            # The queue is out as well: it delivers them again, which costs them a try.
            line.note(not_put_off=describe(error))
            return back + waiting[number:]
        line.record(
            message=one.message["messageId"], error=line.blame(one.error), outcome="put_off"
        )
        line.count("MessagesPostponed")
    return back


def _refuse(line: Invocation, failed: Failed) -> str:
    message_id: str = failed.message["messageId"]
    line.record(message=message_id, error=line.blame(failed.error))
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
