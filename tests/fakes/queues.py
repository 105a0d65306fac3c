"""Queues that deliver as SQS does: at least once, in any order, then to a dead-letter queue."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from tests.fakes.pipeline import RECEIVES, SUBSCRIPTIONS, Pipeline, envelope

type Handle = Callable[..., list[int]]
"""Hands a consumer the bodies of a batch; returns the numbers of those that come back."""
type Published = Callable[[int], Sequence[str]]
"""Returns what was published since a position, in the form of a queue's messages."""

type Subscriptions = Mapping[type[Event], Sequence[StrEnum]]

_ENOUGH = 9
"""The number of redrives after which dead messages will never be handled."""


@dataclass(eq=False)
class Message:
    """One event on its way to one consumer."""

    consumer: StrEnum
    body: str
    receives: int = 0


@dataclass
class Queues:
    """The queue of every consumer, and where each message is."""

    handle: Handle
    published: Published
    subscriptions: Subscriptions = field(default_factory=lambda: SUBSCRIPTIONS)
    archive: list[str] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    in_flight: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    done: list[Message] = field(default_factory=list)
    lost: list[Message] = field(default_factory=list)

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """Return the queues of a pipeline's functions."""
        return cls(
            pipeline.handle,
            lambda start: [*map(envelope, pipeline.bus.events[start:])],
            pipeline.subscriptions,
        )

    def arrive(self) -> None:
        """Keep what was published since the last call, and queue it by the rules."""
        for body in self.published(len(self.archive)):
            self.archive.append(body)
            self.replay(body)

    def replay(self, body: str) -> None:
        """Queue an event of the archive as if it had just been published."""
        for consumer in self.subscriptions[EVENTS[json.loads(body)["detail-type"]]]:
            self.waiting.append(Message(consumer, body))

    def again(self, message: Message) -> None:
        """Deliver a message again, wherever it is: SQS promises at least once, not exactly once."""
        self.waiting.append(Message(message.consumer, message.body, message.receives))

    def take(self, batch: Iterable[Message]) -> list[Message]:
        """Receive messages; nobody else sees them until they are settled."""
        taken = list(batch)
        for message in taken:
            self.waiting.remove(message)
            message.receives += 1
        self.in_flight += taken
        return taken

    def settle(self, batch: Sequence[Message], back: Iterable[int]) -> None:
        """Delete what was handled; put the rest back, or into the dead-letter queue."""
        returned = set(back)
        for number, message in enumerate(batch):
            self.in_flight.remove(message)
            if number not in returned:
                self.done.append(message)
            elif message.receives < RECEIVES:
                self.waiting.append(message)
            else:
                self.dead.append(message)

    def deliver(self, batch: Iterable[Message]) -> None:
        """Let a consumer handle a batch of messages of its queue."""
        taken = self.take(batch)
        if taken:
            bodies = [message.body for message in taken]
            self.settle(taken, self.handle(taken[0].consumer, *bodies))

    def lose(self, message: Message) -> None:
        """Forget a dead message, as nobody put it back in time."""
        self.dead.remove(message)
        self.lost.append(message)

    def redrive(self) -> None:
        """Move dead messages back to where they came from."""
        for message in self.dead:
            message.receives = 0
        self.waiting += self.dead
        self.dead.clear()

    def flush(self) -> None:
        """Deliver messages one by one until each is handled or dead."""
        self.arrive()
        while self.waiting:
            self.deliver(self.waiting[:1])
            self.arrive()

    def drain(self) -> None:
        """Deliver and redrive until everything is handled."""
        for _ in range(_ENOUGH):
            self.flush()
            if not self.dead:
                return
            self.redrive()
        raise AssertionError([message.body for message in self.waiting])
