"""Queue: log the events on the bus about elections, keys, erasures and openings."""

from functools import cache
from typing import Any

from civic.audit import composition
from civic.audit.errors import EntryRefused
from civic.audit.usecases.recording import Recorder, check_loggable, record_events
from civic.contracts.events import Event, PublicRecord
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.subscriptions import Subscriptions, on

Environment = composition.RecorderSettings
"""The function's settings."""


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES, lambda events: _record(events, line))


@cache
def recorder() -> Recorder:
    """Compose the recorder."""
    return composition.recorder("event_logger")


def _checked(event: PublicRecord, line: Invocation) -> Event:
    try:
        check_loggable(recorder(), event)
    except EntryRefused:
        line.count("EntriesRefused")
        raise
    return event


SUBSCRIBES: Subscriptions[Event] = (on(PublicRecord, _checked),)


def _record(events: list[Event], line: Invocation) -> None:
    new = record_events(recorder(), events)
    line.note(logged=new)
    line.count("EventsLogged", new)
