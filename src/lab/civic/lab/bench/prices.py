"""The price table, and what a run costs; every number is in ``prices.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import resources

from pydantic import BaseModel, ConfigDict

from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.lab.bench.deployment import Function
from civic.lab.bench.report import Grid
from civic.lab.bench.run import Run

MILLION = 1_000_000
_GB = 1_000_000_000
_MB_PER_GB = 1024


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Part):
    """One line of a bill: dollars for a number of units."""

    label: str
    dollars: float
    per: int


class Load(_Part):
    """A level of traffic: messages per batch, people per second, and environments."""

    fill: int
    per_second: float
    environments: int


class VoteLoad(Load):
    """The traffic of an election, and the units per second for publishing its results."""

    stream_fill: int
    snapshot: Mapping[str, float]


class LogLoad(_Part):
    """How the public log is written, and the times that are assumed."""

    window_seconds: float
    shards: int
    memory_mb: int
    invocation_ms: float
    entry_ms: float


class Strangers(_Part):
    """The people of whom strangers are counted, who live in one region."""

    people: int
    years: int
    per_postcode: int
    houses: int


class Search(_Part):
    """What a search for pairs meets, and how long it takes."""

    row_bytes: int
    row_ms: float
    entry_ms: float
    memory_gb: float


class People(_Part):
    """How often people register again, and how many look alike."""

    again: float
    id_mistyped: float
    look_alikes: Mapping[str, float]
    search: Search
    strangers: Strangers


class Duration(_Part):
    """The times that are assumed, in milliseconds, and the share of cold invocations."""

    call_ms: Mapping[str, float]
    at_once: Mapping[str, int]
    message_ms: Mapping[str, float]
    invocation_ms: float
    cold_share: float
    cold_ms: float


class Platform(_Part):
    """Samples of what Lambda and API Gateway write to the logs."""

    lines: tuple[str, ...]
    traced_line: str
    access_log: Mapping[str, str]


class PriceTable(_Part):
    """All of ``prices.toml``."""

    region: str
    as_of: str
    lines: Mapping[str, Price]
    loads: Mapping[str, Load]
    votes: VoteLoad
    log: LogLoad
    people: People
    duration: Duration
    traced_share: float
    platform: Platform

    @classmethod
    def load(cls) -> "PriceTable":
        """Read the price table."""
        file = resources.files("civic.lab.bench").joinpath("prices.toml")
        return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))

    def grid(self, bills: Mapping[str, "Bill"]) -> Grid:
        """Return the lines of several bills side by side."""
        first, *_ = bills.values()
        lines = {
            self.lines[line].label: {name: bill.dollars.get(line) for name, bill in bills.items()}
            for line in first.dollars
        }
        return {**lines, "sum": {name: bill.total for name, bill in bills.items()}}

    def bill(self, units: Mapping[str, float]) -> "Bill":
        """Price units per person, by line; raise KeyError for a line without a price."""
        dollars = {
            name: many * MILLION * self.lines[name].dollars / self.lines[name].per
            for name, many in units.items()
        }
        return Bill(units, dict(sorted(dollars.items(), key=lambda line: -line[1])))


@dataclass(frozen=True, slots=True)
class Bill:
    """Units per person and dollars per million people, by line, the most expensive first."""

    units: Mapping[str, float]
    dollars: Mapping[str, float]

    @property
    def total(self) -> float:
        """Dollars per million."""
        return sum(self.dollars.values())

    def details(self) -> dict[str, object]:
        """Return the bill for the report."""
        return {"dollars_per_million": self.total, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Design:
    """What a bill needs to know about a design beyond the counts of its run."""

    functions: Mapping[str, Function]
    """Those of the templates; another design's get 512 MB and are assumed to log nothing."""
    archived: bool = False
    access_log_format: str = ""
    renewal: Run | None = None
    """The calls that each environment repeats in every cache period."""

    def memory_mb(self, name: str) -> int:
        """Return the megabytes of a function."""
        return self.functions[name].memory_mb if name in self.functions else 512


def price(run: Run, design: Design, load: Load, prices: PriceTable) -> Bill:
    """Price a run.

    Args:
        run: Of warm functions, at the load's batch fill.
        design: What the template says about them.
        load: The traffic, which determines how often caches are renewed and how much is traced.
        prices: The price table and its assumptions.
    """
    many = run.people
    renewed = design.renewal or Run()
    # All environments' renewals of a cache period, spread over its people.
    renewals = load.environments / (load.per_second * WRAPPING_KEY_CACHE.total_seconds())
    kms = run.calls(service="kms") / many + renewals * renewed.calls(service="kms")
    traces = _traces(run, design, load, prices)
    return prices.bill(
        {
            "api": run.http / many,
            "lambda_requests": run.invocations.total() / many,
            "lambda_duration": _gb_seconds(run, design, prices) / many,
            "events": run.events_billed / many,
            "event_archive": run.event_bytes / _GB / many if design.archived else 0.0,
            "sqs": run.sqs_requests / many,
            "write_units": run.write_units / many,
            "read_units": run.read_units / many + renewals * renewed.read_units,
            "kms": kms,
            "logs": _log_bytes(run, design, prices, traces) / _GB,
            "xray": traces,
        }
    )


def _gb_seconds(run: Run, design: Design, prices: PriceTable) -> float:
    assumed, total = prices.duration, 0.0
    for name, invocations in run.invocations.items():
        waiting = sum(
            tally.calls * assumed.call_ms[line.service]
            for line, tally in run.tallies.items()
            if line.function == name
        )
        if name in design.functions:
            waiting /= assumed.at_once.get(name, 1)
        starting = assumed.invocation_ms + assumed.cold_share * assumed.cold_ms
        working = run.messages[name] * assumed.message_ms[name]
        ms = waiting + working + invocations * starting
        total += ms / 1000 * design.memory_mb(name) / _MB_PER_GB
    return total


def _traces(run: Run, design: Design, load: Load, prices: PriceTable) -> float:
    # The first invocation of each second, of whichever function, and a share of all others.
    traced = {name for name, one in design.functions.items() if one.traced}
    invocations = sum(n for name, n in run.invocations.items() if name in traced)
    per_second = invocations / run.people * load.per_second
    first = min(per_second, 1.0)
    return (first + prices.traced_share * (per_second - first)) / load.per_second


def _log_bytes(run: Run, design: Design, prices: PriceTable, traces: float) -> float:
    platform = prices.platform
    entry = design.access_log_format
    for variable, sample in platform.access_log.items():
        entry = entry.replace(variable, sample)
    silent = {name for name, one in design.functions.items() if one.silent}
    noted = sum(n for name, n in run.invocations.items() if name not in silent)
    return (
        run.log_bytes.total() / run.people
        + noted / run.people * sum(map(len, platform.lines))
        + traces * len(platform.traced_line)
        + len(entry) * run.http / run.people
    )
