"""The demo's figures, taken from the deployed stack itself."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain
from statistics import quantiles
from typing import Any

from civic.lab.demo.afterwards import Standing
from civic.lab.log_events import messages
from civic.lab.population.data import people_data
from civic.lab.population.generator import Person
from civic.stack.target import Target

_BATCH_GET = 100
"""The limit of BatchGetItem."""

type Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the receipt of a POST to its decision."""

    p50: float
    p95: float


@dataclass(slots=True)
class Judged:
    """How many people of a kind there were, and of how many of them what is right.

    Attributes:
        people: All of them.
        decided: Those whose decision and its reasons are right.
        placed: Those with the right areas on the roll, or rightly not on it.
        rightly: Those of whom all that is right.
    """

    people: int = 0
    decided: int = 0
    placed: int = 0
    rightly: int = 0


@dataclass(frozen=True, slots=True)
class AwsCalls:
    """AWS calls by function and operation, and the number of invocations that made them."""

    by_operation: Counter[tuple[str, str]]
    invocations: Counter[str]

    @property
    def total(self) -> int:
        """The number of calls."""
        return self.by_operation.total()

    @property
    def kms(self) -> int:
        """The number of KMS calls."""
        return sum(n for (_, call), n in self.by_operation.items() if call.startswith("kms:"))


def decisions(statuses: Iterable[Item]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Return how often each decision was made, and how often for each reason."""
    by_decision: Counter[str] = Counter()
    by_reason: Counter[tuple[str, str]] = Counter()
    for status in statuses:
        by_decision[status["decision"]] += 1
        by_reason.update(
            (status["decision"], code) for code in {reason["code"] for reason in status["reasons"]}
        )
    return by_decision, by_reason


def rightly_decided(
    standings: Mapping[str, Standing], people: Mapping[str, Person]
) -> dict[str, Judged]:
    """Return by kind of person how many were decided, and placed, as the population's data says.

    Args:
        standings: Where registrations are in the end, by id.
        people: The made-up people, by id; of others nobody knows what is right.
    """
    truths = people_data().kinds
    found = {kind: Judged() for kind in sorted({person.kind for person in people.values()})}
    for registration, person in people.items():
        standing = standings[registration]
        truth, judged = truths[person.kind].end, found[person.kind]
        status = standing.status
        codes = {reason["code"] for reason in status.get("reasons", ())}
        decided = (status.get("decision"), codes) == (truth.decision, {*truth.reasons})
        placed = standing.areas == person.areas
        judged.people += 1
        judged.decided += decided
        judged.placed += placed
        judged.rightly += decided and placed
    return found


def decision_milliseconds(status: Item) -> float:
    """Return the time from the receipt of a first revision to its decision."""
    return (_time(status["updated"]) - _time(status["created"])).total_seconds() * 1000


def latency(statuses: Iterable[Item]) -> Latency | None:
    """Return the quantiles of the time to decision; None for fewer than two registrations."""
    taken = [decision_milliseconds(status) for status in statuses]
    if len(taken) < 2:  # noqa: PLR2004 - quantiles need two points
        return None
    cuts = quantiles(taken, n=20, method="inclusive")
    return Latency(p50=cuts[9], p95=cuts[18])


def aws_calls(target: Target, since: datetime, until: datetime) -> AwsCalls:
    """Add up the AWS calls in the functions' log lines from a period of time."""
    groups = [target.log_group(stack) for stack in target.stacks]
    found = (messages(target.logs, group, (since, until)) for group in groups)
    calls: Counter[tuple[str, str]] = Counter()
    invocations: Counter[str] = Counter()
    for line in _lines(chain.from_iterable(found)):
        function = line["service"]
        invocations[function] += 1
        for operation, count in line["aws_calls"].items():
            calls[function, operation] += count
    return AwsCalls(calls, invocations)


def _lines(messages: Iterable[str]) -> Iterator[Item]:
    for message in messages:
        try:
            line = json.loads(message)
        except ValueError:
            continue
        if isinstance(line, dict) and "aws_calls" in line:
            yield line


def stored_items(
    target: Target, table_output: str, ids: Iterable[str], sort_key: Item | None = None
) -> Iterator[Item]:
    """Return the rows of a table keyed by registration id, and by ``sort_key`` if it has one."""
    table = target.output(table_output)
    for some in batched(ids, _BATCH_GET, strict=False):
        keys = [{"id": {"S": one}} | (sort_key or {}) for one in some]
        wanted: Any = {table: {"Keys": keys}}
        while wanted:
            answer = target.dynamodb.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(table, [])
            wanted = answer.get("UnprocessedKeys")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
