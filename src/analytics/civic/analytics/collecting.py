"""Join what the events tell, in whatever order they come."""

from civic.analytics.ports import JoinStore
from civic.contracts.events import (
    DataChange,
    DataDeleted,
    DataStored,
    DataUpdated,
    ObjectionRaised,
    RestrictionChanged,
    ValidationResult,
)


def collect_decisions(joins: JoinStore, event: ValidationResult) -> None:
    """Note every decision of an event."""
    for decision in event.results:
        joins.decided(decision)


def collect_storage(joins: JoinStore, event: DataStored | DataUpdated) -> None:
    """Note every stored revision of an event."""
    for item in event.items:
        if item.revision is not None:
            joins.stored(item.id, item.revision)


def collect_restriction(joins: JoinStore, event: RestrictionChanged) -> None:
    """Note that a registration is not to be counted, or may be again (GDPR Art. 18)."""
    joins.restricted(event.id, event.sequence)


def collect_erasures(joins: JoinStore, event: DataDeleted) -> list[DataChange]:
    """Forget every erased registration of an event; return what to confirm (GDPR Art. 17)."""
    for item in event.items:
        joins.erased(item.id, item.at)
    return list(event.items)


def collect_objection(joins: JoinStore, event: ObjectionRaised) -> DataChange:
    """Forget who objected, for good; return what to confirm (GDPR Art. 21)."""
    joins.objected(event.id, event.at)
    return DataChange(id=event.id, at=event.at, traceparent=event.traceparent)
