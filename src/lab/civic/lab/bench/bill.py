"""From what a run did to what a registration costs."""

from collections.abc import Mapping
from dataclasses import dataclass

from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.lab.bench.ledger import Ledger
from civic.lab.bench.prices import Load, PriceTable, dominant
from civic.lab.bench.run import Run

_GB = 1_000_000_000
_MB_PER_GB = 1024


@dataclass(frozen=True, slots=True)
class Bill:
    """Units and dollars by line; units per registration, dollars per million of them."""

    quantities: Mapping[str, float]
    dollars: Mapping[str, float]

    @property
    def total(self) -> float:
        """Dollars per million registrations."""
        return sum(self.dollars.values())

    @property
    def dominant(self) -> list[str]:
        """The lines that make up three quarters of it."""
        return dominant(self.dollars)


@dataclass(frozen=True, slots=True)
class Design:
    """What the bill needs to know of a design beyond the counts of its run."""

    memory_mb: Mapping[str, int]
    archived: bool = False
    traced: bool = False
    silent: frozenset[str] = frozenset()
    """Functions around whose invocations Lambda writes nothing (`deployment.silent_functions`)."""
    access_log_format: str = ""
    renewal: Ledger | None = None
    """Calls that one environment adds per cache period."""


def bill(run: Run, design: Design, load: Load, prices: PriceTable) -> Bill:
    """Price a run.

    Args:
        run: Of warm functions, at the load's batch fill.
        design: What the template says about them.
        load: The traffic, which settles how often caches are renewed and how much is traced.
        prices: The price table, with what is assumed.
    """
    people = run.requests
    renewals = renewals_per_registration(load)
    renewed = design.renewal or Ledger()
    counted, added = run.ledger.total(), renewed.total()
    traces = _traces(run, load, prices) if design.traced else 0.0
    quantities = {
        "api": 1.0,
        "lambda_requests": run.invocations.total() / people,
        "lambda_duration": _gb_seconds(run, design, prices) / people,
        "events": run.events_billed / people,
        "event_archive": run.event_bytes / _GB / people if design.archived else 0.0,
        "sqs": run.sqs_requests / people,
        "write_units": counted.write_units / people + renewals * added.write_units,
        "read_units": counted.read_units / people + renewals * added.read_units,
        "kms": kms_calls(run, renewed, renewals),
        "logs": _log_bytes(run, design, prices, traces) / _GB,
        "xray": traces,
    }
    return Bill(quantities, prices.dollars_per_million(quantities))


def renewals_per_registration(load: Load) -> float:
    """Return how many cache renewals one registration bears, all environments together."""
    period = WRAPPING_KEY_CACHE.total_seconds()
    return load.environments / (load.registrations_per_second * period)


def kms_calls(run: Run, renewed: Ledger, renewals: float) -> float:
    """Return KMS calls per registration: counted ones, and those that renew caches."""
    return run.ledger.calls(service="kms") / run.requests + renewals * renewed.calls(service="kms")


def _gb_seconds(run: Run, design: Design, prices: PriceTable) -> float:
    assumed, total = prices.duration, 0.0
    for name, invocations in run.invocations.items():
        waiting = sum(
            tally.calls * assumed.call_ms[line.service]
            for line, tally in run.ledger.tallies.items()
            if line.function == name
        )
        waiting /= assumed.at_once.get(name, 1)
        starting = assumed.invocation_ms + assumed.cold_share * assumed.cold_ms
        working = run.messages[name] * assumed.message_ms[name]
        ms = waiting + working + invocations * starting
        total += ms / 1000 * design.memory_mb[name] / _MB_PER_GB
    return total


def _traces(run: Run, load: Load, prices: PriceTable) -> float:
    # The first invocation of each second, wherever it is, and a share of all others.
    per_second = run.invocations.total() / run.requests * load.registrations_per_second
    first = min(per_second, 1.0)
    return (first + prices.tracing.share * (per_second - first)) / load.registrations_per_second


def _log_bytes(run: Run, design: Design, prices: PriceTable, traces: float) -> float:
    platform = prices.platform
    entry = design.access_log_format
    for variable, sample in platform.access_log.items():
        entry = entry.replace(variable, sample)
    per_invocation = sum(len(line) for line in platform.lines)
    noted = sum(n for name, n in run.invocations.items() if name not in design.silent)
    return (
        run.log_bytes.total() / run.requests
        + noted / run.requests * per_invocation
        + traces * len(platform.traced_line)
        + len(entry)
    )
