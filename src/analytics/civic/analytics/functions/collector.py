"""Queue: join decisions with storage, and forget the erased; no key and no personal data."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from civic.analytics.collecting import (
    collect_decisions,
    collect_erasures,
    collect_objection,
    collect_restriction,
    collect_storage,
)
from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.analytics.ports import JoinStore
from civic.contracts.events import (
    DataChange,
    DecisionDeleted,
    DecisionMade,
    DecisionsMade,
    Event,
    JoinDeleted,
    ObjectionHonoured,
    ObjectionRaised,
    RestrictionChanged,
    RevisionsKept,
)
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.publisher import EventBridgePublisher, publish_packed
from civic.runtime.subscriptions import Subscriptions, on

type Forgotten = tuple[type[JoinDeleted | ObjectionHonoured], Sequence[DataChange]]


class Environment(QueueSettings):
    """Environment of the collector."""

    bus_name: str
    joins_table: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the collector's queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES, _announce, own_queue)


@cache
def joins() -> JoinStore:
    """Compose the join store from the environment."""
    return DynamoDbJoins(clients.dynamodb(), _settings().joins_table)


@cache
def publisher() -> EventBridgePublisher:
    """Compose the publisher to the bus."""
    return EventBridgePublisher(clients.events(), _settings().bus_name, "analytics")


def _decided(event: DecisionsMade, line: Invocation) -> None:
    collect_decisions(joins(), event.results)
    _note(event, event.results, line)


def _kept(event: RevisionsKept, line: Invocation) -> None:
    collect_storage(joins(), event.items)
    _note(event, event.items, line)


def _erased(event: DecisionDeleted, line: Invocation) -> Forgotten:
    _note(event, event.ended, line)
    return JoinDeleted, collect_erasures(joins(), event.ended, clients.now())


def _objected(event: ObjectionRaised, line: Invocation) -> Forgotten:
    objection = DataChange(id=event.id, at=event.at, traceparent=event.traceparent)
    collect_objection(joins(), objection)
    _note(event, (objection,), line)
    return ObjectionHonoured, (objection,)


def _restricted(event: RestrictionChanged, line: Invocation) -> None:
    collect_restriction(joins(), event.id, event.sequence)
    _note(event, (event,), line)


SUBSCRIBES: Subscriptions[Forgotten] = (
    on(DecisionsMade, _decided),
    on(RevisionsKept, _kept),
    on(DecisionDeleted, _erased),
    on(ObjectionRaised, _objected),
    on(RestrictionChanged, _restricted),
)


def _note(
    event: Event, facts: Sequence[DecisionMade | DataChange | RestrictionChanged], line: Invocation
) -> None:
    for fact in facts:
        line.record(id=fact.id, trace=fact.traceparent, outcome=event.detail_type())
    line.count("Joined", len(facts))


def _announce(results: list[Forgotten]) -> None:
    for kind in (JoinDeleted, ObjectionHonoured):
        items = [item for of, changes in results if of is kind for item in changes]
        publish_packed(publisher(), items, partial(_packed, kind))


def _packed(kind: type[JoinDeleted | ObjectionHonoured], pack: tuple[DataChange, ...]) -> Event:
    return kind(items=pack)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
