"""The daily function: what it requests, what it counts, and that it may run repeatedly."""

import json
from datetime import timedelta
from typing import Any

import pytest

from civic.identity.errors import StoreUnavailable
from civic.identity.functions import deadlines
from civic.identity.model.erasure import last_whole_day
from civic.runtime import clients
from civic.runtime.publisher import PublishFailed
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said, sqs_event
from tests.fakes.office import DOUBTFUL, HOPELESS, Citizen, assert_silent, citizen, content
from tests.fakes.people import UNKNOWN

LONG_AGO = (clients.now() - timedelta(days=91)).isoformat()
RECENTLY = (clients.now() - timedelta(days=89)).isoformat()


def run(event: dict[str, Any] | None = None) -> dict[str, int]:
    return deadlines.handler(event or {}, None)


def change(table: str, key: dict[str, Any], name: str, value: str) -> None:
    clients.dynamodb().update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
    )


def untouched_since(who: Citizen, moment: str) -> None:
    change("decisions", {"id": {"S": who.id}}, "updated", moment)


def due_since(who: Citizen, entry: str, moment: str) -> None:
    change("request-log", {"id": {"S": who.id}, "entry": {"S": entry}}, "due", moment)


def ended(deployment: Deployment) -> set[str]:
    entries = [one for one in deployment.aws.published if one["DetailType"] == "RetentionEnded"]
    assert {one["Source"] for one in entries} <= {"civic.deadlines"}
    return {json.loads(one["Detail"])["id"] for one in entries}


def test_day_on_which_nothing_is_due_says_so(deployment: Deployment, log_lines: LogLines) -> None:
    citizen(deployment, HOPELESS)
    log_lines()
    assert run() == {"overdue": 0, "ended": 0, "unreadable": 0}
    (line,) = log_lines()
    # An alarm watches this metric, and goes off if it is missing.
    assert (line["RequestsOverdue"], line["RetentionsEnded"]) == ([0.0], [0.0])
    assert line["RowsUnreadable"] == [0.0]
    assert (line["function"], line["service"]) == (line["service"], line["service"])
    assert ended(deployment) == set()


def test_registrations_that_led_to_nothing_are_erased_with_a_receipt(
    deployment: Deployment,
) -> None:
    rejected, doubtful = citizen(deployment, HOPELESS), citizen(deployment, DOUBTFUL)
    accepted, recent = citizen(deployment), citizen(deployment, HOPELESS)
    for who in (rejected, doubtful, accepted):
        untouched_since(who, LONG_AGO)
    untouched_since(recent, RECENTLY)
    assert run() == {"overdue": 0, "ended": 1, "unreadable": 0}
    assert ended(deployment) == {rejected.id}
    deployment.deliver()
    assert deployment.failures == []
    assert said(rejected.ask("GET ")) == (404, "not_found")
    assert content(rejected.ask("GET /erasure"))["status"] == "erased"
    assert {row["id"]["S"] for row in deployment.aws.items("subject-keys")} == {
        doubtful.id,
        accepted.id,
        recent.id,
    }
    assert run() == {"overdue": 0, "ended": 0, "unreadable": 0}


def test_restricted_registration_is_kept(deployment: Deployment) -> None:
    who = citizen(deployment, HOPELESS)
    who.ask("PUT /restriction")
    untouched_since(who, LONG_AGO)
    assert run()["ended"] == 0


@pytest.mark.parametrize("event", [{}, sqs_event("{}"), {"source": "aws.events"}])
def test_schedule_and_operator_start_the_same(
    deployment: Deployment, event: dict[str, Any]
) -> None:
    untouched_since(citizen(deployment, HOPELESS), LONG_AGO)
    assert run(event) == {"overdue": 0, "ended": 1, "unreadable": 0}


def test_what_an_erasure_leaves_is_kept_from_when_it_is_written(deployment: Deployment) -> None:
    # The DELETE failed 390 days ago, after it was logged, and is repeated now.
    who = citizen(deployment)
    deployment.aws.fail("events", "PutEvents", "ThrottlingException")
    assert said(who.ask("DELETE "))[0] == 503
    deployment.aws.mend("events", "PutEvents")
    then = (clients.now() - timedelta(days=390)).isoformat()
    entry = {"id": {"S": who.id}, "entry": {"S": "open#erasure"}}
    change("request-log", entry, "received", then)
    change("decisions", {"id": {"S": who.id}}, "created", then)
    assert who.ask("DELETE ")["statusCode"] == 202
    deployment.deliver()
    assert content(who.ask("GET /erasure"))["status"] == "erased"
    for table in ("vault", "joins", "issuer-roll", "erasure-ledger"):
        (left,) = deployment.aws.items(table)
        assert int(left["ttl"]["N"]) > (clients.now() + timedelta(days=399)).timestamp(), table
    (grave,) = deployment.aws.items("decisions")
    assert "ttl" not in grave
    # It is dated back to the request, but not so far that the ledger would have forgotten it.
    assert then < grave["erased_at"]["S"] < (clients.now() - timedelta(days=27)).isoformat()


