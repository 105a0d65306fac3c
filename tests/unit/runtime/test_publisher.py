"""Packing of facts into events."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain

import pytest

from civic.contracts.events import PACK_SIZE, DataChange, DataDeleted, Event
from civic.contracts.identifiers import RegistrationId
from civic.runtime.publisher import EventBridgePublisher, publish_packed
from tests.fakes.pipeline import TRACE


class Recorder(EventBridgePublisher):
    """A publisher without a bus."""

    def __init__(self) -> None:
        self.calls: list[list[Event]] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.calls.append(list(events))


def changes(number: int) -> list[DataChange]:
    return [
        DataChange(
            id=RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a{index:02}"),
            at=datetime(2027, 1, 15, tzinfo=UTC),
            traceparent=TRACE.traceparent,
        )
        for index in range(number)
    ]


@pytest.mark.parametrize(
    ("facts", "sizes"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_facts_are_packed_by_tens_in_order(facts: int, sizes: list[int]) -> None:
    recorder = Recorder()
    publish_packed(recorder, changes(facts), lambda pack: DataDeleted(items=pack))
    events = [event for event in chain(*recorder.calls) if isinstance(event, DataDeleted)]
    assert [len(event.items) for event in events] == sizes
    assert list(chain(*(event.items for event in events))) == changes(facts)
    assert max(sizes, default=0) <= PACK_SIZE
