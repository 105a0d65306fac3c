"""Every event by its detail-type: the classes from which no other is derived."""

from collections.abc import Iterator, Sequence

from civic.contracts import audit, events, voting
from civic.contracts.events import Event

_MODULES = [one.__name__ for one in (events, voting, audit)]
"""The modules that define events; a class derived in another module is not one."""


def events_in(family: type[Event]) -> Iterator[type[Event]]:
    """Yield every event of a family in the order of definition; an event is a family of one."""
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
