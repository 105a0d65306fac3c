"""A message that is lost for good is made up for by the next sweep, and nothing else is touched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from civic.contracts.events import (
    DataDeleted,
    DataStored,
    DataUpdated,
    DecisionDeleted,
    DeletionRequest,
    Event,
    JoinDeleted,
    ReviewDecided,
    ValidationRequest,
    ValidationResult,
)
from civic.contracts.voting import RollDeleted
from civic.identity.model.receipt import Receipt
from civic.identity.usecases.rights import object_to_analytics, restrict
from tests.fakes.pipeline import SUBSCRIPTIONS, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import DOUBTFUL, contested, decide, in_doubt
from tests.fakes.views import view
from tests.strategies.registrations import person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADA, MOVED = person(), person(username="moved")


@dataclass(frozen=True)
class Lost:
    """What never reaches a consumer, or is acknowledged by it without effect."""

    consumer: Consumer
    event: type[Event]


def deliver(pipeline: Pipeline, start: int, lost: Lost | None = None) -> None:
    """Deliver what was published since ``start``, and what follows, but for what is lost."""
    while start < len(pipeline.bus.events):
        event = pipeline.bus.events[start]
        start += 1
        for consumer in SUBSCRIPTIONS[type(event)]:
            if lost is None or consumer is not lost.consumer or not isinstance(event, lost.event):
                assert pipeline.deliver(consumer, event)


@contextmanager
def losing(pipeline: Pipeline, lost: Lost | None) -> Iterator[None]:
    """Lose some of what is published inside the block."""
    start = len(pipeline.bus.events)
    yield
    deliver(pipeline, start, lost)


def held(pipeline: Pipeline, receipt: Receipt) -> dict[str, Any]:
    """Return what every store holds about somebody."""
    entry = pipeline.ledger.get(receipt.id)
    return {
        "view": view(pipeline, receipt.id),
        "roll": pipeline.overview.on_roll(receipt.id),
        "joins": pipeline.overview.joined(receipt.id),
        "waits": pipeline.reviews.get(receipt.id) is not None,
        "open": {place for place in pipeline.requests.pending if place[0] == receipt.id},
        "erased": entry is not None and entry.receipt is not None,
    }


def registered(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    with losing(pipeline, lost):
        return pipeline.register(ADA)


def doubted(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    with losing(pipeline, lost):
        return pipeline.register(DOUBTFUL)


def corrected(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    receipt = registered(pipeline, None)
    with losing(pipeline, lost):
        pipeline.rectify(receipt, MOVED)
    return receipt


def decided_by_people(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    receipt = contested(pipeline)
    with losing(pipeline, lost):
        decide(pipeline, receipt)
    return receipt


def erased(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    receipt = corrected(pipeline, None)
    with losing(pipeline, lost):
        pipeline.erase(receipt)
    return receipt


type Story = Callable[[Pipeline, Lost | None], Receipt]

VALIDATOR, STORAGE, ROLL = Consumer.VALIDATOR, Consumer.STORAGE, Consumer.CREDENTIAL_ROLL
ANALYTICS, ACCOUNTABILITY = Consumer.ANALYTICS, Consumer.ACCOUNTABILITY
LOSSES: list[tuple[Story, Lost, str]] = [
    (registered, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (registered, Lost(ROLL, ValidationResult), "DecisionsMended"),
    (registered, Lost(ANALYTICS, ValidationResult), "DecisionsMended"),
    (registered, Lost(ANALYTICS, DataStored), "DecisionsMended"),
    (doubted, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (corrected, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (corrected, Lost(ROLL, ValidationResult), "DecisionsMended"),
    (corrected, Lost(ANALYTICS, ValidationResult), "DecisionsMended"),
    (corrected, Lost(ANALYTICS, DataUpdated), "DecisionsMended"),
    (corrected, Lost(ACCOUNTABILITY, DataUpdated), "RequestsMended"),
    (decided_by_people, Lost(ROLL, ReviewDecided), "DecisionsMended"),
    (decided_by_people, Lost(ANALYTICS, ReviewDecided), "DecisionsMended"),
    (erased, Lost(VALIDATOR, DeletionRequest), "ErasuresMended"),
    (erased, Lost(STORAGE, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ROLL, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ANALYTICS, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, DataDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, JoinDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, RollDeleted), "ErasuresMended"),
]


def of_loss(loss: object) -> str:
    if isinstance(loss, Lost):
        return f"{loss.event.__name__}-to-{loss.consumer}"
    return getattr(loss, "__name__", str(loss))


def sweep(pipeline: Pipeline) -> dict[str, int]:
    """Sweep an hour later, and deliver what follows."""
    pipeline.now += HOUR
    start = len(pipeline.bus.events)
    found = pipeline.sweep()
    deliver(pipeline, start)
    return dict(found)


def others(pipeline: Pipeline) -> list[Receipt]:
    """Add people with whom nothing is wrong."""
    there = [registered(pipeline, None), corrected(pipeline, None), erased(pipeline, None)]
    objector = registered(pipeline, None)
    with losing(pipeline, None):
        object_to_analytics(pipeline.rights, objector.id, objector.access_token, TRACE)
    restricted = registered(pipeline, None)
    with losing(pipeline, None):
        restrict(pipeline.rights, restricted.id, restricted.access_token, TRACE)
    return [*there, objector, restricted, in_doubt(pipeline), contested(pipeline)]


@pytest.mark.parametrize(("story", "lost", "metric"), LOSSES, ids=of_loss)
def test_what_was_lost_is_mended_and_counted(story: Story, lost: Lost, metric: str) -> None:
    pipeline, unharmed = Pipeline(), Pipeline()
    for one in (pipeline, unharmed):
        others(one)
    receipt, same = story(pipeline, lost), story(unharmed, None)
    assert receipt == same
    assert held(pipeline, receipt) != held(unharmed, same), "nothing was lost"
    assert sweep(pipeline) == {metric: 1}
    assert held(pipeline, receipt) == held(unharmed, same)
    assert sweep(pipeline) == {}


def test_where_nothing_is_wrong_nothing_is_published() -> None:
    pipeline = Pipeline()
    people = others(pipeline)
    before = [held(pipeline, one) for one in people]
    published = len(pipeline.bus.events)
    assert sweep(pipeline) == {}
    assert len(pipeline.bus.events) == published
    assert [held(pipeline, one) for one in people] == before


@pytest.mark.parametrize(("story", "lost", "metric"), LOSSES, ids=of_loss)
def test_what_may_still_be_on_its_way_is_left_alone(story: Story, lost: Lost, metric: str) -> None:
    pipeline = Pipeline()
    story(pipeline, lost)
    pipeline.now += HOUR - timedelta(seconds=1)
    assert pipeline.sweep() == {}
    pipeline.now += timedelta(seconds=1)
    assert pipeline.sweep() == {metric: 1}
