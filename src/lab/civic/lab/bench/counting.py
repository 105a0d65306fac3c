"""Both designs' calls, bytes and units: every number here is counted, none is timed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.ledger import Ledger
from civic.lab.bench.naive import NaivePipeline
from civic.lab.bench.people import ItemSizes, complete, item_sizes
from civic.lab.bench.pipeline import Payload, Pipeline
from civic.lab.bench.run import Run
from civic.lab.bench.sizes import WRITE_UNIT_BYTES

_PER_PERSON = frozenset(
    {"SubjectKeysTable", "HighSecDataStore", "LowSecDataStore", "AnalyticsJoins", "IssuerRoll"}
)
_IDEMPOTENCY_KEY = "0b5a5a0e-6f0b-4d0e-9d8e-3d1f6a4c2b17"

type Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Posts:
    """What the gateway calls for one POST, warm, by kind of request."""

    without_key: Ledger
    with_key: Ledger
    retried: Ledger

    def most_calls(self) -> int:
        """Return the calls of the dearest kind."""
        return max(one.calls() for one in (self.without_key, self.with_key, self.retried))


@dataclass(frozen=True, slots=True)
class Counted:
    """One design, counted."""

    warm: Mapping[int, Run]
    """A run of the whole population by batch fill; the naive design knows only 1."""
    items: Mapping[str, ItemSizes]


@dataclass(frozen=True, slots=True)
class CountedOurs(Counted):
    """The real handlers, counted."""

    cold: Run
    """The first registration of a new environment of every function."""
    posts: Posts
    access: Ledger
    """One disclosure of a person's data."""
    renewal: Ledger
    """What one environment of each function calls again when its cached keys expire."""
    services: Mapping[str, Sequence[str]]
    """Which AWS services each function was seen to call."""


class MovableClock:
    """The real time, moved forward at will."""

    def __init__(self) -> None:
        """Start at the present."""
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """Return the moved time."""
        return datetime.now(UTC) + self.ahead


def count_ours(
    deployment: Deployment, people: Sequence[Payload], fills: Sequence[int], tick: Tick
) -> CountedOurs:
    """Run a population through the real handlers, once for every batch fill.

    Args:
        deployment: The template.
        people: Who registers.
        fills: The numbers of messages that a consumer finds at once.
        tick: Called once per person and fill.
    """
    warm: dict[int, Run] = {}
    for fill in fills:
        with Pipeline.open(deployment) as pipeline:
            everything = pipeline.aws.ledger
            with pipeline.counting() as cold:
                pipeline.register(people[:1], fill=1)
            _include(everything, cold.ledger)
            with pipeline.counting() as warm[fill]:
                accepted = pipeline.register(people, fill, tick)
            ids = {
                receipt.id
                for receipt, person in zip(accepted, people, strict=True)
                if complete(person)
            }
            items = _sizes(pipeline.aws.tables.items, ids)
            with pipeline.counting() as access:
                pipeline.disclose(accepted[0])
            _include(everything, access.ledger)
            posts = _posts(pipeline, people[0])
    return CountedOurs(
        warm=warm,
        items=items,
        cold=cold,
        posts=posts,
        access=access.ledger,
        renewal=_renewal(deployment, people[0]),
        services=_services(everything),
    )


def count_naive(people: Sequence[Payload], fields: Sequence[str], tick: Tick) -> Counted:
    """Run a population through the naive design with the chosen fields of each person."""
    with NaivePipeline.open() as pipeline:
        pipeline.register(people, fields, tick)
        return Counted({1: pipeline.run}, _sizes(pipeline.aws.tables.items, set()))


def _posts(pipeline: Pipeline, person: Payload) -> Posts:
    kinds = []
    for key in (None, _IDEMPOTENCY_KEY, _IDEMPOTENCY_KEY):
        with pipeline.counting() as run:
            pipeline.post(person, key)
        kinds.append(run.ledger)
    return Posts(*kinds)


def _renewal(deployment: Deployment, person: Payload) -> Ledger:
    clock = MovableClock()
    with Pipeline.open(deployment, clock) as pipeline:
        pipeline.register([person], fill=1)
        with pipeline.counting() as steady:
            pipeline.register([person], fill=1)
        clock.ahead += WRAPPING_KEY_CACHE + timedelta(seconds=1)
        with pipeline.counting() as renewed:
            pipeline.register([person], fill=1)
    return renewed.ledger.beyond(steady.ledger)


def _sizes(tables: Mapping[str, Mapping[Any, Any]], complete_ids: set[str]) -> dict[str, ItemSizes]:
    measured = {
        name: item_sizes(list(rows.values()), complete_ids, WRITE_UNIT_BYTES)
        for name, rows in tables.items()
        if name in _PER_PERSON
    }
    return {name: sizes for name, sizes in measured.items() if sizes is not None}


def _include(ledger: Ledger, other: Ledger) -> None:
    for line, tally in other.tallies.items():
        ledger.tallies[line].add(tally)


def _services(ledger: Ledger) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for line in ledger.tallies:
        found.setdefault(line.function, set()).add(line.service)
    return {function: sorted(services) for function, services in found.items()}
