"""Queue: join decisions with storage, forget the erased. Holds no key, reads no personal data."""

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
    DataDeleted,
    DataStored,
    DataUpdated,
    Event,
    JoinDeleted,
    ObjectionHonoured,
    ObjectionRaised,
    RestrictionChanged,
    ValidationResult,
)
from civic.runtime import clients
from civic.runtime.consumer import Failures, UnknownEvent, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.publisher import EventBridgePublisher, publish_packed
from civic.runtime.settings import Settings

type Forgotten = tuple[type[JoinDeleted | ObjectionHonoured], list[DataChange]]


class Environment(Settings):
    """Environment of the collector."""

    bus_name: str
    joins_table: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the collector's queue."""
    with invocation() as line:
        return consume(event, line, lambda one: _handle(one, line), _announce)


@cache
def joins() -> JoinStore:
    """Compose the join store from the environment."""
    return DynamoDbJoins(clients.dynamodb(), _settings().joins_table)


@cache
def publisher() -> EventBridgePublisher:
    """Compose the way to the bus."""
    return EventBridgePublisher(clients.events(), _settings().bus_name)


def _handle(event: Event, line: Invocation) -> Forgotten | None:
    forgotten: Forgotten | None = None
    match event:
        case ValidationResult():
            collect_decisions(joins(), event)
            facts = [(fact.id, fact.traceparent) for fact in event.results]
        case DataStored() | DataUpdated():
            collect_storage(joins(), event)
            facts = [(fact.id, fact.traceparent) for fact in event.items]
        case DataDeleted():
            forgotten = JoinDeleted, collect_erasures(joins(), event)
            facts = [(fact.id, fact.traceparent) for fact in event.items]
        case ObjectionRaised():
            forgotten = ObjectionHonoured, [collect_objection(joins(), event)]
            facts = [(event.id, event.traceparent)]
        case RestrictionChanged():
            collect_restriction(joins(), event)
            facts = [(event.id, event.traceparent)]
        case _:
            raise UnknownEvent("the collector does not handle this event")
    for registration, trace in facts:
        line.record(id=registration, trace=trace, outcome=event.detail_type())
    line.count("Joined", len(facts))
    return forgotten


def _announce(results: list[Forgotten]) -> None:
    for kind in (JoinDeleted, ObjectionHonoured):
        items = [item for of, changes in results if of is kind for item in changes]
        publish_packed(publisher(), items, partial(_packed, kind))


def _packed(kind: type[JoinDeleted | ObjectionHonoured], pack: tuple[DataChange, ...]) -> Event:
    return kind(items=pack)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
