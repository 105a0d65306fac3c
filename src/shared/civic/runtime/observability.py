"""One structured line per invocation: what happened, to which ids, under which trace.

The line is written through Powertools. It is the log entry and also, in CloudWatch's embedded
metric format, the function's metrics, so one line is billed instead of two. It has identifiers,
outcomes and the names of error types; never an event, a body or an error's message, which could
contain personal data.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from civic.runtime.clients import calls

NAMESPACE = "Civic"


class Invocation:
    """Collects what one invocation did."""

    def __init__(self) -> None:
        """Start with nothing done."""
        self.facts: dict[str, object] = {}
        self.records: list[dict[str, str]] = []
        self.counts: Counter[str] = Counter()
        self.silent = False

    def hush(self) -> None:
        """Write no line for this invocation, as even its time would say too much."""
        self.silent = True

    def note(self, **facts: object) -> None:
        """Add facts to the line: identifiers and outcomes only."""
        self.facts |= facts

    def record(self, **facts: str) -> None:
        """Add a line for one record of a batch."""
        self.records.append(facts)

    def blame(self, error: Exception) -> str:
        """Describe an error, and count it if its class names a metric for it (``METRIC``)."""
        metric = getattr(error, "METRIC", None)
        if metric is not None:
            self.count(metric)
        return describe(error)

    def raise_first[Part: str](self, failed: Mapping[Part, Exception]) -> None:
        """Note which parts of the work failed, and raise the first error, if there is one."""
        if failed:
            self.note(failed={name: describe(error) for name, error in failed.items()})
            raise next(iter(failed.values()))

    def count(self, metric: str, amount: int = 1) -> None:
        """Add to a metric. Its name must be a constant, so that the number of names is bounded."""
        self.counts[metric] += amount


@contextmanager
def invocation() -> Iterator[Invocation]:
    """Write the line when the block ends, whether it succeeds or raises, unless it is hushed."""
    current = Invocation()
    calls.clear()
    try:
        yield current
    except BaseException as error:
        current.note(outcome="error", error=describe(error))
        current.count("Errors")
        raise
    finally:
        if not current.silent:
            current.note(aws_calls=dict(calls))
            _logger(_service()).info(
                "invocation", extra=current.facts | _batch(current) | _metrics(current)
            )


def describe(error: BaseException) -> str:
    """Name an error and its causes by type and AWS error code, without their messages."""
    names = []
    cause: BaseException | None = error
    while cause is not None:
        response = getattr(cause, "response", None)
        code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
        names.append(f"{type(cause).__name__}:{code}" if code else type(cause).__name__)
        cause = cause.__cause__
    return " < ".join(names)


def _batch(current: Invocation) -> dict[str, object]:
    return {"records": current.records} if current.records else {}


def _metrics(current: Invocation) -> dict[str, object]:
    if not current.counts:
        return {}
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
    for name, amount in current.counts.items():
        provider.add_metric(name, MetricUnit.Count, amount)
    provider.add_dimension("function", _service())
    return dict(provider.serialize_metric_set())


def _service() -> str:
    return os.environ.get("POWERTOOLS_SERVICE_NAME", "civic")


@cache
def _logger(service: str) -> Logger:
    return Logger(service=service, location=None, use_rfc3339=True, level="INFO")
