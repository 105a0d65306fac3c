"""The elections API through the real handlers and adapters, on AWS in this process."""

import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.lab.schemas.generated import api_document
from civic.runtime import clients
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.functions import calendar, counter, election_keys, elections, results
from civic.voting.model.ballot import CommittedBallot
from civic.voting.model.tally import BALLOTS, Counts, ShardTally
from tests.fakes.aws import BUS, Aws
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, http_event, said, sqs_event, wrong_fields
from tests.fakes.voting_elections import draft_document

ROUTES = [route.key for route in elections.ROUTES.routes]
JANE = "arn:aws:iam::123456789012:user/jane"
NONE_SUCH = "nonsuchelect"
ELECTIONS_MD = Path(__file__).resolve().parents[3] / "docs/elections.md"
CHANGES = (
    "PUT /elections/{id}/publication",
    "PUT /elections/{id}/opening",
    "PUT /elections/{id}/suspension",
    "DELETE /elections/{id}/suspension",
    "PUT /elections/{id}/closing",
)
BODIES: dict[str, Any] = {
    "POST /elections": draft_document(),
    "PUT /elections/{id}": draft_document(),
    "POST /elections/{id}/candidates": {"contest": "c1", "text": "Barbara"},
    "PUT /elections/{id}/certification": {"ballots": 0},
    "POST /elections/{id}/clone": {
        "opens_at": "2999-01-01T08:00:00Z",
        "closes_at": "2999-01-01T18:00:00Z",
    },
    "POST /elections/{id}/codes": {"style": "north", "hashes": ["A" * 43 + "="]},
}


