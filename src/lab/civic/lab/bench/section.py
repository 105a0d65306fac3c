"""The measurement as JSON: figures first, then everything they rest on."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from civic.lab.bench.bill import Bill
from civic.lab.bench.ledger import Ledger
from civic.lab.bench.prices import MILLION
from civic.lab.bench.registrations import Registrations
from civic.lab.bench.run import Run
from civic.lab.bench.targets import judge

HOW = {
    "aws_calls_on_post": "calls of the gateway on counted AWS in a warm environment; the most of a "
    "POST without Idempotency-Key, with a new one, and repeated with the same one",
    "kms_calls_warm": "calls counted over the population in warm environments, plus the one per "
    "environment and cache period, counted by moving the clock past it and spread over the "
    "registrations of the `low` load",
    "max_item_bytes": "the largest over the tables of the median item of people who gave every "
    "field, by DynamoDB's size rule",
    "instructions_ratio": "instructions per POST, AWS calls included, as a multiple of a handler "
    "that parses, validates with pydantic, seals and wraps, and calls nothing",
    "cold_import_ratio": "median import of the slowest handler over the median of `import boto3` "
    "and one client, in fresh interpreters taken in turn",
    "dollars_per_million": "counted calls, units and bytes of the `loaded` load at list prices; "
    "durations are assumed (prices.toml)",
    "naive": "run on the same counted AWS with the five fields of the original requirement; no "
    "idempotency, archive, tracing or log lines of its own are charged to it",
}
"""How each figure was measured."""


def section(found: Registrations) -> dict[str, Any]:
    """Return the section ``registrations`` of the report."""
    figures = asdict(found.figures())
    return figures | {
        "naive": asdict(found.naive_figures()),
        "targets": [
            asdict(one.target) | {"measured": one.measured, "met": one.met, "by": one.missed_by}
            for one in judge(figures)
        ],
        "how": HOW,
        "details": _details(found),
    }


def _details(found: Registrations) -> dict[str, Any]:
    ours, prices = found.ours, found.prices
    return {
        "population": found.population,
        "seed": found.seed,
        "prices": {"region": prices.region, "as_of": prices.as_of},
        "runs": {f"fill_{fill}": _run(run) for fill, run in ours.warm.items()},
        "cold": _run(ours.cold),
        "naive_run": _run(found.naive.warm[1]),
        "post": {
            "without_idempotency_key": _calls(ours.posts.without_key),
            "with_idempotency_key": _calls(ours.posts.with_key),
            "repeated": _calls(ours.posts.retried),
        },
        "disclosure": _calls(ours.access),
        "kms": {
            "cold": ours.cold.ledger.calls(service="kms"),
            "warm": ours.warm[1].ledger.calls(service="kms"),
            "per_renewal": ours.renewal.calls(service="kms"),
        },
        "renewal": _calls(ours.renewal),
        "items": {name: asdict(sizes) for name, sizes in ours.items.items()},
        "naive_items": {name: asdict(sizes) for name, sizes in found.naive.items.items()},
        "instructions": asdict(found.instructions),
        "imports": _imports(found),
        "bills": {name: _bill(one) for name, one in found.bills.items()},
        "naive_reckoned": naive_reckoned(found),
        "standing_dollars_per_month": standing(found),
    }


def naive_reckoned(found: Registrations) -> dict[str, float]:
    """Return the naive design's bill beside what was reckoned for it elsewhere."""
    naive, reckoned = found.bills["naive"], found.prices.naive
    return {
        "dollars": naive.total,
        "kms_dollars": naive.dollars["kms"],
        "reckoned_dollars": reckoned.reckoned_dollars,
        "reckoned_kms_dollars": reckoned.reckoned_kms_dollars,
        "rest_api_and_traces": reckoned.rest_api_more_dollars + reckoned.traces_dollars,
        "difference_outside_kms": (naive.total - naive.dollars["kms"])
        - (reckoned.reckoned_dollars - reckoned.reckoned_kms_dollars),
    }


def standing(found: Registrations) -> dict[str, float]:
    """Return what a month costs beside the bill: the key, and the storage of a million people."""
    prices = found.prices.standing
    stored = sum(
        sizes.population_median + prices.item_overhead_bytes for sizes in found.ours.items.values()
    )
    gigabytes = stored * MILLION / 1e9
    return {
        "kms_key": prices.kms_key,
        "storage_of_a_million": gigabytes * prices.storage_gb,
        "point_in_time_recovery_of_a_million": gigabytes * prices.point_in_time_recovery_gb,
    }


def _run(run: Run) -> dict[str, Any]:
    total = run.ledger.total()
    people = run.requests
    return {
        "calls": {
            f"{line.function} {line.service}:{line.operation}": {
                name: value / people for name, value in asdict(tally).items()
            }
            for line, tally in sorted(run.ledger.tallies.items())
        },
        "wire_bytes": (total.request_bytes + total.response_bytes) / people,
        "write_units": total.write_units / people,
        "read_units": total.read_units / people,
        "invocations": _each(run.invocations, people),
        "events": _each(run.events, people),
        "event_bytes": run.event_bytes / people,
        "sqs_requests": run.sqs_requests / people,
        "log_bytes": _each(run.log_bytes, people),
    }


def _each(counts: Mapping[str, int], people: int) -> dict[str, float]:
    return {name: count / people for name, count in sorted(counts.items())}


def _calls(ledger: Ledger) -> dict[str, int]:
    return {
        f"{line.function} {line.service}:{line.operation}": tally.calls
        for line, tally in sorted(ledger.tallies.items())
    }


def _imports(found: Registrations) -> dict[str, Any]:
    handlers = {**found.services, "naive": 3}
    measured: dict[str, Any] = {}
    for name, cold in found.imports.items():
        measured[name] = {"laps_ms": [lap * 1000 for lap in cold.laps]}
        measured[name]["loaded_ratio"] = found.loaded_ratio(name)
        if name in handlers:
            clients = handlers[name]
            measured[name]["composed_ratio"] = (
                found.composed_ratio(name, clients) if clients else None
            )
            measured[name]["clients"] = clients
    return measured


def _bill(one: Bill) -> dict[str, Any]:
    return {
        "dollars_per_million": one.total,
        "dominant": one.dominant,
        "dollars": dict(one.dollars),
        "per_registration": dict(one.quantities),
    }
