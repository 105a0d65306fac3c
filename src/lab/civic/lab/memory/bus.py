"""A bus that keeps the published events in order."""

from collections.abc import Sequence

from civic.contracts.events import Event


class MemoryBus:
    """The bus as publishers see it; accepts every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.events.extend(events)

    def of[E: Event](self, kind: type[E]) -> list[E]:
        """Return the published events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]
