"""GET /votes and GET /elections: from the snapshot, cacheable, filtered, and as CSV."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from civic.runtime import clients
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.functions import press, processor, results, tally
from civic.voting.model.election import State
from tests.fakes.aws import Aws
from tests.fakes.ballots import ELECTION, NORTH, OTHER, SOUTH, credential
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said, sqs_event
from tests.fakes.station import Station, credential_body, forget, open_now, station


@pytest.fixture
def polls(aws: Aws, log_lines: LogLines) -> Iterator[Station]:
    with station(aws) as opened:
        log_lines()
        yield opened


@pytest.fixture
def published(polls: Station) -> Station:
    """Count a vote in each style and publish the results."""
    for number, style in enumerate((NORTH, SOUTH)):
        selections = {"c1": ["o1"]} | ({"c2": ["o4"]} if style == NORTH else {})
        sent = {"credential": credential_body(credential(number, style)), "selections": selections}
        assert polls.vote(sent)["statusCode"] == 201
    processor.handler(sqs_event(*polls.waiting()), None)
    tally.handler(polls.arrivals(), None)
    press.handler(sqs_event(*polls.asked()), None)
    return polls


def ask(route: str = "GET /votes", **query: str) -> dict[str, Any]:
    tag = query.pop("tag", None)
    event = http_event(route, headers={"if-none-match": tag} if tag else None)
    event["queryStringParameters"] = query or None
    return results.handler(event, None)


def shown(**query: str) -> dict[str, Any]:
    response = ask(**query)
    assert response["statusCode"] == 200, response
    document: dict[str, Any] = json.loads(response["body"])
    return document


@pytest.mark.usefixtures("published")
def test_results_have_the_older_form_and_the_whole() -> None:
    found = shown()
    assert (found["success"], found["estimate"], found["ballots"]) == (True, True, 2)
    north = next(one for one in found["results"] if one["state"] == "North")
    assert north["total_count"] == 1
    assert {"candidate": "Ada", "count": 1, "percentage": 100.0} in north["results"]
    assert {style["id"]: style["ballots"] for style in found["styles"]} == {NORTH: 1, SOUTH: 1}


@pytest.mark.usefixtures("published")
def test_results_are_asked_for_by_election_area_and_option() -> None:
    assert shown(election=ELECTION) == shown()
    south = shown(area="S1", option="o1")
    assert [one["state"] for one in south["results"]] == ["South"]
    assert (south["ballots"], len(south["contests"][0]["options"])) == (1, 1)
    assert said(ask(election=OTHER)) == (404, "no_results")


@pytest.mark.usefixtures("published")
def test_results_come_as_csv() -> None:
    response = ask(format="csv", area="S1")
    assert response["headers"]["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(response["body"])))
    assert [(line["style"], line["text"], line["count"]) for line in lines] == [
        ("south", "Ada", "1"),
        ("south", "Grace", "0"),
    ]
    assert said(ask(format="xml")) == (400, "unknown_format")


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_who_has_the_newest_results_is_sent_none(form: str) -> None:
    tag = ask()["headers"]["etag"]
    again = ask(tag=form.format(tag=tag))
    assert (again["statusCode"], again["body"], again["headers"]["etag"]) == (304, "", tag)
    assert ask(tag='"other"')["statusCode"] == 200
    assert ask(tag=tag, area="S1")["statusCode"] == 200


def test_tag_changes_with_the_results(published: Station) -> None:
    before = ask()["headers"]
    published.become(state=State.CERTIFIED)
    press.handler(sqs_event(json.dumps({"detail": {"election": ELECTION}})), None)
    forget()
    after = ask(tag=before["etag"])
    assert (after["statusCode"], json.loads(after["body"])["estimate"]) == (200, False)
    assert before["cache-control"] == "public, max-age=1"


def test_viewers_cost_one_read_a_second_and_no_table_is_read(
    published: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.aws.requests.clear()
    begin, moment = datetime.now(UTC), timedelta(0)
    monkeypatch.setattr(clients, "now", lambda: begin + moment)
    for _ in range(5):
        shown()
    assert [name for name, _ in published.aws.requests] == ["GetObject"]
    moment = timedelta(seconds=1)
    shown()
    assert [name for name, _ in published.aws.requests] == ["GetObject"] * 2


@pytest.mark.usefixtures("polls")
def test_before_the_first_snapshot_there_are_no_results() -> None:
    assert said(ask()) == (404, "no_results")


def test_store_that_does_not_answer_is_503(published: Station) -> None:
    published.aws.fail("s3", "GetObject", "SlowDown")
    assert said(ask()) == (503, "unavailable")


@pytest.mark.usefixtures("polls")
def test_elections_are_shown_with_the_keys_of_their_credentials() -> None:
    assert json.loads(ask("GET /elections")["body"]) == {"elections": [ELECTION]}
    event = http_event("GET /elections/{id}", path={"id": ELECTION})
    one = json.loads(results.handler(event, None)["body"])
    assert (one["id"], one["state"], {*one["keys"]}) == (ELECTION, "open", {NORTH, SOUTH})
    other = http_event("GET /elections/{id}", path={"id": OTHER})
    assert said(results.handler(other, None)) == (404, "unknown")


@pytest.mark.parametrize(
    ("route", "read"), [("GET /elections", "Scan"), ("GET /elections/{id}", "Query")]
)
def test_elections_cost_one_read_a_second_however_many_there_are(
    polls: Station, monkeypatch: pytest.MonkeyPatch, route: str, read: str
) -> None:
    store = DynamoDbElections(clients.dynamodb(), "elections")
    store.create(open_now(OTHER), b"sealed")
    begin, moment = datetime.now(UTC), timedelta(0)
    monkeypatch.setattr(clients, "now", lambda: begin + moment)
    polls.aws.requests.clear()
    event = http_event(route, path={"id": ELECTION})
    for _ in range(5):
        assert results.handler(event, None)["statusCode"] == 200
    assert [name for name, _ in polls.aws.requests] == [read]
    moment = timedelta(seconds=1)
    results.handler(event, None)
    assert [name for name, _ in polls.aws.requests] == [read] * 2


@pytest.mark.parametrize("id_", ["x", "../secret", "0" * 13])
def test_what_is_no_id_is_not_looked_up(polls: Station, id_: str) -> None:
    polls.aws.requests.clear()
    assert said(results.handler(http_event("GET /elections/{id}", path={"id": id_}), None)) == (
        404,
        "unknown",
    )
    assert polls.aws.requests == []


def test_draft_is_not_shown(polls: Station) -> None:
    polls.become(state=State.DRAFT)
    assert json.loads(ask("GET /elections")["body"]) == {"elections": []}
    event = http_event("GET /elections/{id}", path={"id": ELECTION})
    assert said(results.handler(event, None)) == (404, "unknown")
