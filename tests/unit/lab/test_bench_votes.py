"""What `civic bench votes` counts, on a known sequence counted by hand."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from civic.lab.bench import audit_requests, counted_child, instructions, naive, votes
from civic.lab.bench.aws import ENVIRONMENT
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.functions import HandlerFailed, forget
from civic.lab.bench.grown import GrownElection
from civic.lab.bench.instructions import VoteInstructions
from civic.lab.bench.prices import Design, PriceTable, price
from civic.lab.bench.vote_path import VotePipeline, Voter
from civic.runtime import clients
from civic.stack.workspace import here
from civic.voting.functions import enqueuer, processor, tally
from civic.voting.model.tally import Counts

PRICES = PriceTable.load()


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment.read(*here().templates.values())


def test_queue_of_another_stack_leads_to_its_consumer(deployment: Deployment) -> None:
    assert deployment.consumer_of("BallotQueue").name == "processor"


def test_every_vote_is_one_item_and_the_tally_counts_each_of_them(deployment: Deployment) -> None:
    with VotePipeline.open(deployment) as pipeline:
        pipeline.start()
        voters: list[Voter] = [*pipeline.letters(15), *pipeline.credentials(15)]
        with pipeline.aws.counting() as run:
            pipeline.vote(voters, fill=25, stream_fill=10)
        (row,) = pipeline.aws.items("TalliesTable")
        assert len(pipeline.ballots()) == 30 == Counts.load(row["counts"]["S"]).ballots
        for voter in (voters[0], voters[-1]):
            with pytest.raises(HandlerFailed, match="already_voted"):
                pipeline.post(voter, 1)
    assert run.calls("processor", operation="PutItem") == 30
    assert run.invocations == {"enqueuer": 30, "processor": 2, "tally": 3}
    # Each message sent; of batches of 25 and 5, received and deleted ten at a time; three requests
    # for a snapshot.
    assert run.sqs_requests == 30 + 2 * (3 + 1) + 3
    assert run.write_units == 30 + 3
    assert run.people == run.http == 30


def test_votes_that_come_later_are_counted_once(deployment: Deployment) -> None:
    with VotePipeline.open(deployment) as pipeline:
        pipeline.start()
        voters = pipeline.credentials(4)
        for some in (voters[:1], voters[1:]):
            pipeline.vote(some, fill=25, stream_fill=10)
        (row,) = pipeline.aws.items("TalliesTable")
    assert Counts.load(row["counts"]["S"]).ballots == 4


def test_a_credential_is_verified_without_looking_anything_up_but_the_ballot(
    deployment: Deployment,
) -> None:
    runs = [votes.count_ours(deployment, 25, PRICES, kind) for kind in votes.KINDS]
    assert [run.calls("enqueuer", operation="GetItem") for run in runs] == [25, 50]
    assert runs[0].write_units == runs[1].write_units


def test_a_credential_that_was_tampered_with_takes_no_vote(deployment: Deployment) -> None:
    with VotePipeline.open(deployment) as pipeline:
        pipeline.start()
        (credential,) = pipeline.credentials(1)
        with pytest.raises(HandlerFailed, match="unknown"):
            pipeline.post(replace(credential, token=bytes(32)), 0)


def test_an_accepted_vote_leaves_no_log_line_to_pay_for(deployment: Deployment) -> None:
    run = votes.count_ours(deployment, 25, PRICES, "credential")
    assert run.log_bytes["enqueuer"] == 0
    assert deployment.functions["enqueuer"].silent
    silent = votes.our_bill(run, deployment, PRICES).units["logs"]
    lines = sum(len(line) for line in PRICES.platform.lines)
    # Less than the lines of one invocation a vote; those of the other functions stay.
    assert 0 < silent * 1e9 < lines


def test_the_other_design_writes_three_times_per_vote() -> None:
    run = naive.vote(20)
    assert run.calls("enqueuer", "dynamodb") == 20
    assert run.calls("processor", operation="UpdateItem") == 40
    bill = votes.naive_bill(run, PRICES)
    assert bill.units["write_units"] == 2 + naive.INDEX_WRITES_PER_VOTE == 3
    assert bill.units["api"] == 1


def test_the_bill_holds_the_snapshots_of_a_second_shared_by_its_votes(
    deployment: Deployment,
) -> None:
    run = votes.count_ours(deployment, 5, PRICES, "code")
    bill = votes.our_bill(run, deployment, PRICES)
    without = price(run, Design(deployment.functions), PRICES.votes, PRICES)
    assert bill.units["s3_puts"] == PRICES.votes.snapshot["s3_puts"] / PRICES.votes.per_second
    assert bill.units["api"] == 1
    assert bill.total > without.total


@pytest.mark.parametrize(("slope", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_the_exponent_is_the_slope_between_logarithms(slope: float, expected: float) -> None:
    growth = {size: 7.0 * size**slope for size in (10, 1_000, 100_000)}
    assert VoteInstructions({}, growth, "").exponent == pytest.approx(expected)


def test_a_ratio_is_the_other_designs_instructions_over_ours() -> None:
    found = VoteInstructions({"seed_path": 30.0, "ours_path": 20.0}, {}, "")
    assert found.ratio("seed_path", "ours_path") == 1.5
    assert found.exponent is None
    assert VoteInstructions({}, {}, "no counter").ratio("seed_path", "ours_path") is None


@pytest.fixture
def parts(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, counted_child.Part]]:
    material = json.loads(json.dumps(instructions.prepared(deployment)))
    environment = dict(ENVIRONMENT)
    for name in ("enqueuer", "processor", "tally"):
        environment |= deployment.functions[name].environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # A design has its own process; what it changes permanently is undone here.
    monkeypatch.setattr(clients, "now", clients.now)
    yield counted_child.parts(material)
    clients.forget()
    for module in (enqueuer, processor, tally):
        forget(module)


def test_the_prepared_answers_let_every_part_succeed(
    parts: dict[str, counted_child.Part],
) -> None:
    answers: dict[str, list[Any]] = {name: parts[name](None) for name in counted_child.PARTS}
    for name in ("ours_enqueuer", "ours_enqueuer_by_code", "seed_enqueuer"):
        assert [one["statusCode"] for one in answers[name]] == [201] * instructions.VOTES
    assert answers["ours_processor"] == [{"batchItemFailures": []}] * 2
    assert len(answers["seed_processor"]) == instructions.VOTES / naive.BATCH
    assert answers["ours_tally"] == [{"state": {}}]


def test_a_part_is_counted_between_the_calls_that_callgrind_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    for name in (counted_child.BEGIN, counted_child.END):
        monkeypatch.setattr(os, name, lambda name=name: done.append(name))
    counted_child.counted(lambda: done.append("warm"), lambda: done.append("part"))
    assert done == ["warm", "getppid", "part", "getloadavg"]


def test_what_callgrind_wrote_is_read_in_its_order(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)

    def run(command: list[str], **_: object) -> Any:
        out = next((one for one in command if one.startswith("--callgrind-out-file=")), "")
        if out:
            many = len(counted_child.PARTS if "path" in command else instructions.SIZES)
            path = Path(out.partition("=")[2])
            for number in range(1, many + 1):
                path.with_suffix(f".{2 * number - 1}").write_text("summary: 77777\n")
                path.with_suffix(f".{2 * number}").write_text(f"summary: {number * 100}\n")
            path.write_text("summary: 99999\n")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    found = instructions.count_vote_instructions(deployment, lambda *_: lambda: None)
    votes_counted = instructions.VOTES
    assert [found.per_vote[part] for part in counted_child.PARTS] == [
        number * 100 / votes_counted for number in range(1, 7)
    ]
    assert found.per_vote["ours_path"] == (100 + 300 + 400) / votes_counted
    assert list(found.growth) == list(instructions.SIZES)
    assert found.growth[1_000_000] == 400 / counted_child.GROWN_VOTES


def test_without_a_counter_nothing_is_counted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    found = instructions.count_vote_instructions(deployment, lambda *_: lambda: None)
    assert (found.per_vote, found.exponent) == ({}, None)


def test_the_section_has_figures_of_both_kinds_of_votes(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = VoteInstructions(
        {"seed_path": 30.0, "ours_path": 20.0, "ours_path_by_code": 24.0}
        | {"seed_processor": 10.0, "ours_processor": 1.0},
        {10: 1.0, 100: 1.0},
        "",
    )
    monkeypatch.setattr(votes, "count_vote_instructions", lambda *_: counted)
    monkeypatch.setattr(audit_requests, "GROWN", 0)
    document = votes.measure_votes(deployment, 5, lambda *_: lambda: None).document()
    assert (document["path_ratio_vs_seed"], document["processor_ratio_vs_seed"]) == (1.5, 10)
    code = document["details"]["by_code"]["figures"]
    assert (code["path_ratio_vs_seed"], document["growth_exponent"]) == (1.25, 0)
    log = document["details"]["log"]["dollars_per_million"]
    for figures in (document, code):
        total = figures["dollars_per_million"] + log
        assert figures["dollars_with_log_per_million"] == pytest.approx(total)
    assert code["dollars_per_million"] > document["dollars_per_million"]
    assert document["naive"]["write_units_per_vote"] == 3


def test_a_grown_election_counts_on_from_where_it_is() -> None:
    election = GrownElection(datetime.now(UTC))
    with election.entered():
        election.fill(500)
        election.vote(10)
        election.fill(1_000)
        election.vote(10)
    assert election.ballots == 1_000 + 20
