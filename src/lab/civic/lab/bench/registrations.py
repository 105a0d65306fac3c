"""`civic bench registrations`: what a registration costs, beside what the naive design does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from civic.identity.model.registration import PII_FIELDS
from civic.lab.bench.bill import Bill, Design, bill, kms_calls, renewals_per_registration
from civic.lab.bench.counting import Counted, CountedOurs, count_naive, count_ours
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.imports import (
    FLOOR,
    Cold,
    Program,
    floor_program,
    handler_program,
    library_programs,
    measure,
    naive_program,
)
from civic.lab.bench.instructions import Instructions, count_instructions, runs
from civic.lab.bench.people import complete, population
from civic.lab.bench.prices import PriceTable

ROUNDS = 10
"""Fresh interpreters per program."""

_NAIVE_SERVICES = ("dynamodb", "events", "kms")


class Progress(Protocol):
    """Shows how far the measurement has come."""

    def begin(self, name: str, steps: int) -> Callable[[], None]:
        """Begin a part, and return what to call after each of its steps."""
        ...


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures that a report keeps at its top; None where one cannot be measured here."""

    aws_calls_on_post: float
    kms_calls_warm: float
    max_item_bytes: float
    instructions_ratio: float | None
    cold_import_ratio: float
    dollars_per_million: float


@dataclass(frozen=True, slots=True)
class Registrations:
    """Everything that was measured."""

    population: int
    seed: int
    prices: PriceTable
    ours: CountedOurs
    naive: Counted
    instructions: Instructions
    imports: Mapping[str, Cold]
    services: Mapping[str, int]
    """How many clients composing each function makes."""
    bills: Mapping[str, Bill]
    """Of ours by load; ``naive`` with the requirement's fields, ``naive_all`` with all of ours."""

    @property
    def slowest_handler(self) -> str:
        """The function whose import takes longest."""
        return max(self.services, key=lambda name: self.imports[name].loaded)

    def loaded_ratio(self, name: str) -> float:
        """Return a program's import as a multiple of boto3 and one client."""
        return self.imports[name].loaded / self.imports[FLOOR].loaded

    def composed_ratio(self, name: str, clients: int) -> float:
        """Return import and composition as a multiple of boto3 and as many clients."""
        return self.imports[name].composed / self.imports[FLOOR].laps[clients - 1]

    def figures(self) -> Figures:
        """Return our figures."""
        low = self.prices.loads["low"]
        return Figures(
            aws_calls_on_post=self.ours.posts.most_calls(),
            kms_calls_warm=kms_calls(
                self.ours.warm[low.fill], self.ours.renewal, renewals_per_registration(low)
            ),
            max_item_bytes=_largest(self.ours),
            instructions_ratio=self.instructions.ratio("ours"),
            cold_import_ratio=self.loaded_ratio(self.slowest_handler),
            dollars_per_million=self.bills["loaded"].total,
        )

    def naive_figures(self) -> Figures:
        """Return the naive design's, with the fields of the original requirement."""
        run = self.naive.warm[1]
        return Figures(
            aws_calls_on_post=run.ledger.calls("gateway") / run.requests,
            kms_calls_warm=run.ledger.calls(service="kms") / run.requests,
            max_item_bytes=_largest(self.naive),
            instructions_ratio=self.instructions.ratio("naive"),
            cold_import_ratio=self.loaded_ratio("naive"),
            dollars_per_million=self.bills["naive"].total,
        )


def measure_registrations(
    deployment: Deployment, count: int, seed: int, progress: Progress
) -> Registrations:
    """Measure everything.

    Args:
        deployment: The template.
        count: How many people register in each run.
        seed: Of the made-up people.
        progress: Told about every step.
    """
    prices = PriceTable.load()
    people = population(count, seed)
    fills = sorted({load.fill for load in prices.loads.values()})
    tick = progress.begin("counting calls of ours", len(fills) * count)
    ours = count_ours(deployment, people, fills, tick)
    tick = progress.begin("counting calls of the naive design", 2 * count)
    naive = count_naive(people, prices.naive.fields, tick)
    naive_all = count_naive(people, list(PII_FIELDS), tick)
    tick = progress.begin("counting instructions", runs())
    typical = next((person for person in people if complete(person)), people[0])
    instructions = count_instructions(deployment, typical, prices.naive.fields, tick)
    programs, services = _programs(deployment, ours)
    tick = progress.begin("starting fresh interpreters", ROUNDS + 1)
    imports = measure(programs, ROUNDS, tick)
    bills = _bills(deployment, ours, prices) | {
        "naive": _naive_bill(naive, deployment, prices),
        "naive_all": _naive_bill(naive_all, deployment, prices),
    }
    return Registrations(count, seed, prices, ours, naive, instructions, imports, services, bills)


def _programs(deployment: Deployment, ours: CountedOurs) -> tuple[list[Program], dict[str, int]]:
    handlers = [
        handler_program(
            function.name,
            function.handler.rpartition(".")[0],
            function.environment,
            ours.services.get(function.name, ()),
        )
        for function in deployment.functions.values()
    ]
    services = {one.name: len(ours.services.get(one.name, ())) for one in handlers}
    libraries = library_programs(deployment.functions["gateway"].environment)
    return [floor_program(), *libraries, *handlers, naive_program(_NAIVE_SERVICES)], services


def _bills(deployment: Deployment, ours: CountedOurs, prices: PriceTable) -> dict[str, Bill]:
    design = Design(
        memory_mb=_memory(deployment),
        archived=True,
        traced=True,
        access_log_format=deployment.access_log_format,
        renewal=ours.renewal,
    )
    price = partial(bill, design=design, prices=prices)
    return {name: price(ours.warm[load.fill], load=load) for name, load in prices.loads.items()}


def _naive_bill(naive: Counted, deployment: Deployment, prices: PriceTable) -> Bill:
    # In its favour: no archive, no tracing, no access log, no line of its own in the logs.
    design = Design(memory_mb=_memory(deployment))
    return bill(naive.warm[1], design, prices.loads["loaded"], prices)


def _memory(deployment: Deployment) -> dict[str, int]:
    return {name: function.memory_mb for name, function in deployment.functions.items()}


def _largest(counted: Counted) -> float:
    return max(sizes.complete_median for sizes in counted.items.values())
