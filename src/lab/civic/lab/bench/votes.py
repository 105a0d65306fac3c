"""`civic bench votes`: what a vote costs, compared with the earlier demo."""

from collections.abc import Sequence
from dataclasses import asdict

from civic.lab.bench import naive
from civic.lab.bench.audit_requests import count_requests, shared_load
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.instructions import count_vote_instructions
from civic.lab.bench.prices import Bill, Design, PriceTable, price
from civic.lab.bench.report import Begin, Section, Target
from civic.lab.bench.run import Run
from civic.lab.bench.vote_path import VotePipeline, Voter

WARM_UP = 5
"""Votes before the counted ones, so that the election is read and its secret opened already."""

KINDS = {"credential": "", "code": "_by_code"}
"""What entitles a person to vote, and the suffix of its instruction counts' names."""

_TRANSACTIONS = ("ExecuteTransaction", "TransactWriteItems")


def measure_votes(deployment: Deployment, count: int, begin: Begin) -> Section:
    """Measure everything in this section.

    Args:
        deployment: The templates.
        count: How many people vote in each of the counted runs.
        begin: Called at the start of each part.
    """
    prices = PriceTable.load()
    tick = begin("counting calls of votes", 4)
    runs, bills = {}, {}
    for kind in KINDS:
        runs[kind] = count_ours(deployment, count, prices, kind)
        bills[kind] = our_bill(runs[kind], deployment, prices)
        tick()
    runs["naive"] = naive.vote(count)
    bills["naive"] = naive_bill(runs["naive"], prices)
    tick()
    log = count_requests(shared_load(prices), prices)
    tick()
    instructions = count_vote_instructions(deployment, begin)
    credential, code = (
        {
            **_by_vote(runs[kind], bills[kind]),
            "dollars_with_log_per_million": bills[kind].total + log.bill.total,
            "processor_ratio_vs_seed": instructions.ratio("seed_processor", "ours_processor"),
            "path_ratio_vs_seed": instructions.ratio("seed_path", f"ours_path{suffix}"),
            "growth_exponent": instructions.exponent,
        }
        for kind, suffix in KINDS.items()
    )
    other = _by_vote(runs["naive"], bills["naive"])
    other["write_units_per_vote"] += naive.INDEX_WRITES_PER_VOTE
    return Section(
        name="votes",
        figures=credential,
        baseline=other | {"processor_ratio_vs_seed": 1.0, "path_ratio_vs_seed": 1.0},
        targets=_TARGETS,
        tables={
            "Dollars per million votes": prices.grid(bills),
            "With posted codes": {key: {"ours": value} for key, value in code.items()},
            "Instructions per vote": {
                name: {"": value} for name, value in instructions.per_vote.items()
            },
        },
        details={
            "population": count,
            "prices": {"region": prices.region, "as_of": prices.as_of},
            "load": prices.votes.model_dump(),
            "run": runs["credential"].details(),
            "naive_run": runs["naive"].details(),
            "bill": bills["credential"].details(),
            "by_code": {
                "figures": code,
                "run": runs["code"].details(),
                "bill": bills["code"].details(),
            },
            "naive_bill": bills["naive"].details(),
            "log": log.details(),
            "instructions": asdict(instructions),
        },
    )


_TARGETS = (
    Target("write_units_per_vote", "write units per vote", 1.15),
    Target("transactional_writes", "transactional writes", 0),
    Target("dollars_per_million", "dollars per million votes", 2.80, "$"),
    Target("dollars_with_log_per_million", "dollars per million votes, with the log", 2.80, "$"),
    Target("processor_ratio_vs_seed", "votes per instruction, processor / seed", 10, at_least=True),
    Target("path_ratio_vs_seed", "votes per instruction, whole path / seed", 1.5, at_least=True),
    Target("growth_exponent", "growth of instructions per vote with voters", 0.05),
)


def _by_vote(run: Run, bill: Bill) -> dict[str, float]:
    return {
        "write_units_per_vote": run.write_units / run.people,
        "transactional_writes": sum(run.calls(operation=one) for one in _TRANSACTIONS),
        "dollars_per_million": bill.total,
    }


def count_ours(deployment: Deployment, count: int, prices: PriceTable, kind: str) -> Run:
    """Count the votes of some people, all with one of `KINDS`."""
    load = prices.votes
    with VotePipeline.open(deployment) as pipeline:
        pipeline.start()
        voters: Sequence[Voter]
        voters = (pipeline.letters if kind == "code" else pipeline.credentials)(WARM_UP + count)
        pipeline.vote(voters[:WARM_UP], load.fill, load.stream_fill)
        with pipeline.aws.counting() as run:
            pipeline.vote(voters[WARM_UP:], load.fill, load.stream_fill)
    return run


def our_bill(run: Run, deployment: Deployment, prices: PriceTable) -> Bill:
    """Price a run of ours, including the snapshots of the results."""
    load = prices.votes
    # There is no access log, as it would record the moment of every vote.
    units = dict(price(run, Design(deployment.functions), load, prices).units)
    for line, more in load.snapshot.items():
        units[line] = units.get(line, 0.0) + more / load.per_second
    return prices.bill(units)


def naive_bill(run: Run, prices: PriceTable) -> Bill:
    """Price a run of the other design, including its index."""
    units = dict(price(run, Design({}), prices.votes, prices).units)
    units["write_units"] += naive.INDEX_WRITES_PER_VOTE
    return prices.bill(units)
