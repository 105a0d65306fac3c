"""The same as `test_election_crashes`, for every AWS call of the real functions.

Some calls of a port are two of AWS: an election's secret and its definition, or several codes.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from civic.voting.functions import calendar, elections
from tests.fakes.aws import BUS, Aws
from tests.fakes.faults import Crash
from tests.fakes.fixtures import aws
from tests.fakes.lambda_events import http_event
from tests.fakes.voting_elections import draft_document

__all__ = ["aws"]

AFTER_ALL = 23
"""One more than the calls that the life below makes."""
FAR = {"opens_at": "2999-01-01T08:00:00Z", "closes_at": "2999-01-01T18:00:00Z"}
HASHES = ["A" * 43 + "=", "E" + "A" * 42 + "="]


@pytest.fixture(autouse=True)
def _deployed(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    environment = {
        "BUS_NAME": BUS,
        "ELECTIONS_TABLE": "elections",
        "VOTER_CODES_TABLE": "voter-codes",
        "TALLIES_TABLE": "tallies",
        "VOTING_KEY_ID": aws.key_id,
        "BALLOT_QUEUE_URL": "none",
        "QUEUE_URL": "none",
        "BALLOT_DLQ_URL": "none",
        "SETTLING_SECONDS": "0",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    elections.office.cache_clear()
    calendar.register.cache_clear()
    yield
    elections.office.cache_clear()
    calendar.register.cache_clear()


class Dying:
    """Makes the function crash before or after one of its AWS calls."""

    def __init__(self, aws: Aws, number: int, hook: str) -> None:
        self.left = number
        for service in ("dynamodb", "events", "kms"):
            aws.hook(service, f"{hook}.{service}", self._count)

    def _count(self, **_call: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


def ask(route: str, body: Any = None, on: str | None = None) -> dict[str, Any]:
    """Repeat a request until it is answered."""
    event = http_event(
        route,
        None if body is None else json.dumps(body),
        path={"id": on} if on else None,
        headers={"idempotency-key": "0b9f2f3a-6a0e-4f0c"},
    )
    event["requestContext"] = {"authorizer": {"iam": {"userArn": "arn:aws:iam::1:user/jane"}}}
    try:
        response = elections.handler(event, None)
    except Crash:
        response = elections.handler(event, None)
    body = json.loads(response.get("body", "{}"))
    return {"status": response["statusCode"], **body}


def live() -> tuple[str, str]:
    one: str = ask("POST /elections", draft_document(**FAR))["id"]
    assert ask("PUT /elections/{id}/publication", on=one)["state"] == "published"
    codes = {"style": "north", "hashes": HASHES}
    assert ask("POST /elections/{id}/codes", codes, on=one)["stored"] == 2
    other: str = ask("POST /elections/{id}/clone", FAR, on=one)["id"]
    assert ask("DELETE /elections/{id}", on=other)["status"] in {204, 404}
    return one, other


@pytest.mark.parametrize("hook", ["before-call", "after-call"])
@pytest.mark.parametrize("number", [*range(1, AFTER_ALL + 1)])
def test_function_may_die_at_any_call(aws: Aws, number: int, hook: str) -> None:
    dying = Dying(aws, number, hook)
    one, other = live()
    assert (dying.left > 0) == (number == AFTER_ALL), "not every call was tried"
    dying.left = 0
    calendar.handler({}, None)
    told = [(entry["DetailType"], json.loads(entry["Detail"])) for entry in aws.published]
    heard = {(name, detail["election"], detail["revision"]) for name, detail in told}
    assert heard == {
        ("ElectionCreated", one, 1),
        ("ElectionPublished", one, 2),
        ("ElectionCreated", other, 1),
        ("ElectionDeleted", other, 2),
    }
    items = aws.items("elections")
    assert {(item["id"]["S"], item["part"]["S"]) for item in items} == {
        (one, "definition"),
        (one, "secret"),
        (other, "secret"),
    }
    assert all("unannounced" not in item for item in items)
    assert len(aws.items("voter-codes")) == 2
