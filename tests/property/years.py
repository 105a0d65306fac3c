"""Years in which messages come late, twice or never, rows expire, and clocks are wrong.

``Years`` delivers at once whatever nobody holds up, keeps what functions have heard, and lets no
message be later than queues and archive allow.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, override

from civic.contracts.events import DecisionDeleted
from civic.contracts.registry import EVENTS
from tests.fakes.deployment import Handler
from tests.fakes.expiring import TABLES
from tests.fakes.faults import Faults, How, suffer
from tests.fakes.pipeline import Consumer
from tests.fakes.polling import Polling
from tests.fakes.queues import Message, Queues
from tests.property.heard import Heard
from tests.property.losses import is_made_up_for

_QUEUED, _ARCHIVED = timedelta(days=14), timedelta(days=365)
_OLDEST = timedelta(days=364 + 26)
"""How late a message is at most: out of the archive, then redriven twice."""
_LATE = timedelta(days=3)
_MINUTE = timedelta(minutes=1)
_ENOUGH = 9
"""The number of redrives after which dead messages will never be handled."""


class Expiry(StrEnum):
    """When the rows of a table are deleted that have expired."""

    AT_ONCE = "at once"
    LATE = "late"
    NEVER = "never"


class Outages(Faults):
    """The bus refuses what one request publishes."""

    out = False

    @override
    def call(self, name: str, call: Callable[[], Any], unavailable: type[Exception]) -> Any:
        """Make one call."""
        how = How.REFUSED if self.out and name == "MemoryBus.publish" else None
        return suffer(how, call, unavailable)


@dataclass
class Years:
    """The functions, and what becomes of their messages and rows."""

    outages: Outages = field(default_factory=Outages)
    heard: Heard = field(default_factory=Heard)
    expiry: dict[str, Expiry] = field(default_factory=lambda: dict.fromkeys(TABLES, Expiry.NEVER))
    held_up: set[StrEnum] = field(default_factory=set)
    """The functions to which nothing is delivered for now."""
    deaf: set[StrEnum] = field(default_factory=set)
    """The functions that lose, for now, what a sweep makes up for."""

    def __post_init__(self) -> None:
        """Build the functions and their queues."""
        self.pipeline = Polling(self.outages)
        self.queues = Queues.of(self.pipeline)
        self.published_at: dict[str, datetime] = {}
        self.queued_at: dict[Message, datetime] = {}
        self.lost = False
        """Whether a message was lost since the last sweep."""

    def look_around(self) -> None:
        """Note what was published meanwhile, and deliver it to who is not held up."""
        self._note_published()
        while ready := [one for one in self.queues.waiting if one.consumer not in self.held_up]:
            self._deliver(ready[:1])

    def _lose(self) -> None:
        for message in list(self.queues.waiting):
            if message.consumer in self.deaf and is_made_up_for(message):
                self.queues.waiting.remove(message)
                self.lost = True

    def _note_published(self) -> None:
        start = len(self.queues.archive)
        self.queues.arrive()
        for body in self.queues.archive[start:]:
            self.published_at.setdefault(body, self.pipeline.now)
        self._lose()
        for message in self.queues.waiting:
            self.queued_at.setdefault(message, self.pipeline.now)

    def deliver(self, messages: Iterable[Message]) -> None:
        """Deliver messages of one queue as one batch."""
        self._deliver(list(messages))
        self.look_around()

    def _deliver(self, batch: list[Message]) -> None:
        before = len(self.queues.done)
        self.queues.deliver(batch)
        for message in self.queues.done[before:]:
            self._note(message)
        self._note_published()

    def _note(self, message: Message) -> None:
        envelope = json.loads(message.body)
        event = EVENTS[envelope["detail-type"]].model_validate_json(json.dumps(envelope["detail"]))
        if message.consumer is Consumer.CREDENTIAL_ROLL:
            self.heard.note(event)
        if isinstance(event, DecisionDeleted):
            self.heard.bury(message.consumer, event)

    def replay(self, bodies: Iterable[str]) -> None:
        """Replay events from the archive, as far as they are still there."""
        for body in list(bodies):
            if self.pipeline.now - self.published_at[body] <= _ARCHIVED:
                self.queues.replay(body)
        self.look_around()

    def redrive(self) -> None:
        """Move dead messages back, where they stay for as long again."""
        for message in self.queues.dead:
            self.queued_at[message] = self.pipeline.now
        self.queues.redrive()
        self.look_around()

    def drain(self) -> None:
        """Deliver everything, and what follows from it."""
        self.held_up.clear()
        self.deaf.clear()
        self.look_around()
        for _ in range(_ENOUGH):
            if not self.queues.dead:
                return
            self.redrive()
        raise AssertionError([message.body for message in self.queues.dead])

    def wait(self, time: timedelta) -> None:
        """Let time pass; who would be too late otherwise is handled before."""
        after = self.pipeline.now + time
        for message in [*self.queues.waiting, *self.queues.dead]:
            late = after - self.queued_at[message] > _QUEUED
            if late or after - self.published_at[message.body] > _OLDEST:
                self.drain()
                break
        if self.lost and time > _QUEUED:
            # A sweep is through within days.
            self.settle()
        # It is looked at every minute, and time may stand between two looks.
        self.pipeline.now = max(self.pipeline.now, after - _MINUTE)
        self.pipeline.keep_calendar()
        self.look_around()
        self.pipeline.now = max(self.pipeline.now, after)
        self.expire()

    def moments(self) -> list[datetime]:
        """Return the times to come at which something ends."""
        found = [*self.pipeline.roll.expires.values(), *self.pipeline.ledger.expires.values()]
        for one in self.pipeline.elections.every():
            found += [one.opens_at, one.closes_at, one.roll_closes_at or one.opens_at]
        return sorted({one for one in found if one > self.pipeline.now})

    def expire(self) -> None:
        """Delete the rows that have expired, where that happens by now."""
        for table, when in self.expiry.items():
            if when is not Expiry.NEVER:
                late = _LATE if when is Expiry.LATE else timedelta()
                TABLES[table](self.pipeline, self.pipeline.now - late)

    def run(self, handler: Handler, event: dict[str, Any]) -> None:
        """Run a function as its schedule or an operator does."""
        self.pipeline.invoke(handler, event)
        self.look_around()

    def settle(self) -> None:
        """Let every message be handled, and what was lost be mended."""
        self.drain()
        self.pipeline.http("GET /reviews", staff="staff")
        self.pipeline.now += timedelta(hours=2)
        self.pipeline.sweep()
        self.drain()
        self.lost = False
