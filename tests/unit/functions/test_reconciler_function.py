"""The reconciler: what it asks for, what it counts, and that it goes on where it was."""

import json
from datetime import timedelta
from typing import Any

import pytest

from civic.identity.adapters.sweep_overview_dynamodb import DynamoDbOverview
from civic.identity.errors import StoreUnavailable
from civic.identity.functions import reconciler
from civic.identity.model.sweeping import Finding, Walk
from civic.runtime import clients
from civic.runtime.publisher import PublishFailed
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import sqs_event
from tests.fakes.office import Citizen, assert_silent, citizen
from tests.fakes.people import UNKNOWN

LONG_AGO = (clients.now() - timedelta(hours=2)).isoformat()
ALL = sorted(Walk)


def run(event: dict[str, Any] | None = None) -> dict[str, Any]:
    return reconciler.handler(event or {}, None)


def age(who: Citizen) -> None:
    """Make what was written about somebody old enough to be compared."""
    for table in ("decisions", "vault"):
        clients.dynamodb().update_item(
            TableName=table,
            Key={"id": {"S": who.id}},
            UpdateExpression="SET updated = :at",
            ExpressionAttributeValues={":at": {"S": LONG_AGO}},
        )


def forgotten(deployment: Deployment, table: str) -> Citizen:
    """Register somebody of whom a table then loses the row."""
    who = citizen(deployment)
    age(who)
    clients.dynamodb().delete_item(TableName=table, Key={"id": {"S": who.id}})
    return who


def less_the_day(deployment: Deployment, table: str) -> list[dict[str, Any]]:
    """Return the rows without the day of the decision: it may have been aged over a midnight."""
    return [
        {name: value for name, value in item.items() if name != "decided_on"}
        for item in deployment.aws.items(table)
    ]


def asked(deployment: Deployment) -> list[tuple[str, str]]:
    """Return what the reconciler asked for, and for whom."""
    mine = [one for one in deployment.aws.published if one["Source"] == "civic.reconciler"]
    return [(one["DetailType"], json.loads(one["Detail"])["id"]) for one in mine]


def test_round_without_a_fault_says_so(deployment: Deployment, log_lines: LogLines) -> None:
    age(citizen(deployment))
    log_lines()
    assert run() == {"found": {}, "mended": 0, "ended": ALL}
    (line,) = log_lines()
    # Alarms watch these metrics, and one goes off if they are missing.
    assert all(line[name] == [0.0] for name in ("Mended", *Finding))
    assert (line["function"], line["service"]) == (line["service"], line["service"])
    assert asked(deployment) == []


@pytest.mark.parametrize("table", ["decisions", "issuer-roll", "joins"])
def test_row_that_is_gone_comes_back(
    deployment: Deployment, log_lines: LogLines, table: str
) -> None:
    who = citizen(deployment)
    age(who)
    before = less_the_day(deployment, table)
    clients.dynamodb().delete_item(TableName=table, Key={"id": {"S": who.id}})
    log_lines()
    assert run() == {"found": {"DecisionsMended": 1}, "mended": 1, "ended": ALL}
    (line,) = log_lines()
    assert (line["DecisionsMended"], line["Mended"]) == ([1.0], [1.0])
    (record,) = line["records"]
    assert (record["id"], record["outcome"]) == (who.id, "decision_missed")
    assert_silent(line)
    assert asked(deployment) == [("RevalidationDue", who.id)]
    deployment.deliver()
    assert deployment.failures == []
    assert len(deployment.aws.items(table)) == 1
    assert table == "decisions" or less_the_day(deployment, table) == before
    assert who.status()["decision"] == "accepted"
    assert run()["mended"] == 0


@pytest.mark.parametrize("event", [{}, sqs_event("{}"), {"source": "aws.events"}])
def test_schedule_and_operator_start_the_same(
    deployment: Deployment, event: dict[str, Any]
) -> None:
    forgotten(deployment, "issuer-roll")
    assert run(event)["mended"] == 1


def test_each_run_goes_on_where_the_last_one_ended(deployment: Deployment) -> None:
    lost = {forgotten(deployment, "issuer-roll").id for _ in range(7)}
    ended = [run()["ended"] for _ in range(3)]
    assert {who for _, who in asked(deployment)} == lost
    assert len(asked(deployment)) == len(lost)
    assert ["decisions" in one for one in ended] == [False, False, True]
    # The next round begins.
    run()
    assert len(asked(deployment)) > len(lost)


