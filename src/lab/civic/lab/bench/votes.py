"""`civic bench votes`: what a vote costs, beside what the demo it is measured against does."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import batched
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

from civic.lab.bench import naive_votes
from civic.lab.bench.audit_requests import LogRequests, count_requests, shared_load
from civic.lab.bench.bill import Bill, Design, bill
from civic.lab.bench.counted_aws import ENVIRONMENT, CountedAws
from civic.lab.bench.deployment import silent_functions
from civic.lab.bench.ledger import Ledger
from civic.lab.bench.pipeline import http_event, sqs_event
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.repeat_vote import BY_CODE
from civic.lab.bench.run import Run
from civic.lab.bench.votes_instructions import VoteInstructions, count_vote_instructions, runs
from civic.lab.bench.votes_pipeline import VotePipeline, Voter

WARM_UP = 5
"""Votes before the counted ones: no election is read and no secret opened in a warm environment."""

_NAIVE_BATCH = 10
_TRANSACTIONS = {"ExecuteTransaction", "TransactWriteItems"}


class Progress(Protocol):
    """Shows how far the measurement has come."""

    def begin(self, name: str, steps: int) -> Callable[[], None]:
        """Begin a part, and return what to call after each of its steps."""
        ...


@dataclass(frozen=True, slots=True)
class VoteFigures:
    """The figures that the report keeps at its top; None where one cannot be measured here."""

    write_units_per_vote: float
    transactional_writes: float
    dollars_per_million: float
    dollars_with_log_per_million: float
    processor_ratio_vs_seed: float | None
    path_ratio_vs_seed: float | None
    growth_exponent: float | None


@dataclass(frozen=True, slots=True)
class Votes:
    """Everything that was measured; ours with credentials, unless it says ``by_code``."""

    population: int
    prices: PriceTable
    ours: Run
    ours_by_code: Run
    naive: Run
    bill: Bill
    bill_by_code: Bill
    naive_bill: Bill
    log: LogRequests
    instructions: VoteInstructions

    def figures(self) -> VoteFigures:
        """Return our figures, of votes with credentials."""
        return self._figures(self.ours, self.bill, self.instructions.ratio("path"))

    def figures_by_code(self) -> VoteFigures:
        """Return the same of votes with posted codes."""
        by_code = self.instructions.ratio("path", BY_CODE)
        return self._figures(self.ours_by_code, self.bill_by_code, by_code)

    def naive_figures(self) -> dict[str, float]:
        """Return those of the other design that it has, in one region."""
        return {
            "write_units_per_vote": _writes(self.naive) + naive_votes.INDEX_WRITES_PER_VOTE,
            "transactional_writes": _transactions(self.naive.ledger),
            "dollars_per_million": self.naive_bill.total,
            "processor_ratio_vs_seed": 1.0,
            "path_ratio_vs_seed": 1.0,
        }

    def _figures(self, run: Run, priced: Bill, path_ratio: float | None) -> VoteFigures:
        return VoteFigures(
            write_units_per_vote=_writes(run),
            transactional_writes=_transactions(run.ledger),
            dollars_per_million=priced.total,
            dollars_with_log_per_million=priced.total + self.log.total,
            processor_ratio_vs_seed=self.instructions.ratio("processor"),
            path_ratio_vs_seed=path_ratio,
            growth_exponent=self.instructions.exponent,
        )


def measure_votes(template: Path, count: int, progress: Progress) -> Votes:
    """Measure everything.

    Args:
        template: Of the voting stack; says around which functions Lambda writes log lines.
        count: How many people vote in each of the counted runs.
        progress: Told about every step.
    """
    prices = PriceTable.load()
    tick = progress.begin("counting calls of votes", 4)
    silent = silent_functions(template)
    ours = _count_ours(count, prices)
    tick()
    by_code = _count_ours(count, prices, by_code=True)
    tick()
    naive = _count_naive(count)
    tick()
    log = count_requests(shared_load(prices), prices)
    tick()
    instructions = count_vote_instructions(progress.begin("counting instructions", runs()))
    return Votes(
        population=count,
        prices=prices,
        ours=ours,
        ours_by_code=by_code,
        naive=naive,
        bill=_our_bill(ours, prices, silent),
        bill_by_code=_our_bill(by_code, prices, silent),
        naive_bill=_naive_bill(naive, prices),
        log=log,
        instructions=instructions,
    )


def vote_section(found: Votes) -> dict[str, Any]:
    """Return the section ``votes`` of the report, but for the targets."""
    return {
        "naive": found.naive_figures(),
        "how": HOW,
        "details": {
            "population": found.population,
            "prices": {"region": found.prices.region, "as_of": found.prices.as_of},
            "load": found.prices.votes.model_dump(),
            "run": _run(found.ours),
            "naive_run": _run(found.naive),
            "bill": _priced(found.bill),
            "by_code": {
                "figures": asdict(found.figures_by_code()),
                "run": _run(found.ours_by_code),
                "bill": _priced(found.bill_by_code),
            },
            "naive_bill": _priced(found.naive_bill),
            "log": asdict(found.log) | {"dollars_per_million": found.log.total},
            "instructions": asdict(found.instructions),
        },
    }


HOW = {
    "write_units_per_vote": "write units of the processor and the tally, counted on in-memory "
    "DynamoDB over votes with credentials in warm environments, at the batches of `load`; votes "
    "with posted codes are in `details.by_code`",
    "transactional_writes": "calls of TransactWriteItems and ExecuteTransaction in the same run",
    "dollars_per_million": "the same run at list prices, with one snapshot a second; durations are "
    "assumed (prices.toml), and Lambda's own log lines are priced as the template sets them",
    "dollars_with_log_per_million": "the same with the public log: requests counted as in the "
    "section `audit`, at the votes a second of `load`, which ten shards of the stream share and "
    "log in turns; the same section tells what it is if they get in each other's way",
    "processor_ratio_vs_seed": "instructions per vote of the other design's processor over ours, "
    "AWS calls included, each answered by a prepared body",
    "path_ratio_vs_seed": "the same of enqueuer and processor over enqueuer, processor and tally, "
    "with credentials verified by OpenSSL",
    "growth_exponent": "slope, both axes logarithmic, of instructions per vote through the real "
    "handlers in memory over the number of those who have voted before, all with posted codes",
    "naive": "the demo's description rewritten in Python: read, send; read, unconditional update, "
    "counter update; one region, one write more for its index on state and candidate",
}
"""How each figure was measured."""


def _count_ours(count: int, prices: PriceTable, *, by_code: bool = False) -> Run:
    load = prices.votes
    with VotePipeline.open() as pipeline:
        voters: Sequence[Voter]
        voters = (pipeline.letters if by_code else pipeline.credentials)(WARM_UP + count)
        pipeline.vote(voters[:WARM_UP], load.fill, load.stream_fill)
        with pipeline.counting() as run:
            pipeline.vote(voters[WARM_UP:], load.fill, load.stream_fill)
    return run


def _count_naive(count: int) -> Run:
    run = Run()
    with _naive_aws() as aws:
        for number in range(count):
            voter = {"id": {"S": f"voter-{number:08d}"}, "state": {"S": "CA"}}
            naive_votes.client("dynamodb").put_item(TableName=naive_votes.VOTERS, Item=voter)
        with aws.counting() as run.ledger:
            for number in range(count):
                vote = {"id": f"voter-{number:08d}", "candidate": "Hillary Clinton"}
                with aws.function("enqueuer"):
                    naive_votes.enqueuer(http_event("POST /votes", json.dumps(vote), {}), None)
                run.requests += 1
                run.invocations["enqueuer"] += 1
                run.messages["enqueuer"] += 1
            for batch in batched(aws.queues[naive_votes.QUEUE_URL], _NAIVE_BATCH, strict=False):
                for message in batch:
                    run.send(message)
                run.receive(list(batch))
                with aws.function("processor"):
                    naive_votes.processor(sqs_event(batch), None)
                run.invocations["processor"] += 1
                run.messages["processor"] += len(batch)
    return run


@contextmanager
def _naive_aws() -> Iterator[CountedAws]:
    with patch.dict(os.environ, ENVIRONMENT):
        _forget_naive()
        aws = CountedAws({naive_votes.VOTERS: ("id",), naive_votes.RESULTS: ("state", "candidate")})
        # boto3 has no public way to its botocore session's hooks but through the clients.
        aws.attach(naive_votes.session()._session)  # noqa: SLF001
        try:
            yield aws
        finally:
            _forget_naive()


def _forget_naive() -> None:
    naive_votes.client.cache_clear()
    naive_votes.session.cache_clear()


def _bill(run: Run, prices: PriceTable, silent: frozenset[str] = frozenset()) -> Bill:
    load = prices.votes
    # No tracing and no access log: either would keep the moment of every vote.
    design = Design(memory_mb=dict.fromkeys(run.invocations, load.memory_mb), silent=silent)
    return bill(run, design, load.load, prices)


def _our_bill(run: Run, prices: PriceTable, silent: frozenset[str]) -> Bill:
    """Return the bill of ours with the snapshots of the results."""
    load = prices.votes
    quantities = dict(_bill(run, prices, silent).quantities)
    for line, units in load.snapshot.items():
        quantities[line] = quantities.get(line, 0.0) + units / load.votes_per_second
    return Bill(quantities, prices.dollars_per_million(quantities))


def _naive_bill(run: Run, prices: PriceTable) -> Bill:
    quantities = dict(_bill(run, prices).quantities)
    quantities["write_units"] += naive_votes.INDEX_WRITES_PER_VOTE
    return Bill(quantities, prices.dollars_per_million(quantities))


def _writes(run: Run) -> float:
    return run.ledger.total().write_units / run.requests


def _transactions(ledger: Ledger) -> int:
    return ledger.total(lambda line: line.operation in _TRANSACTIONS).calls


def _run(run: Run) -> dict[str, Any]:
    votes = run.requests
    return {
        "calls": {
            f"{line.function} {line.service}:{line.operation}": {
                name: value / votes for name, value in asdict(tally).items()
            }
            for line, tally in sorted(run.ledger.tallies.items())
        },
        "invocations": {name: count / votes for name, count in sorted(run.invocations.items())},
        "sqs_requests": run.sqs_requests / votes,
        "log_bytes": run.log_bytes.total() / votes,
        "item_bytes": {
            table: max(sizes) for table, sizes in sorted(run.ledger.written.items()) if sizes
        },
    }


def _priced(one: Bill) -> dict[str, Any]:
    return {
        "dollars_per_million": one.total,
        "dollars": dict(one.dollars),
        "per_vote": dict(one.quantities),
    }
