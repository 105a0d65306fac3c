"""A life at a moment: what the stores hold, how they change, and the way back."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from civic.contracts.events import Event
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.lab.memory.analytics import Join
from tests.fakes.pipeline import Pipeline
from tests.lives import ID, LONG_AGO, STATES, Life

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
_EXPIRING = {
    "record": "HighSecDataStore",
    "roll": "IssuerRoll",
    "statistics": "AnalyticsJoins",
    "ledger": "ErasureLedger",
}
"""Where rows of what was erased expire, and the name of the table."""


type Part = tuple[object, str]
"""An object, and the name of an attribute in which it holds something."""


@dataclass(frozen=True, eq=False)
class Kind:
    """What lives are about, and what is looked at in them."""

    head: str
    """Of its table, in the first column."""
    life: Callable[..., Life]
    subscriptions: Mapping[type[Event], Sequence[StrEnum]]
    states: Mapping[str, Callable[[Any], None]]
    """The states in which an event can find it, each with how it comes about."""
    stores: Mapping[str, Callable[[Any], Sequence[Part]]]
    settle: Callable[[Any], None]
    """Wait until nothing is on its way, and end what only holds things up."""
    mend: Callable[[Any], object]
    """Run what makes up for lost messages."""
    beneath: Callable[[Any], Sequence[Part]] = lambda _: ()
    """What is put back as well, and not compared: in what form the stores hold it."""
    expiring: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The tables of which rows have expired in a state; DynamoDB deletes them in any order."""
    forgotten: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The stores that have nothing left to be compared in a state."""

    def holds(self, life: Life, store: str) -> dict[int, object]:
        """Return what a store holds."""
        return _copied(self.stores[store](life.pipeline))

    def in_the_end(self, life: Life) -> dict[str, object]:
        """Return what the stores hold once everything has settled, but for times."""
        self.settle(life)
        return {store: _timeless(self.holds(life, store)) for store in self.stores}


def _copied(parts: Sequence[Part]) -> dict[int, object]:
    return {number: _copy(vars(owner)[name]) for number, (owner, name) in enumerate(parts)}


def _copy(held: object) -> object:
    """Return a copy that what is done to the original does not change; what is frozen is shared."""
    if isinstance(held, dict):
        return {name: _copy(part) for name, part in held.items()}
    return copy(held) if isinstance(held, list | set | Join) else held


def _comparable(held: object) -> object:
    """Leave out tombstones: a late event may put one again that has expired."""
    if not isinstance(held, dict):
        return held
    return {
        name: _comparable(part)
        for name, part in held.items()
        if not isinstance(part, Tombstone | datetime)
    }


def _everything_in(attribute: str) -> Callable[[Pipeline], list[Part]]:
    def parts(pipeline: Pipeline) -> list[Part]:
        store = getattr(pipeline, attribute)
        return [(store, name) for name, part in vars(store).items() if isinstance(part, dict | set)]

    return parts


def _settle(life: Life) -> None:
    """Let everything be delivered, and nobody restrict anything."""
    life.follow()
    if isinstance(life.row, DecisionRow) and life.row.restricted:
        life.ask(f"DELETE {ID}/restriction")


def _sweep(life: Life) -> None:
    life.pipeline.sweep()


PEOPLE = Kind(
    "event, late",
    Life,
    Pipeline.subscriptions,
    STATES,
    {name: _everything_in(attribute) for name, attribute in _STORES.items()},
    settle=_settle,
    mend=_sweep,
    expiring={LONG_AGO: tuple(_EXPIRING.values())},
    # By then the ledger has forgotten as well.
    forgotten={LONG_AGO: ("ledger",)},
)


@dataclass
class Moment:
    """A life at a moment, to which it can return."""

    life: Life
    kind: Kind = PEOPLE

    def __post_init__(self) -> None:
        self.now, self.published = self.life.pipeline.now, len(self.life.pipeline.bus.events)
        self.followed = len(self.life.published_at)
        self.held = {store: self.kind.holds(self.life, store) for store in self.kind.stores}
        self.all = _copied(self._parts())

    def back(self) -> None:
        self.life.pipeline.now = self.now
        del self.life.pipeline.bus.events[self.published :]
        del self.life.published_at[self.followed :]
        for (owner, name), held in zip(self._parts(), self.all.values(), strict=True):
            vars(owner)[name] = _copy(held)

    def _parts(self) -> list[Part]:
        pipeline = self.life.pipeline
        seen = [part for parts in self.kind.stores.values() for part in parts(pipeline)]
        return [*seen, *self.kind.beneath(pipeline)]

    def changed(self) -> set[str]:
        """Return the stores that are not as they were."""
        return {
            store
            for store, held in self.held.items()
            if _comparable(held) != _comparable(self.kind.holds(self.life, store))
        }


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
