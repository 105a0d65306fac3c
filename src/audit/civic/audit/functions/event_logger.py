"""Queue: put into the log what the bus says of elections, keys, erasures and openings."""

from functools import cache
from typing import Any

from civic.audit import composition
from civic.audit.usecases.recording import Recorder
from civic.contracts.events import Event
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the queue."""
    with invocation() as line:
        return consume(event, line, _checked, lambda events: _record(events, line))


@cache
def recorder() -> Recorder:
    """Compose the recorder."""
    return composition.recorder()


def _checked(event: Event) -> Event:
    recorder().check(event)
    return event


def _record(events: list[Event], line: Invocation) -> None:
    new = recorder().record_events(events)
    line.note(logged=new)
    line.count("EventsLogged", new)