@pytest.fixture(autouse=True)
def _deployed(aws: Aws, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    log_lines()
    queues = [clients.sqs().create_queue(QueueName=name)["QueueUrl"] for name in ("votes", "dead")]
    environment = {
        "BUS_NAME": BUS,
        "ELECTIONS_TABLE": "elections",
        "VOTER_CODES_TABLE": "voter-codes",
        "TALLIES_TABLE": "tallies",
        "BALLOTS_TABLE": "ballots",
        "VOTING_KEY_ID": aws.key_id,
        "BALLOT_QUEUE_URL": queues[0],
        "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/own",
        "BALLOT_DLQ_URL": queues[1],
        "SETTLING_SECONDS": "0",
        "RESULTS_BUCKET": "results",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    composed = (
        elections.office,
        calendar.register,
        election_keys.store,
        counter.counter,
        results.election,
        results._settings,
    )
    for one in composed:
        one.cache_clear()
    yield
    for one in composed:
        one.cache_clear()


def soon(**changes: Any) -> dict[str, Any]:
    opens = datetime.now(UTC) + timedelta(hours=1)
    window = {
        "opens_at": opens.isoformat(),
        "closes_at": (opens + timedelta(hours=1)).isoformat(),
    }
    return draft_document(**window | changes)


def ask(
    route: str, body: Any = None, *, on: str | None = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    event = http_event(
        route,
        None if body is None else json.dumps(body),
        path={"id": on} if on else None,
        headers=headers,
    )
    event["requestContext"] = {"authorizer": {"iam": {"userArn": JANE}}}
    return elections.handler(event, None)


def content(response: dict[str, Any], status: int = 200) -> Any:
    assert response["statusCode"] == status, response
    return json.loads(response["body"])


def made(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = content(ask("POST /elections", soon(**changes)), 201)
    return found


def announced() -> str:
    one: str = made()["id"]
    ask("PUT /elections/{id}/publication", on=one)
    return one


def count(election: str, ballots: int) -> None:
    """Set the tally to this many votes for Ada in the north."""
    cells = {("north", BALLOTS, ""): ballots, ("north", "c1", "o2"): ballots}
    tally = ShardTally("0" * 40, 1, Counts(Counter(cells)))
    DynamoDbTallies(clients.dynamodb(), "tallies").write(ElectionId(election), "shard", tally)


def put_into_the_box(election: str, ballots: int) -> None:
    box = DynamoDbBallots(clients.dynamodb(), "ballots")
    for n in range(ballots):
        nullifier = Nullifier(n.to_bytes(32))
        box.cast([CommittedBallot(nullifier, bytes(32), ElectionId(election), b"{}")])


def deliver(aws: Aws, handler: Callable[..., Any], name: str) -> None:
    """Have a consumer handle the last event of a name that was published."""
    *_, entry = (one for one in aws.published if one["DetailType"] == name)
    body = {
        "source": entry["Source"],
        "detail-type": name,
        "detail": json.loads(entry["Detail"]),
    }
    assert failed(handler(sqs_event(json.dumps(body)), None)) == []


def checkpoint(size: int, logged: dict[str, int] | None) -> str:
    at = "2027-01-01T00:00:00Z"
    detail = {"origin": "log", "size": size, "root": "A" * 43 + "=", "at": at, "logged": logged}
    source, name = "civic.log_writer", "CheckpointPublished"
    return json.dumps({"source": source, "detail-type": name, "detail": detail})


def told(aws: Aws) -> list[str]:
    return [entry["DetailType"] for entry in aws.published]


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("route", ROUTES)
def test_request_that_iam_has_not_let_through_is_403(aws: Aws, route: str) -> None:
    body = BODIES.get(route)
    event = http_event(route, body and json.dumps(body), path={"id": NONE_SUCH}, token="token")
    assert said(elections.handler(event, None)) == (403, "not_staff")
    assert told(aws) == []


@pytest.mark.parametrize("route", [route for route in ROUTES if "{id}" in route])
@pytest.mark.parametrize("identifier", [NONE_SUCH, "not an id", "../x"])
def test_unknown_election_is_404(route: str, identifier: str) -> None:
    assert said(ask(route, BODIES.get(route), on=identifier)) == (404, "not_found")


# ------------------------------------------------------------------ a life


def test_election_lives_from_draft_to_certification(aws: Aws) -> None:
    created = ask("POST /elections", soon())
    one = content(created, 201)
    assert created["headers"]["location"] == f"/elections/{one['id']}"
    assert (one["state"], one["revision"]) == ("draft", 1)
    on = one["id"]
    candidate = ask("POST /elections/{id}/candidates", {"contest": "c1", "text": "B"}, on=on)
    assert content(candidate, 201) == {"contest": "c1", "option": "o7", "revision": 2}
    states = [content(ask(route, on=on))["state"] for route in CHANGES]
    assert states == ["published", "open", "suspended", "open", "closed"]
    count(on, 3)
    sealed = ask("PUT /elections/{id}/certification", {"ballots": 3}, on=on)
    assert said(sealed) == (409, "box_not_counted")
    assert content(ask("GET /elections/{id}", on=on))["sealed_at"]
    put_into_the_box(on, 3)
    deliver(aws, counter.handler, "ElectionSealed")
    behind = ask("PUT /elections/{id}/certification", {"ballots": 3}, on=on)
    assert said(behind) == (409, "count_differs")
    assert wrong_fields(behind) == [("log_differs", "/ballots")]
    election_keys.handler(sqs_event(checkpoint(10, {on: 3})), None)
    differing = ask("PUT /elections/{id}/certification", {"ballots": 4}, on=on)
    assert said(differing) == (409, "count_differs")
    everybody = [(f"{one}_differs", "/ballots") for one in ("box", "tally", "log")]
    assert wrong_fields(differing) == everybody
    certified = ask("PUT /elections/{id}/certification", {"ballots": 3}, on=on)
    assert (content(certified)["state"], content(certified)["ballots"]) == ("certified", 3)
    assert content(ask("GET /elections/{id}", on=on)) == content(certified)
    assert told(aws) == [
        "ElectionCreated",
        "CandidateRegistered",
        "ElectionPublished",
        "ElectionOpened",
        "ElectionSuspended",
        "ElectionResumed",
        "ElectionEnded",
        "ElectionSealed",
        "ElectionCertified",
    ]
    (detail,) = [one for one in aws.published if one["DetailType"] == "ElectionCertified"]
    assert json.loads(detail["Detail"])["tally"][0]["contests"]["c1"] == {"o2": 3, "o3": 0, "o7": 0}
    assert {entry["Source"] for entry in aws.published} == {"civic.elections"}
    assert all("unannounced" not in item for item in aws.items("elections"))


def test_announced_digest_can_be_computed_from_what_is_shown(aws: Aws) -> None:
    """By the documented lines, from either API's answer: one omits what is null in the other."""
    one = announced()
    (event,) = (entry for entry in aws.published if entry["DetailType"] == "ElectionPublished")
    digest = base64.urlsafe_b64decode(json.loads(event["Detail"])["definition"]).hex()
    (lines,) = re.findall(r"```python\n(.*?)```", ELECTIONS_MD.read_text("utf-8"), re.DOTALL)
    public = results.handler(http_event("GET /elections/{id}", path={"id": one}), None)
    for shown in (ask("GET /elections/{id}", on=one), public):
        script = [sys.executable, "-c", lines]
        ran = subprocess.run(  # noqa: S603 - our own documentation
            script, input=shown["body"], capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == digest


def test_numbers_are_bounded() -> None:
    contests = [{"title": "Party", "max": 2**60, "order": 2**60, "write_ins": True}]
    response = ask("POST /elections", soon(contests=contests, styles=[]))
    assert said(response) == (422, "invalid_fields")
    assert {pointer for _, pointer in wrong_fields(response)} == {
        "/contests/0/max",
        "/contests/0/order",
    }


def test_what_is_shown_can_be_sent_back(aws: Aws) -> None:
    one = made(openings="public")
    fields = ("revision", "title", "time_zone", "opens_at", "closes_at", "contests", "styles")
    document = {name: one[name] for name in (*fields, "openings")}
    after = content(ask("PUT /elections/{id}", document, on=one["id"]))
    assert after == one | {"revision": 2}
    again = ask("PUT /elections/{id}", document, on=one["id"])
    assert said(again) == (409, "election_moved")
    assert told(aws)[1:] == ["ElectionUpdated"]


def test_day_and_closing_of_the_roll_are_shown() -> None:
    opens = datetime.now(UTC) + timedelta(hours=1)
    day = (opens + timedelta(days=3)).date().isoformat()
    days = {"day": day, "roll_closes_at": "2020-12-01T00:00:00Z"}
    one = made(**days)
    assert {name: one[name] for name in days} == days
    listed = content(ask("GET /elections"))["elections"]
    assert {name: listed[0][name] for name in days} == days
    ask("PUT /elections/{id}/publication", on=one["id"])
    public = results.handler(http_event("GET /elections/{id}", path={"id": one["id"]}), None)
    assert {name: content(public)[name] for name in days} == days
    fault = ask("POST /elections", soon(roll_closes_at="2999-01-01T18:00:00Z"))
    assert wrong_fields(fault) == [("not_before_closing", "/roll_closes_at")]


def test_creation_repeated_under_its_key_is_one_election() -> None:
    headers, body = {"idempotency-key": "0b9f2f3a-6a0e-4f0c"}, soon()
    first, second = (ask("POST /elections", body, headers=headers) for _ in range(2))
    assert content(first, 201) == content(second, 201)
    assert len(content(ask("GET /elections"))["elections"]) == 1
    refused = ask("POST /elections", body, headers={"idempotency-key": "short"})
    assert said(refused) == (400, "invalid_idempotency_key")


def test_clone_and_deletion() -> None:
    one = announced()
    copy = content(
        ask("POST /elections/{id}/clone", BODIES["POST /elections/{id}/clone"], on=one), 201
    )
    assert (copy["state"], copy["opens_at"]) == ("draft", "2999-01-01T08:00:00Z")
    gone = ask("DELETE /elections/{id}", on=copy["id"])
    assert (gone["statusCode"], "body" in gone) == (204, False)
    assert said(ask("GET /elections/{id}", on=copy["id"])) == (404, "not_found")
    assert said(ask("DELETE /elections/{id}", on=one)) == (409, "not_now")
    listed = content(ask("GET /elections"))["elections"]
    assert [(each["id"], each["state"]) for each in listed] == [(one, "published")]


def test_every_fault_is_told_with_its_place() -> None:
    response = ask("POST /elections", soon(time_zone="Mars"))
    assert said(response) == (422, "bad_definition")
    assert wrong_fields(response) == [("unknown_time_zone", "/time_zone")]
    assert "Mars" not in response["body"]
    response = ask("POST /elections", soon(opens_at=0, styles=[{"id": "N!"}]))
    assert said(response) == (422, "invalid_fields")
    assert ("not_a_time", "/opens_at") in wrong_fields(response)
    assert ("wrong_form", "/styles/0/id") in wrong_fields(response)


def test_large_draft_is_taken_and_one_too_large_is_not() -> None:
    options = [{"text": f"Option {n}", "description": "x" * 1500} for n in range(150)]
    contests = [{"title": "Party", "options": options}]
    assert made(contests=contests, styles=[])["revision"] == 1
    longer = [{"title": "Party", "options": options * 3}]
    assert said(ask("POST /elections", soon(contests=longer))) == (413, "body_too_large")


# ------------------------------------------------------------------ certification


@pytest.mark.parametrize("queue", ["BALLOT_QUEUE_URL", "BALLOT_DLQ_URL"])
def test_nothing_is_certified_while_ballots_wait(queue: str) -> None:
    one = announced()
    for step in ("opening", "closing"):
        ask(f"PUT /elections/{{id}}/{step}", on=one)
    url = os.environ[queue]
    clients.sqs().send_message(QueueUrl=url, MessageBody="ballot")
    refused = ask("PUT /elections/{id}/certification", {"ballots": 3}, on=one)
    assert said(refused) == (409, "ballots_waiting")
    # A ballot in flight is not counted either.
    clients.sqs().receive_message(QueueUrl=url)
    refused = ask("PUT /elections/{id}/certification", {"ballots": 3}, on=one)
    assert said(refused) == (409, "ballots_waiting")


# ------------------------------------------------------------------ codes


def hashes(count: int) -> list[str]:
    return [base64.urlsafe_b64encode(n.to_bytes(32)).decode() for n in range(count)]


def test_codes_are_stored_with_their_style_and_nothing_else(aws: Aws) -> None:
    one = announced()
    body = {"style": "north", "hashes": hashes(3)}
    for _ in range(2):
        assert content(ask("POST /elections/{id}/codes", body, on=one)) == {"stored": 3}
    items = aws.items("voter-codes")
    assert sorted(item["code"]["B"] for item in items) == [n.to_bytes(32) for n in range(3)]
    assert all(
        (set(item), item["election"], item["style"])
        == ({"code", "election", "style"}, {"S": one}, {"S": "north"})
        for item in items
    )
    other = ask("POST /elections/{id}/codes", body | {"style": "south"}, on=one)
    assert said(other) == (409, "code_taken")


@pytest.mark.parametrize(
    "wrong", [[], hashes(501), ["AAAA"], ["A" * 44], ["!" * 43], [5], hashes(1) * 0]
)
def test_what_are_no_hashes_are_not_stored(aws: Aws, wrong: list[Any]) -> None:
    one = announced()
    body = {"style": "north", "hashes": wrong}
    assert said(ask("POST /elections/{id}/codes", body, on=one)) == (422, "invalid_fields")
    assert aws.items("voter-codes") == []


# ------------------------------------------------------------------ calendar and keys


def test_calendar_opens_what_is_due(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    one = announced()
    assert calendar.handler({}, None) == {"moved": 0, "announced": 0}
    monkeypatch.setattr(clients, "now", lambda: datetime.now(UTC) + timedelta(minutes=90))
    calendar.register.cache_clear()
    assert calendar.handler({}, None) == {"moved": 1, "announced": 0}
    assert told(aws)[-1] == "ElectionOpened"
    assert content(ask("GET /elections/{id}", on=one))["state"] == "open"


def keys_published(election: str, **keys: bytes) -> str:
    pairs = [
        {"style": style, "public_key": base64.urlsafe_b64encode(key).decode()}
        for style, key in keys.items()
    ]
    return json.dumps(
        {
            "source": "civic.credential_roll",
            "detail-type": "CredentialKeysPublished",
            "detail": {"version": 1, "election": election, "keys": pairs},
        }
    )


def test_published_keys_are_kept_and_shown(aws: Aws) -> None:
    one = announced()
    batch = sqs_event(keys_published(one, south=b"key-1", north=b"key-2"), "nonsense")
    assert failed(election_keys.handler(batch, None)) == ["m1"]
    again = sqs_event(keys_published(one, south=b"another"))
    assert failed(election_keys.handler(again, None)) == []
    assert content(ask("GET /elections/{id}", on=one))["keys"] == ["north", "south"]
    kept = {item["part"]["S"]: item for item in aws.items("elections")}
    assert kept["key#south"]["public_key"]["B"] == b"key-1"


def test_other_event_is_refused() -> None:
    other = {
        "source": "civic.elections",
        "detail-type": "ElectionCreated",
        "detail": {
            "version": 1,
            "election": NONE_SUCH,
            "revision": 1,
            "at": "2027-01-01T00:00:00Z",
        },
    }
    assert failed(election_keys.handler(sqs_event(json.dumps(other)), None)) == ["m0"]


# ------------------------------------------------------------------ the description


def test_description_has_every_route_with_its_answers() -> None:
    committed = json.loads(
        resources.files("civic.voting").joinpath("elections-openapi.json").read_text()
    )
    assert committed == api_document("voting", "StaffApi")
    described = {
        f"{method.upper()} {path}": operation["responses"]
        for path, operations in committed["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    assert set(described) == set(ROUTES)
    for route, responses in described.items():
        assert {"403", "500", "503"} <= set(responses)
        assert ("404" in responses) == ("{id}" in route)
        assert ("413" in responses) == (route in BODIES)


# ------------------------------------------------------------------ errors and the log


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("dynamodb", "Query"),
        ("dynamodb", "PutItem"),
        ("dynamodb", "UpdateItem"),
        ("events", "PutEvents"),
    ],
)
def test_what_aws_refuses_is_503_and_can_be_repeated(
    aws: Aws, service: str, operation: str
) -> None:
    one = made()["id"]
    aws.fail(service, operation, "ThrottlingException")
    refused = ask("PUT /elections/{id}/publication", on=one)
    assert said(refused) == (503, "temporarily_unavailable")
    assert refused["headers"]["retry-after"]
    aws.mend(service, operation)
    assert content(ask("PUT /elections/{id}/publication", on=one))["state"] == "published"
    assert "ElectionPublished" in told(aws)


def test_log_names_the_election_and_no_member_of_staff(log_lines: LogLines) -> None:
    one = announced()
    created, published = log_lines()
    assert (created["id"], published["id"]) == (one, one)
    assert created["staff"] == published["staff"]
    assert JANE not in json.dumps([created, published])
    assert "Council" not in json.dumps([created, published])
