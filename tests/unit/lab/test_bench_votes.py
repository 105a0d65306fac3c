"""What `civic bench votes` counts: on a known sequence, by hand."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
import yaml

from civic.lab.bench import naive_votes, repeat_vote, votes, votes_instructions
from civic.lab.bench.counted_aws import ENVIRONMENT, CountedAws
from civic.lab.bench.counted_dynamodb import Outcome
from civic.lab.bench.deployment import TemplateUnreadable, silent_functions
from civic.lab.bench.expressions import Placeholders, updated
from civic.lab.bench.grown import GrownElection
from civic.lab.bench.pipeline import HandlerFailed
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.targets import Target, judge
from civic.lab.bench.votes_instructions import VoteInstructions
from civic.lab.bench.votes_pipeline import (
    BALLOTS,
    FUNCTION_ENVIRONMENT,
    TALLIES,
    VotePipeline,
    Voter,
    forget,
)
from civic.runtime import clients
from civic.stack.workspace import here
from civic.voting.functions import enqueuer, processor, tally
from civic.voting.model.tally import Counts


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> CountedAws:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return CountedAws({"Box": ("id",)})


def client(aws: CountedAws, service: str) -> Any:
    session = botocore.session.get_session()
    aws.attach(session)
    return session.create_client(service)


def test_a_ballot_that_is_refused_costs_as_much_as_one_that_is_put(aws: CountedAws) -> None:
    box = client(aws, "dynamodb")
    unless_there = {"TableName": "Box", "ConditionExpression": "attribute_not_exists(id)"}
    item = {"id": {"S": "a"}, "text": {"S": "x" * 1_500}}
    box.put_item(Item=item, **unless_there)
    with pytest.raises(box.exceptions.ConditionalCheckFailedException):
        box.put_item(Item=item, **unless_there)
    total = aws.ledger.total()
    assert (total.calls, total.write_units) == (2, 2 + 2)
    assert aws.ledger.written["Box"] == [2 + 1 + 4 + 1_500]


def test_calls_from_several_threads_are_all_counted(
    aws: CountedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = client(aws, "dynamodb")
    before = aws.tables.answer

    def hesitant(operation: str, request: dict[str, Any]) -> Outcome:
        calls = aws.ledger.total().calls
        outcome = before(operation, request)
        time.sleep(0.001)
        assert aws.ledger.total().calls == calls, "another call came in between"
        return outcome

    monkeypatch.setattr(aws, "tables", SimpleNamespace(answer=hesitant))
    with ThreadPoolExecutor(10) as threads:
        keys = [{"id": {"S": str(number)}} for number in range(20)]
        list(threads.map(lambda key: box.get_item(TableName="Box", Key=key), keys))
    assert aws.ledger.total().calls == 20


def test_a_message_that_is_sent_waits_in_its_queue(aws: CountedAws) -> None:
    client(aws, "sqs").send_message(QueueUrl="https://queue", MessageBody="vote")
    assert aws.queues == {"https://queue": ["vote"]}
    assert aws.ledger.calls(service="sqs", operation="SendMessage") == 1


def test_a_counter_may_be_added_to_without_setting_anything() -> None:
    placeholders = Placeholders({"#count": "count"}, {":one": {"N": "1"}})
    assert updated("ADD #count :one", {"count": {"N": "2"}}, placeholders) == {"count": {"N": "3"}}


def test_a_lower_bound_is_missed_from_below() -> None:
    targets = [Target(key, key, 10, at_least=True) for key in ("met", "missed")]
    judged = judge({"met": 10, "missed": 7.5}, targets)
    assert [(one.met, one.missed_by) for one in judged] == [(True, None), (False, 2.5)]
    assert str(targets[0]) == "at least 10"


def test_every_vote_is_one_item_and_the_tally_counts_each_of_them() -> None:
    with VotePipeline.open() as pipeline:
        voters: list[Voter] = [*pipeline.letters(15), *pipeline.credentials(15)]
        with pipeline.counting() as run:
            pipeline.vote(voters, fill=25, stream_fill=10)
        tables = pipeline.aws.tables.items
        (tally,) = tables[TALLIES].values()
        assert len(tables[BALLOTS]) == 30 == Counts.load(tally["counts"]["S"]).ballots
        with pytest.raises(HandlerFailed, match="already_voted"):
            pipeline.post(voters[0], 1)
        with pytest.raises(HandlerFailed, match="already_voted"):
            pipeline.post(voters[-1], 1)
    assert run.ledger.calls("processor", operation="PutItem") == 30
    assert run.invocations == {"enqueuer": 30, "processor": 2, "tally": 3}
    # Each message sent; of batches of 25 and 5, received and deleted ten at a time; three requests
    # for a snapshot.
    assert run.sqs_requests == 30 + 2 * (3 + 1) + 3
    assert run.ledger.total(lambda line: line.function == "processor").write_units == 30


def test_a_credential_is_verified_without_looking_anything_up_but_the_ballot() -> None:
    prices = PriceTable.load()
    runs = [votes._count_ours(25, prices, by_code=by_code) for by_code in (False, True)]
    assert [run.ledger.calls("enqueuer", operation="GetItem") for run in runs] == [25, 50]
    credential, code = (run.ledger.total().write_units for run in runs)
    assert credential == code


def test_a_credential_that_was_tampered_with_takes_no_vote() -> None:
    with VotePipeline.open() as pipeline:
        (credential,) = pipeline.credentials(1)
        with pytest.raises(HandlerFailed, match="unknown"):
            pipeline.post(replace(credential, token=bytes(32)), 0)


def test_an_accepted_vote_leaves_no_log_line_to_pay_for() -> None:
    prices = PriceTable.load()
    template = here().templates["voting"]
    run = votes._count_ours(25, prices)
    assert run.log_bytes["enqueuer"] == 0
    silent = votes._bill(run, prices, silent_functions(template)).quantities["logs"]
    loud = votes._bill(run, prices).quantities["logs"]
    lines = sum(len(line) for line in prices.platform.lines)
    # One invocation of the enqueuer per vote; those of the other functions stay.
    assert (loud - silent) * 1e9 == pytest.approx(lines)
    assert silent > 0


@pytest.mark.parametrize(
    ("logging", "silent"),
    [
        ({"LogFormat": "JSON", "SystemLogLevel": "WARN"}, {"one"}),
        ({"LogFormat": "Text"}, set()),
        ({}, set()),
    ],
)
def test_the_template_says_around_what_lambda_writes_lines(
    tmp_path: Path, logging: dict[str, str], silent: set[str]
) -> None:
    assert silent_functions(template_with(tmp_path, logging)) == silent


def test_a_log_format_that_has_no_price_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateUnreadable):
        silent_functions(template_with(tmp_path, {"LogFormat": "JSON"}))


def template_with(folder: Path, logging: dict[str, str]) -> Path:
    variables = {"POWERTOOLS_SERVICE_NAME": "one"}
    properties = {"Environment": {"Variables": variables}, "LoggingConfig": logging}
    function = {"Type": "AWS::Serverless::Function", "Properties": properties}
    shared = {"Function": {"LoggingConfig": {"LogGroup": "Logs"}}}
    template = folder / "template.yaml"
    template.write_text(yaml.safe_dump({"Globals": shared, "Resources": {"One": function}}))
    return template


def test_the_other_design_writes_three_times_per_vote() -> None:
    run = votes._count_naive(20)
    assert run.ledger.calls("enqueuer", "dynamodb") == 20
    assert run.ledger.calls("processor", operation="UpdateItem") == 40
    assert votes._writes(run) + naive_votes.INDEX_WRITES_PER_VOTE == 3


def test_the_bill_holds_the_snapshots_of_a_second_shared_by_its_votes() -> None:
    prices = PriceTable.load()
    run = votes._count_ours(25, prices)
    bill = votes._our_bill(run, prices, frozenset())
    without = votes._bill(run, prices)
    puts = prices.votes.snapshot["s3_puts"] / prices.votes.votes_per_second
    assert bill.quantities["s3_puts"] == puts
    assert bill.quantities["api"] == 1
    assert bill.total > without.total
    assert set(votes._naive_bill(run, prices).dollars) <= set(bill.dollars)


@pytest.mark.parametrize(("slope", "expected"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_the_exponent_is_the_slope_between_logarithms(slope: float, expected: float) -> None:
    growth = {size: 7.0 * size**slope for size in (10, 1_000, 100_000)}
    found = VoteInstructions({}, growth, "")
    assert found.exponent == pytest.approx(expected)


def test_a_ratio_is_the_other_designs_instructions_over_ours() -> None:
    each = {"seed_path": 30.0, "ours_path": 20.0, "seed_processor": 10.0, "ours_processor": 1.0}
    each["ours_path_by_code"] = 24.0
    found = VoteInstructions(each, {}, "")
    assert (found.ratio("path"), found.ratio("processor")) == (1.5, 10)
    assert found.ratio("path", repeat_vote.BY_CODE) == 1.25
    assert VoteInstructions(None, None, "no counter").ratio("path") is None


@pytest.fixture
def material(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setattr(votes_instructions, "VOTES_PER_UNIT", 50)
    made = votes_instructions._material()
    for name, value in (ENVIRONMENT | FUNCTION_ENVIRONMENT).items():
        monkeypatch.setenv(name, value)
    # A design has a process to itself: what it changes for good is undone here.
    monkeypatch.setattr(clients, "now", clients.now)
    prepared: dict[str, Any] = json.loads(json.dumps(made))
    yield prepared
    clients.forget()
    for module in (enqueuer, processor, tally):
        forget(module)


def test_the_prepared_answers_let_every_vote_of_ours_succeed(material: dict[str, Any]) -> None:
    unit = repeat_vote.ours_processor(material)
    assert unit() == [{"batchItemFailures": []}] * 2


@pytest.mark.parametrize(
    ("design", "posts"), [("ours_path", "posts"), ("ours_path_by_code", "code_posts")]
)
def test_either_kind_of_vote_is_taken_on_its_path(
    material: dict[str, Any], monkeypatch: pytest.MonkeyPatch, design: str, posts: str
) -> None:
    unit = repeat_vote.DESIGNS[design](material)
    answers: list[dict[str, Any]] = []
    real = enqueuer.handler

    def handler(event: dict[str, Any], context: object) -> Any:
        assert event in material[posts]
        answers.append(real(event, context))
        return answers[-1]

    monkeypatch.setattr(enqueuer, "handler", handler)
    unit()
    assert [answer["statusCode"] for answer in answers] == [201] * 50


def test_a_grown_election_counts_on_from_where_it_is() -> None:
    election = GrownElection(500, datetime.now(UTC))
    with election.entered():
        election.vote()
    assert election.ballots == 500 + repeat_vote.VOTES_PER_UNIT
