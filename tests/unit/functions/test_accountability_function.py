"""The function that keeps the ledger: its queue, its receipts, and an operator's replay."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from civic.identity.functions import accountability
from tests.fakes.deployment import Deployment, body_of
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, sqs_event
from tests.fakes.office import ANOTHER, assert_silent, citizen, content

CONFIRMATIONS = ("DecisionDeleted", "DataDeleted", "JoinDeleted", "RollDeleted")


def messages(deployment: Deployment, *names: str) -> list[str]:
    return [body_of(one) for one in deployment.aws.published if one["DetailType"] in names]


def handle(*bodies: str) -> list[str]:
    return failed(accountability.handler(sqs_event(*bodies), None))


def entry(deployment: Deployment) -> dict[str, Any]:
    (item,) = deployment.aws.items("erasure-ledger")
    return item


def test_whole_erasure_leaves_one_entry_with_a_receipt(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.deliver()
    assert deployment.failures == []
    assert set(entry(deployment)) == {
        "id",
        "requested",
        "access_digest",
        "ttl",
        "at_decisions",
        "at_records",
        "at_subject_keys",
        "at_analytics",
        "at_issuance_roll",
        "receipt",
        "signature",
        "public_key",
    }
    assert_silent(repr(entry(deployment)))
    assert len(deployment.aws.asked("Sign")) == 1


def test_redelivery_of_everything_changes_nothing(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.deliver()
    before = entry(deployment), deployment.aws.items("request-log")
    everything = messages(deployment, "DeletionRequest", *CONFIRMATIONS)
    assert handle(*everything, *reversed(everything)) == []
    assert (entry(deployment), deployment.aws.items("request-log")) == before
    assert len(deployment.aws.asked("Sign")) == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "DisabledException"])
def test_refusing_kms_sends_the_last_word_back_and_the_next_delivery_signs(
    deployment: Deployment, code: str
) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.aws.fail("kms", "Sign", code)
    deployment.deliver()
    assert deployment.failures
    assert content(who.ask("GET /erasure"))["status"] == "erasing"
    published = list(deployment.aws.published)
    deployment.aws.mend("kms", "Sign")
    last = [body_of(one) for one in published if one["DetailType"] == "JoinDeleted"]
    assert handle(*last) == []
    assert content(who.ask("GET /erasure"))["status"] == "erased"


@pytest.mark.parametrize("body", ["garbage", "{}", '{"detail-type": "x", "source": "y"}'])
def test_poison_goes_back_alone(deployment: Deployment, body: str) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    (good,) = messages(deployment, "DeletionRequest")
    assert handle(body, good) == ["m0"]
    assert entry(deployment)["id"] == {"S": who.id}


@pytest.mark.parametrize("name", ["ValidationRequest", "ValidationResult", "DataStored"])
def test_event_that_is_not_subscribed_goes_back(deployment: Deployment, name: str) -> None:
    citizen(deployment)
    assert handle(*messages(deployment, name)) == ["m0"]


@pytest.mark.parametrize("operation", ["UpdateItem", "Query"])
def test_refused_table_sends_the_message_back(deployment: Deployment, operation: str) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.deliver()
    deployment.aws.fail("dynamodb", operation, "ThrottlingException")
    assert handle(*messages(deployment, "DeletionRequest")) == ["m0"]


def test_correction_and_objection_are_answered(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("PUT /objection")
    who.ask("PUT ", json.dumps(content(who.ask("GET /data"))["data"]))
    deployment.deliver()
    told = content(who.ask("GET /requests"))["requests"]
    answered = {one["kind"]: "completed_at" in one for one in told}
    assert answered == {"objection": True, "access": True, "rectification": True}


def test_log_lines_name_registrations_and_outcomes_only(
    deployment: Deployment, log_lines: LogLines
) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.deliver()
    log_lines()
    handle(*messages(deployment, *CONFIRMATIONS))
    (line,) = log_lines()
    assert [(one["id"], one["outcome"]) for one in line["records"]] == [
        (who.id, one["DetailType"])
        for one in deployment.aws.published
        if one["DetailType"] in CONFIRMATIONS
    ]
    assert line["ErasuresCompleted"] == [4.0]
    assert who.token not in json.dumps(line)
    assert_silent(line)


# ------------------------------------------------------------------ replay


def replay(**command: object) -> dict[str, Any]:
    return accountability.handler({"action": "replay", **command}, None)


def test_replay_of_an_empty_ledger_is_nothing(deployment: Deployment) -> None:
    assert replay() == {"replayed": 0, "cursor": None}
    assert deployment.aws.published == []


def test_replay_goes_page_by_page_and_publishes_every_erasure(
    deployment: Deployment, log_lines: LogLines
) -> None:
    people = [citizen(deployment) for _ in range(3)]
    for who in people:
        who.ask("DELETE ")
    deployment.deliver()
    published = len(deployment.aws.published)
    log_lines()
    cursor, replayed = None, 0
    for _ in range(len(people) + 1):
        page = replay(cursor=cursor, page_size=1)
        replayed += page["replayed"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert replayed == len(people)
    entries = deployment.aws.published[published:]
    assert {one["DetailType"] for one in entries} == {"ErasureReplayed"}
    assert {json.loads(one["Detail"])["id"] for one in entries} == {who.id for who in people}
    lines = log_lines()
    assert sum(line["ErasuresReplayed"][0] for line in lines) == len(people)
    assert_silent(lines)


def test_replay_leaves_everything_as_it_is(deployment: Deployment) -> None:
    erased, kept = citizen(deployment), citizen(deployment, ANOTHER)
    erased.ask("DELETE ")
    deployment.deliver()
    tables = ("vault", "decisions", "joins", "subject-keys", "erasure-ledger", "request-log")
    before = [deployment.aws.items(table) for table in tables]
    replay()
    deployment.deliver()
    assert deployment.failures == []
    assert [deployment.aws.items(table) for table in tables] == before
    assert kept.status()["decision"] == "accepted"


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize(
    "command",
    [
        {},
        {"action": "erase"},
        {"action": "replay", "page_size": 0},
        {"action": "replay", "page_size": 1001},
        {"action": "replay", "registration": "x"},
    ],
)
def test_command_of_wrong_form_is_refused(command: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        accountability.handler(command, None)
