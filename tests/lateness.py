"""What every event does that comes late: after days or a year, whatever has happened since.

A life is lived honestly and in order until it is in a certain state. Then one message is delivered
late, with everything that follows from it: again, as a replay of the archive delivers it, or for
the first time, as a redriven dead letter. What is different in the stores is its effect.

``python -m tests.lateness`` prints the table of docs/architecture.md about people, and
``python -m tests.election_lives`` that about elections.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache

from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from tests.fakes.expiring import TABLES
from tests.lives import Life, Refused
from tests.moments import PEOPLE, Kind, Moment

REDRIVEN, REPLAYED = timedelta(days=13), timedelta(days=364)
"""How late a message is: queues keep it for 14 days, the archive for 365."""
_OLDEST = REPLAYED + 2 * REDRIVEN
"""Replayed from the archive at the last moment, then dead, redriven, dead and redriven again."""


@dataclass
class Effect:
    """What late messages of one kind change in one state; each a set of names of stores."""

    again: set[str] = field(default_factory=set)
    """By one more delivery."""
    caught_up: set[str] = field(default_factory=set)
    """By the first delivery."""
    astray: set[str] = field(default_factory=set)
    """What is not in the end as if the first delivery had been in time."""
    lost: set[str] = field(default_factory=set)
    """What a sweep does not mend if the first delivery never comes."""
    refused: bool = False
    """Whether a consumer does not take it, so that it stays among the dead letters."""

    def __str__(self) -> str:
        """Return the cell of the table."""
        parts = (
            ("refused", {"by its consumer"} if self.refused else set()),
            ("astray", self.astray),
            ("again", self.again),
            ("lost", self.lost),
            ("catches up", self.caught_up),
        )
        said = [f"{name}: {', '.join(sorted(part))}" for name, part in parts if part]
        return "; ".join(said) or "nothing"


type Effects = dict[str, Effect]


def moments(kind: Kind, life: Life, state: str) -> Iterator[Moment]:
    """Let a life come to a state, and wait; yield each moment at which a message may come."""
    kind.states[state](life)
    there = Moment(life, kind)
    tables = kind.expiring.get(state, ())
    for delay in (REDRIVEN, REPLAYED):
        for gone in ((), *((one,) for one in tables), *([tables] if tables else [])):
            there.back()
            life.pipeline.now += delay
            for table in gone:
                TABLES[table](life.pipeline, life.pipeline.now)
            yield Moment(life, kind)


def deliver_late(life: Life, consumer: StrEnum, event: Event) -> bool:
    """Deliver an event and what follows from it; return whether it was taken."""
    start = len(life.pipeline.bus.events)
    taken = life.pipeline.deliver(consumer, event)
    life.pipeline.drain(start)
    return taken


@dataclass(frozen=True)
class _Orderly:
    """A life in which every message was delivered in time."""

    events: list[Event]
    held: dict[str, object]
    """What the stores hold in its end."""

    def differs(self, held: dict[str, object]) -> set[str]:
        """Return the stores that hold something else."""
        return {one for one in self.held if held[one] != self.held[one]}

    def withheld(self, kind: Kind) -> Iterator[tuple[int, Event, StrEnum, Life]]:
        """Yield each message with a life in which it is not delivered."""
        for number, event in enumerate(self.events):
            for consumer in kind.subscriptions[type(event)]:
                yield number, event, consumer, kind.life(withheld=(number, consumer))


@cache
def _orderly(kind: Kind, state: str) -> _Orderly:
    life = kind.life()
    kind.states[state](life)
    events = life.pipeline.bus.events[: len(life.published_at)]
    forgotten = kind.forgotten.get(state, ())
    held = kind.in_the_end(life)
    return _Orderly(events, {one: part for one, part in held.items() if one not in forgotten})


def _again(kind: Kind, state: str, found: Effects) -> None:
    life = kind.life()
    for moment in moments(kind, life, state):
        for event, at in zip(list(life.pipeline.bus.events), life.published_at, strict=False):
            for consumer in kind.subscriptions[type(event)]:
                if moment.now - at > _OLDEST:
                    continue
                effect = found.setdefault(event.detail_type(), Effect())
                effect.refused |= not deliver_late(life, consumer, event)
                effect.again |= moment.changed()
                moment.back()


def _for_the_first_time(kind: Kind, state: str, found: Effects) -> None:
    orderly = _orderly(kind, state)
    for number, event, consumer, life in orderly.withheld(kind):
        with suppress(Refused):
            for moment in moments(kind, life, state):
                if moment.now - life.published_at[number] > _OLDEST:
                    continue
                effect = found.setdefault(event.detail_type(), Effect())
                effect.refused |= not deliver_late(life, consumer, event)
                effect.caught_up |= moment.changed()
                effect.astray |= orderly.differs(kind.in_the_end(life))


def _never(kind: Kind, state: str, found: Effects) -> None:
    orderly = _orderly(kind, state)
    for _, event, _, life in orderly.withheld(kind):
        with suppress(Refused):
            kind.states[state](life)
            kind.mend(life)
            life.follow()
            effect = found.setdefault(event.detail_type(), Effect())
            effect.lost |= orderly.differs(kind.in_the_end(life))


@cache
def effects(kind: Kind, state: str) -> Effects:
    """Return the effect of each event that can come late in a state."""
    found: Effects = {}
    _again(kind, state, found)
    _for_the_first_time(kind, state, found)
    _never(kind, state, found)
    return found


def events_of(kind: Kind) -> list[str]:
    """Return the events that can come late, in their order."""
    columns = [effects(kind, state) for state in kind.states]
    return [name for name in EVENTS if any(name in column for column in columns)]


def table(kind: Kind) -> str:
    """Return a table of docs/architecture.md."""
    columns = [effects(kind, state) for state in kind.states]
    lines = [
        f"| {kind.head} | {' | '.join(kind.states)} |",
        "|---" * (len(kind.states) + 1) + "|",
    ]
    for name in events_of(kind):
        cells = (str(column.get(name, "-")) for column in columns)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table(PEOPLE)}\n")
