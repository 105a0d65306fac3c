"""Publishing to an EventBridge bus."""

from collections.abc import Callable, Sequence
from itertools import batched
from typing import TYPE_CHECKING

from civic.contracts.errors import Unavailable
from civic.contracts.events import PACK_SIZE, Event, source_of
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_ENTRIES_PER_CALL = 10
"""The limit of PutEvents."""


class PublishFailed(Unavailable):
    """The bus did not accept every event; those it accepted may be published again."""


class NotItsEvent(Exception):
    """A function publishes what its contract has others publish."""


class EventBridgePublisher:
    """Publishes the events of one function to one bus."""

    def __init__(self, client: "EventBridgeClient", bus: str, function: str) -> None:
        """Publish to ``bus`` through ``client``, in the name of ``function``."""
        self._client = client
        self._bus = bus
        self._function = function

    def publish(self, events: Sequence[Event]) -> None:
        """Publish every event, ten per call.

        Raises:
            NotItsEvent: The function does not publish such an event; nothing is sent.
            PublishFailed: At least one was not accepted.
        """
        if any(self._function not in event.SOURCES for event in events):
            raise NotItsEvent("who subscribes to the event would refuse it")
        for batch in batched(events, _ENTRIES_PER_CALL, strict=False):
            with unavailable_as(PublishFailed):
                answer = self._client.put_events(
                    Entries=[
                        {
                            "EventBusName": self._bus,
                            "Source": source_of(self._function),
                            "DetailType": event.detail_type(),
                            "Detail": event.model_dump_json(exclude_none=True),
                        }
                        for event in batch
                    ]
                )
            if answer["FailedEntryCount"]:
                message = "the bus did not take every event"
                raise PublishFailed(message)


def publish_packed[F](
    publisher: EventBridgePublisher,
    facts: Sequence[F],
    pack: Callable[[tuple[F, ...]], Event],
) -> None:
    """Publish facts as events of up to ten each, as EventBridge charges per event.

    Raises:
        PublishFailed: At least one event was not accepted.
    """
    publisher.publish([pack(some) for some in batched(facts, PACK_SIZE, strict=False)])