def test_two_runs_before_the_erasure_are_harmless(deployment: Deployment) -> None:
    who = citizen(deployment, HOPELESS)
    untouched_since(who, LONG_AGO)
    for _ in range(2):
        assert run()["ended"] == 1
    deployment.deliver()
    assert deployment.failures == []
    assert len(deployment.aws.asked("Sign")) == 1


def test_overdue_requests_are_counted(deployment: Deployment, log_lines: LogLines) -> None:
    who = citizen(deployment, HOPELESS)
    who.ask("POST /review")
    who.ask("PUT /objection")
    log_lines()
    assert run()["overdue"] == 0
    due_since(who, "open#review", LONG_AGO)
    assert run()["overdue"] == 1
    due_since(who, "open#objection", LONG_AGO)
    assert run()["overdue"] == 2
    deployment.deliver()
    assert run()["overdue"] == 1
    lines = [line for line in log_lines() if "RequestsOverdue" in line]
    assert [line["RequestsOverdue"] for line in lines] == [[0.0], [1.0], [2.0], [1.0]]
    assert_silent(lines)


def test_erasures_are_counted_every_day(deployment: Deployment, log_lines: LogLines) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.deliver()
    log_lines()
    for _ in range(2):
        run()
    told = [one for one in deployment.aws.published if one["DetailType"] == "ErasuresCounted"]
    assert {one["Source"] for one in told} == {"civic.deadlines"}
    yesterday = last_whole_day(clients.now()).isoformat()
    expected = {"version": 1, "through": yesterday, "erased": 0, "threshold": 10}
    assert [json.loads(one["Detail"]) for one in told] == [expected] * 2
    lines = log_lines()
    assert [(line["through"], line["erased"]) for line in lines] == [(yesterday, 0)] * 2
    assert_silent(lines)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refused_table_fails_the_run(
    deployment: Deployment, log_lines: LogLines, code: str
) -> None:
    deployment.aws.fail("dynamodb", "Scan", code)
    log_lines()
    with pytest.raises(StoreUnavailable):
        run()
    (line,) = log_lines()
    assert line["outcome"] == "error"
    assert set(line["failed"]) == {"overdue", "ended", "erasures"}
    assert line.keys().isdisjoint({"RequestsOverdue", "RetentionsEnded", "through"})


def test_refused_bus_fails_the_run_but_not_the_count(
    deployment: Deployment, log_lines: LogLines
) -> None:
    untouched_since(citizen(deployment, HOPELESS), LONG_AGO)
    deployment.aws.fail("events", "PutEvents", "ThrottlingException")
    log_lines()
    with pytest.raises(PublishFailed):
        run()
    (line,) = log_lines()
    assert set(line["failed"]) == {"ended", "erasures"}
    assert line["RequestsOverdue"] == [0.0]


def test_refused_request_log_stops_nothing_else(
    deployment: Deployment, log_lines: LogLines
) -> None:
    who = citizen(deployment, HOPELESS)
    untouched_since(who, LONG_AGO)

    def refusing(**call: Any) -> None:
        if call["params"]["TableName"] == "request-log":
            raise StoreUnavailable

    deployment.aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", refusing)
    log_lines()
    with pytest.raises(StoreUnavailable):
        run()
    (line,) = log_lines()
    assert set(line["failed"]) == {"overdue"}
    assert line["RetentionsEnded"] == [1.0]
    assert "through" in line
    assert ended(deployment) == {who.id}


def test_rows_of_another_release_stop_nothing(deployment: Deployment, log_lines: LogLines) -> None:
    who, other = citizen(deployment, HOPELESS), citizen(deployment, HOPELESS)
    for one in (who, other):
        untouched_since(one, LONG_AGO)
    # So their retention waits.
    who.ask("POST /review")
    due_since(who, "open#review", LONG_AGO)
    of_another: dict[str, dict[str, Any]] = {
        "decisions": {"reasons": {"S": "Marked Fullname"}, "id": {"S": UNKNOWN}},
        "request-log": {"entry": {"S": "open#portability"}},
    }
    for table, changes in of_another.items():
        (row, *_) = (one for one in deployment.aws.items(table) if one["id"]["S"] == who.id)
        clients.dynamodb().put_item(TableName=table, Item=row | changes)
    log_lines()
    assert run() == {"overdue": 1, "ended": 1, "unreadable": 2}
    assert ended(deployment) == {other.id}
    (line,) = log_lines()
    assert line["RowsUnreadable"] == [2.0]
    assert {(one["id"], one["outcome"]) for one in line["records"]} == {
        (who.id, "unreadable"),
        (UNKNOWN, "unreadable"),
    }
    assert_silent([line])
