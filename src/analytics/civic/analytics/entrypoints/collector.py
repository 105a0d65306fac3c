"""Queue: join decisions with storage, forget the erased. Holds no key, reads no personal data."""

from functools import cache
from typing import Any

from civic.analytics.adapters.join_store_dynamodb import DynamoDbJoins
from civic.analytics.entrypoints import wiring
from civic.analytics.ports import JoinStore
from civic.analytics.usecases.collect import (
    collect_decisions,
    collect_erasures,
    collect_storage,
)
from civic.contracts.events import (
    DataDeleted,
    DataStored,
    DataUpdated,
    Event,
    ValidationResult,
)
from civic.runtime import clients
from civic.runtime.consumer import Failures, UnknownEvent, consume
from civic.runtime.observability import Invocation, invocation


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the collector's queue."""
    with invocation() as line:
        return consume(event, line, lambda one: _handle(one, line), _nothing_to_announce)


@cache
def joins() -> JoinStore:
    """Compose the join store from the environment."""
    settings = wiring.CollectorSettings.from_environment()
    return DynamoDbJoins(clients.dynamodb(), settings.joins_table)


def _handle(event: Event, line: Invocation) -> None:
    match event:
        case ValidationResult():
            collect_decisions(joins(), event)
            facts = [(fact.id, fact.traceparent) for fact in event.results]
        case DataStored() | DataUpdated():
            collect_storage(joins(), event)
            facts = [(fact.id, fact.traceparent) for fact in event.items]
        case DataDeleted():
            collect_erasures(joins(), event)
            facts = [(fact.id, fact.traceparent) for fact in event.items]
        case _:
            raise UnknownEvent("the collector does not handle this event")
    for registration, trace in facts:
        line.record(id=registration, trace=trace, outcome=event.detail_type())
    line.count("Joined", len(facts))


def _nothing_to_announce(_results: list[None]) -> None:
    """A collector tells nobody."""