def test_operator_may_begin_again_and_choose(deployment: Deployment) -> None:
    lost = [forgotten(deployment, "issuer-roll").id for _ in range(4)]
    run()
    assert run({"walks": ["keys", "requests"]})["found"] == {}
    assert len(asked(deployment)) == 3
    again = {"from_the_start": True, "walks": ["decisions"]}
    assert run(again) == {"found": {"DecisionsMended": 3}, "mended": 3, "ended": []}
    assert {who for _, who in asked(deployment)} < set(lost)


def test_run_that_could_not_publish_begins_with_the_same_page(deployment: Deployment) -> None:
    who = forgotten(deployment, "issuer-roll")
    deployment.aws.fail("events", "PutEvents", "ThrottlingException")
    with pytest.raises(PublishFailed):
        run()
    deployment.aws.mend("events", "PutEvents")
    assert run()["mended"] == 1
    # Once refused, once accepted.
    assert asked(deployment) == [("RevalidationDue", who.id)] * 2


PLANTED: list[tuple[str, dict[str, Any]]] = [
    ("decisions", {"id": {"S": UNKNOWN}, "restriction": {"N": "1"}}),
    ("decisions", {"id": {"S": "Marked Fullname"}, "erased_at": {"S": LONG_AGO}}),
    ("decisions", {"id": {"S": UNKNOWN}, "erased_at": {"S": "marked"}}),
    ("decisions", {"id": {"S": UNKNOWN}, "erased_at": {"S": "2026-01-01T00:00:00"}}),
    ("vault", {"id": {"S": UNKNOWN}, "revision": {"S": "marked"}}),
    ("subject-keys", {"id": {"S": UNKNOWN}, "revision": {"N": "1.5"}}),
    ("request-log", {"id": {"S": UNKNOWN}, "entry": {"S": "open#marked"}, "received": {"S": "x"}}),
]


@pytest.mark.parametrize(("table", "row"), PLANTED)
def test_row_that_cannot_be_read_is_counted_and_passed_over(
    deployment: Deployment, log_lines: LogLines, table: str, row: dict[str, Any]
) -> None:
    clients.dynamodb().put_item(TableName=table, Item=row)
    who = forgotten(deployment, "issuer-roll")
    log_lines()
    assert run()["found"] == {"DecisionsMended": 1, "BeyondMending": 1}
    (line,) = log_lines()
    outcomes = {record["outcome"]: record["id"] for record in line["records"]}
    assert outcomes["beyond_mending"] == (UNKNOWN if row["id"]["S"] == UNKNOWN else "none")
    assert_silent(line)
    assert asked(deployment) == [("RevalidationDue", who.id)]


@pytest.mark.parametrize("table", ["vault", "issuer-roll", "joins"])
def test_row_of_somebody_known_that_cannot_be_read_is_counted(
    deployment: Deployment, table: str
) -> None:
    who = citizen(deployment)
    age(who)
    nonsense = {"id": {"S": who.id}, "revision": {"S": "marked"}, "dr": {"S": "marked"}}
    clients.dynamodb().put_item(TableName=table, Item=nonsense)
    assert run({"walks": ["decisions"]})["found"] == {"BeyondMending": 1}


def test_walk_that_fails_stops_no_other_and_fails_the_run(
    deployment: Deployment, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = forgotten(deployment, "decisions")

    def refused(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(DynamoDbOverview, "lives", refused)
    log_lines()
    with pytest.raises(StoreUnavailable):
        run()
    (line,) = log_lines()
    assert line["failed"] == {"decisions": "StoreUnavailable"}
    assert (line["DecisionsMended"], line["Mended"]) == ([1.0], [1.0])
    assert "BeyondMending" not in line
    assert asked(deployment) == [("RevalidationDue", who.id)]
    # Where the others have nothing to count either, the alarm on a missing metric goes off.
    deployment.deliver()
    log_lines()
    with pytest.raises(StoreUnavailable):
        run()
    (line,) = log_lines()
    assert "Mended" not in line


@pytest.mark.parametrize("operation", ["Scan", "GetItem", "PutItem"])
def test_refused_table_fails_the_run(
    deployment: Deployment, log_lines: LogLines, operation: str
) -> None:
    deployment.aws.fail("dynamodb", operation, "AccessDeniedException")
    log_lines()
    with pytest.raises(StoreUnavailable):
        run()
    (line,) = log_lines()
    assert line["outcome"] == "error"
    assert "Mended" not in line
