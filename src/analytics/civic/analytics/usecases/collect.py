"""Join what the events tell, in whatever order they come."""

from civic.analytics.ports import JoinStore
from civic.contracts.events import DataDeleted, DataStored, DataUpdated, ValidationResult


def collect_decisions(joins: JoinStore, event: ValidationResult) -> None:
    """Note every decision of an event."""
    for decision in event.results:
        joins.decided(decision)


def collect_storage(joins: JoinStore, event: DataStored | DataUpdated) -> None:
    """Note every stored revision of an event."""
    for item in event.items:
        if item.revision is not None:
            joins.stored(item.id, item.revision)


def collect_erasures(joins: JoinStore, event: DataDeleted) -> None:
    """Forget every erased registration of an event."""
    for item in event.items:
        joins.erased(item.id, item.at)
