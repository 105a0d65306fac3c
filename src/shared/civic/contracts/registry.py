"""Every event there is, by its detail-type: the classes from which no other is derived."""

from collections.abc import Iterator, Sequence

from civic.contracts import audit, events, voting
from civic.contracts.events import Event

_MODULES = [one.__name__ for one in (events, voting, audit)]
"""Where events are; what another module derives is none."""


def events_in(family: type[Event]) -> Iterator[type[Event]]:
    """Give every event of a family, in the order of their definition; an event is its own."""
    derived: Sequence[type[Event]] = family.__subclasses__()
    ours = [one for one in derived if one.__module__ in _MODULES]
    if not ours:
        yield family
    for one in ours:
        yield from events_in(one)


EVENTS = {
    event.detail_type(): event
    for event in sorted(events_in(Event), key=lambda one: _MODULES.index(one.__module__))
}
"""Every event by its detail-type."""
