"""Citizens, functions, queues and time, and what must be true of them together.

``World`` runs requests and deliveries, in full or held up in the middle, and knows what was
acknowledged; ``truths`` checks what must hold.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from civic.contracts.events import (
    DeletionRequest,
    Event,
    ObjectionRaised,
    ReviewDecided,
    ValidationRequest,
)
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import IdentityError
from civic.identity.model.erasure import SignedReceipt
from civic.identity.model.rows import DecisionRow, Tombstone, Verdict
from civic.runtime.publisher import PublishFailed
from tests.fakes.activities import Activity, Turns
from tests.fakes.deployment import Handler
from tests.fakes.faults import How
from tests.fakes.pipeline import NOW, Pipeline
from tests.fakes.queues import Message, Queues
from tests.fakes.views import opened
from tests.property.citizens import MARK, Citizen, Command
from tests.property.commands import DecideCase, Intrude, Lift, Restrict

_LONGEST = timedelta(days=360)
_MOST_TASKS = 3


@dataclass(frozen=True)
class Fate:
    """After this many calls a run is held up, or the next call goes wrong."""

    calls: int
    how: How | None = None


@dataclass(eq=False)
class Task:
    """A running request or delivery."""

    activity: Activity
    command: Command | None = None


@dataclass
class World:
    """Everything there is."""

    turns: Turns = field(default_factory=Turns)
    citizens: list[Citizen] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    tick: int = 0
    graves: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Tombstones by store and registration, as last seen."""
    receipts: dict[str, SignedReceipt] = field(default_factory=dict)
    frozen: dict[str, Verdict | None] = field(default_factory=dict)
    """The decisions on those who restricted the processing, at that time."""

    def __post_init__(self) -> None:
        """Build the functions and their queues."""
        self.pipeline = Pipeline(self.turns)
        self.queues = Queues.of(self.pipeline)
        self._seen = 0

    def send(self, command: Command, fate: Fate | None = None) -> None:
        """Let a citizen send a request."""
        self.tick += 1
        command.begun = self.tick
        command.citizen.commands.append(command)
        route = command.as_if.route if isinstance(command, Intrude) else command.route

        def work() -> None:
            command.answer = self.pipeline.http(route, **command.request())

        self._start(Task(Activity(self.turns, work), command), fate)

    def deliver(self, batch: Iterable[Message], fate: Fate | None = None) -> None:
        """Let a consumer receive a batch of its queue."""
        messages = list(batch)
        self._start(Task(Activity(self.turns, lambda: self.queues.deliver(messages))), fate)

    def run(self, handler: Handler, event: dict[str, Any], fate: Fate | None = None) -> None:
        """Invoke a function directly; what it cannot do is left to the next invocation."""

        def work() -> None:
            with suppress(IdentityError, PublishFailed):
                self.pipeline.invoke(handler, event)

        self._start(Task(Activity(self.turns, work)), fate)

    def go_on(self, task: Task, calls: int | None = None) -> None:
        """Let a run that is held up continue."""
        self._watch(task, lambda: task.activity.go_on(calls))

    def strike(self, task: Task, how: How) -> None:
        """Make the call go wrong before which a run is held up, and let the run end."""
        if task.command is not None:
            task.command.troubled = True
        self._watch(task, lambda: task.activity.strike(how))
        if not task.activity.ended:
            self.go_on(task)

    def wait(self, time: timedelta) -> None:
        """Let time pass, within a year: no queue and no archive keeps a message for longer."""
        self.pipeline.now = min(self.pipeline.now + time, NOW + _LONGEST)

    def settle(self) -> None:
        """Let every run end, everybody finish what they began, and every message be handled."""
        for task in list(self.tasks):
            self.go_on(task)
        self.drain()
        for citizen in self.citizens:
            for kind in (Restrict, DecideCase):
                self._finish(citizen, kind)
        self.drain()
        self.pipeline.http("GET /reviews", staff="staff")
        # A list may have closed the case of a decision that broke off before it was announced.
        broken = any(one.troubled for who in self.citizens for one in who.of(DecideCase))
        if self.queues.lost or broken:
            self.wait(timedelta(hours=1))
            self.pipeline.sweep()
            self.drain()

    def lift_everything(self) -> None:
        """Let everybody whose registration is restricted lift the restriction."""
        for citizen in self.citizens:
            row = self.pipeline.decisions.rows.get(RegistrationId(citizen.id or ""))
            if citizen.receipt and isinstance(row, DecisionRow) and row.restricted:
                self.send(Lift(citizen))
        self.settle()

    def _finish(self, citizen: Citizen, kind: type[Command]) -> None:
        """Repeat the last request of a kind if it was not answered."""
        last = [*citizen.of(kind)][-1:]
        if last and last[0].status in {0, 500, 503}:
            again = type(last[0])(citizen, verdict=last[0].verdict, about=last[0].about)
            self.send(again)

    def _start(self, task: Task, fate: Fate | None) -> None:
        if fate and fate.how is None and len(self.tasks) >= _MOST_TASKS:
            fate = None
        self.tasks.append(task)
        self.go_on(task, fate.calls if fate else None)
        if fate and fate.how and not task.activity.ended:
            self.strike(task, fate.how)

    def _watch(self, task: Task, switch: Callable[[], None]) -> None:
        switch()
        self._collect(task.command)
        if task.activity.ended:
            self.tick += 1
            self.tasks.remove(task)
            if task.command is not None:
                task.command.ended = self.tick
                task.command.check()

    def flush(self) -> None:
        """Let every message be handled or become a dead letter."""
        self.queues.flush()
        self._collect()

    def drain(self) -> None:
        """Let every message be handled, in the end."""
        self.queues.drain()
        self._collect()

    def _collect(self, command: Command | None = None) -> None:
        self.queues.arrive()
        for event in self.pipeline.bus.events[self._seen :]:
            self._note(command, event)
        assert not any(MARK in body for body in self.queues.archive[self._seen :])
        self._seen = len(self.pipeline.bus.events)
        for citizen in self.citizens:
            row = self.pipeline.decisions.rows.get(self.registration_of(citizen))
            if isinstance(row, Tombstone) and row.erased_at not in citizen.deletions:
                citizen.deletions.append(row.erased_at)

    def _note(self, command: Command | None, event: Event) -> None:
        if isinstance(event, ReviewDecided):
            self.citizen_of(event.results[0].id).note(command, event)
        elif isinstance(event, (DeletionRequest, ObjectionRaised)):
            self.citizen_of(event.id).note(command, event)
        elif isinstance(event, ValidationRequest) and command is not None:
            assert command.citizen.id in {None, event.id}
            command.citizen.note(command, event)
            # If it does not open, it was erased or superseded a moment ago.
            with suppress(IdentityError):
                assert command.body is not None
                assert opened(self.pipeline, event) == command.body.registration

    def registration_of(self, citizen: Citizen) -> RegistrationId:
        return RegistrationId(citizen.id or "")

    def citizen_of(self, registration: str) -> Citizen:
        (citizen,) = [one for one in self.citizens if one.id == registration]
        return citizen
