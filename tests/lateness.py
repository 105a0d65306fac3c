"""What every event does that comes late: after days or a year, whatever has happened since.

A life is lived honestly and in order until it is in a certain state. Then one message is delivered
late, with everything that follows from it: again, as a replay of the archive delivers it, or for
the first time, as a redriven dead letter. What is different in the stores is its effect.

``python -m tests.lateness`` prints the table of docs/architecture.md.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache

from pydantic import BaseModel

from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from civic.identity.model.rows import DecisionRow, Tombstone
from tests.fakes.pipeline import SUBSCRIPTIONS, Consumer, Pipeline
from tests.lives import ID, LONG_AGO, STATES, Life, Refused

REDRIVEN, REPLAYED = timedelta(days=13), timedelta(days=364)
"""How late a message is: queues keep it for 14 days, the archive for 365."""
_OLDEST = REPLAYED + 2 * REDRIVEN
"""Replayed from the archive at the last moment, then dead, redriven, dead and redriven again."""


_ANNOUNCED = {"restriction", "traceparent"}
"""What an event says of its own publication, and nothing of the person."""
_STORES = {
    "record": "vault",
    "key": "subject_keys",
    "decision": "decisions",
    "roll": "roll",
    "statistics": "joins",
    "ledger": "ledger",
    "case": "reviews",
    "request log": "requests",
}
_EXPIRES = ("record", "roll", "statistics", "ledger")
"""Where rows of what was erased expire; in any order, as DynamoDB deletes them when it can."""


def _holds(pipeline: Pipeline, store: str) -> object:
    held = vars(getattr(pipeline, _STORES[store]))
    return {name: deepcopy(part) for name, part in held.items() if isinstance(part, dict | set)}


def _comparable(held: object) -> object:
    """Leave out tombstones: a late event may put one again that has expired."""
    if not isinstance(held, dict):
        return held
    return {
        name: _comparable(part)
        for name, part in held.items()
        if not isinstance(part, Tombstone | datetime)
    }


@dataclass
class Moment:
    """A life at a moment, to which it can return."""

    life: Life

    def __post_init__(self) -> None:
        self.now, self.published = self.life.pipeline.now, len(self.life.pipeline.bus.events)
        self.followed = len(self.life.published_at)
        self.held = {store: _holds(self.life.pipeline, store) for store in _STORES}

    def back(self) -> None:
        self.life.pipeline.now = self.now
        del self.life.pipeline.bus.events[self.published :]
        del self.life.published_at[self.followed :]
        for store, held in self.held.items():
            vars(getattr(self.life.pipeline, _STORES[store])).update(deepcopy(held))

    def changed(self) -> set[str]:
        """Return the stores that are not as they were."""
        return {
            store
            for store, held in self.held.items()
            if _comparable(held) != _comparable(_holds(self.life.pipeline, store))
        }


def expire(pipeline: Pipeline, store: str) -> None:
    """Let what an erasure left in a store expire, if its time is over."""
    rows = getattr(pipeline, _STORES[store]).rows
    for registration, row in list(rows.items()):
        if isinstance(row, Tombstone) and (row.expires is None or row.expires > pipeline.now):
            continue
        if isinstance(row, Tombstone | datetime) or store == "ledger":
            del rows[registration]


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


def moments(life: Life, state: str) -> Iterator[Moment]:
    """Let a life come to a state, and wait; yield each moment at which a message may come."""
    STATES[state](life)
    there = Moment(life)
    for delay in (REDRIVEN, REPLAYED):
        for gone in ((), *((one,) for one in _EXPIRES), _EXPIRES):
            if gone and state != LONG_AGO:
                continue
            there.back()
            life.pipeline.now += delay
            for store in gone:
                expire(life.pipeline, store)
            yield Moment(life)


def deliver_late(life: Life, consumer: Consumer, event: Event) -> bool:
    """Deliver an event and what follows from it; return whether it was taken."""
    start = len(life.pipeline.bus.events)
    taken = life.pipeline.deliver(consumer, event)
    life.pipeline.drain(start)
    return taken


def _orderly(state: str) -> tuple[list[Event], dict[str, object]]:
    """Return the events of an orderly life, and what the stores hold in its end."""
    life = Life()
    STATES[state](life)
    events = life.pipeline.bus.events[: len(life.published_at)]
    held = in_the_end(life)
    if state == LONG_AGO:
        # By then the ledger has forgotten as well.
        del held["ledger"]
    return events, held


def _again(state: str, found: Effects) -> None:
    life = Life()
    for moment in moments(life, state):
        for event, at in zip(list(life.pipeline.bus.events), life.published_at, strict=False):
            for consumer in SUBSCRIPTIONS[type(event)]:
                if moment.now - at > _OLDEST:
                    continue
                effect = found.setdefault(event.detail_type(), Effect())
                effect.refused |= not deliver_late(life, consumer, event)
                effect.again |= moment.changed()
                moment.back()


def _for_the_first_time(state: str, found: Effects) -> None:
    events, expected = _orderly(state)
    for number, event in enumerate(events):
        for consumer in SUBSCRIPTIONS[type(event)]:
            life = Life(withheld=(number, consumer))
            with suppress(Refused):
                for moment in moments(life, state):
                    if moment.now - life.published_at[number] > _OLDEST:
                        continue
                    effect = found.setdefault(event.detail_type(), Effect())
                    effect.refused |= not deliver_late(life, consumer, event)
                    effect.caught_up |= moment.changed()
                    held = in_the_end(life)
                    effect.astray |= {one for one in expected if held[one] != expected[one]}


def in_the_end(life: Life) -> dict[str, object]:
    """Return what the stores hold once nothing is on its way and nobody restricts anything."""
    life.follow()
    if isinstance(life.row, DecisionRow) and life.row.restricted:
        life.ask(f"DELETE {ID}/restriction")
    return {store: _timeless(_holds(life.pipeline, store)) for store in _STORES}


def _timeless(held: object) -> object:
    """Leave out times, traces, bytes drawn at random, and what is left of the erased."""
    if isinstance(held, Mapping):
        living = {
            one: row for one, row in held.items() if not isinstance(row, Tombstone | datetime)
        }
        return {repr(_timeless(one)): _timeless(row) for one, row in living.items()}
    if is_dataclass(held):
        return [_timeless(getattr(held, one.name)) for one in fields(held)]
    if isinstance(held, BaseModel):
        return [_timeless(part) for name, part in held if name not in _ANNOUNCED]
    if isinstance(held, list | tuple | set):
        return [_timeless(part) for part in held]
    return type(held) if isinstance(held, datetime | bytes) else held


def _never(state: str, found: Effects) -> None:
    events, expected = _orderly(state)
    for number, event in enumerate(events):
        for consumer in SUBSCRIPTIONS[type(event)]:
            life = Life(withheld=(number, consumer))
            with suppress(Refused):
                STATES[state](life)
                life.pipeline.sweep()
                life.follow()
                held = in_the_end(life)
                effect = found.setdefault(event.detail_type(), Effect())
                effect.lost |= {one for one in expected if held[one] != expected[one]}


@cache
def effects(state: str) -> Effects:
    """Return the effect of each event that can come late in a state."""
    found: Effects = {}
    _again(state, found)
    _for_the_first_time(state, found)
    _never(state, found)
    return found


def table() -> str:
    """Return the table of docs/architecture.md."""
    columns = [effects(state) for state in STATES]
    named = [name for name in EVENTS if any(name in column for column in columns)]
    lines = [f"| event, late | {' | '.join(STATES)} |", "|---" * (len(STATES) + 1) + "|"]
    for name in named:
        cells = (str(column.get(name, "-")) for column in columns)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
