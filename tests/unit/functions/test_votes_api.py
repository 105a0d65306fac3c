"""POST /votes and GET /health through the real handler and adapters: answers and log lines."""

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from civic.runtime import clients
from civic.voting.adapters.ballot_queue_sqs import read_body
from civic.voting.functions import enqueuer, processor
from civic.voting.model.election import State
from civic.voting.model.sealing import unseal
from tests.fakes.aws import Aws
from tests.fakes.ballots import NORTH, OTHER, SOUTH, credential
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, http_event, said, sqs_event, wrong_fields
from tests.fakes.station import Station, credential_body, station

MAYOR = {"c1": ["o1"]}
VOTED = credential(1, SOUTH)


@pytest.fixture
def polls(aws: Aws, log_lines: LogLines) -> Iterator[Station]:
    with station(aws) as opened:
        log_lines()
        yield opened


def by_device(**changes: Any) -> dict[str, Any]:
    return {"credential": credential_body(VOTED), "selections": MAYOR} | changes


def taken(response: dict[str, Any]) -> bytes:
    assert response["statusCode"] == 201, response
    return urlsafe_b64decode(json.loads(response["body"])["receipt"] + "=")


def counted(polls: Station) -> None:
    assert failed(processor.handler(sqs_event(*polls.waiting()), None)) == []


# ------------------------------------------------------------------ taken


def test_vote_is_taken_with_a_receipt(polls: Station) -> None:
    response = polls.vote(by_device())
    body = json.loads(response["body"])
    assert (response["statusCode"], body.keys()) == (201, {"success", "message", "receipt"})
    assert (body["success"], response["headers"]["cache-control"]) == (True, "no-store")
    ((election, sealed),) = map(read_body, polls.waiting())
    made = unseal(election, sealed, polls.keys().seal)
    assert (made.nullifier, made.receipt) == (VOTED.nullifier, taken(response))


@pytest.mark.parametrize("candidate", ["o2", "Grace"])
def test_older_form_works_too(polls: Station, candidate: str) -> None:
    code = polls.post()
    old = taken(polls.vote({"id": code, "candidate": candidate}))
    assert old == taken(polls.vote({"id": code, "selections": {"c1": ["o2"]}}))


def test_retry_has_the_same_receipt_and_is_one_vote(polls: Station) -> None:
    assert taken(polls.vote(by_device())) == taken(polls.vote(by_device()))
    counted(polls)
    assert len(polls.aws.items("ballots")) == 1


# ------------------------------------------------------------------ refused


def refusals(polls: Station) -> dict[str, tuple[dict[str, Any], tuple[int, str]]]:
    sent = credential_body(VOTED)
    code = polls.post()
    return {
        "a forged signature": (
            by_device(credential=sent | {"signature": "A" * 512}),
            (404, "unknown"),
        ),
        "another style's key": (by_device(credential=sent | {"style": NORTH}), (404, "unknown")),
        "no such election": (by_device(credential=sent | {"election": OTHER}), (404, "unknown")),
        "no such code": ({"id": "163uc-3NQXD-Wgfgg", "candidate": "o1"}, (404, "mistyped")),
        "a mistyped code": ({"id": code[:-1] + "?", "candidate": "o1"}, (404, "mistyped")),
        "a code elsewhere": (
            {"id": code, "election": OTHER, "candidate": "o1"},
            (404, "unknown"),
        ),
        "nobody": ({"id": code, "candidate": "Nobody"}, (422, "invalid_ballot")),
        "no option": (by_device(selections={"c1": ["o9"]}), (422, "invalid_ballot")),
        "neither": ({"selections": MAYOR}, (422, "invalid_fields")),
        "both": (by_device(id=code), (422, "invalid_fields")),
        "two forms": (by_device(candidate="o1"), (422, "invalid_fields")),
        "a number": (by_device(selections={"c1": [1]}), (422, "invalid_fields")),
        "odd base64": (by_device(credential=sent | {"token": "A"}), (422, "invalid_fields")),
        "more": (by_device(name="Ada"), (422, "invalid_fields")),
    }


def test_what_is_no_vote_is_refused_and_nothing_is_sent(polls: Station) -> None:
    for name, (body, expected) in refusals(polls).items():
        response = polls.vote(body)
        assert said(response) == expected, name
    assert polls.waiting() == []


def test_refusals_tell_the_older_site_too(polls: Station) -> None:
    body = json.loads(polls.vote({"id": "x", "candidate": "o1"})["body"])
    assert (body["success"], body["message"]) == (False, body["title"])


def test_valid_code_that_was_not_posted_is_unknown_not_mistyped(polls: Station) -> None:
    code = polls.post()
    for item in polls.aws.items("voter-codes"):
        clients.dynamodb().delete_item(TableName="voter-codes", Key={"code": item["code"]})
    assert said(polls.vote({"id": code, "candidate": "o1"})) == (404, "unknown")


@pytest.mark.parametrize(
    ("style", "selections", "faults"),
    [
        (SOUTH, {"c1": ["o9"]}, [("unknown_option", "/selections/c1")]),
        (SOUTH, {"c1": ["o3"]}, [("wrong_style", "/selections/c1")]),
        (SOUTH, {"c1": ["o1", "o2"]}, [("too_many", "/selections/c1")]),
        (NORTH, {"c1": ["o1"]}, [("too_few", "/selections/c2")]),
        (SOUTH, {"secret": ["o1"]}, [("unknown_contest", "/selections")]),
    ],
)
def test_invalid_ballot_names_every_place_and_repeats_nothing(
    polls: Station, style: Any, selections: Any, faults: list[tuple[str, str]]
) -> None:
    sent = credential_body(credential(3, style))
    response = polls.vote({"credential": sent, "selections": selections})
    assert (said(response), wrong_fields(response)) == ((422, "invalid_ballot"), faults)
    assert "secret" not in response["body"]


def test_unknown_candidate_does_not_burn_the_voter(polls: Station) -> None:
    code = polls.post()
    assert said(polls.vote({"id": code, "candidate": "Nobody"}))[0] == 422
    assert taken(polls.vote({"id": code, "candidate": "Ada"}))


def test_second_vote_is_409(polls: Station) -> None:
    taken(polls.vote(by_device()))
    counted(polls)
    again = polls.vote(by_device(selections={"c1": ["o2"]}))
    assert said(again) == (409, "already_voted")
    assert polls.waiting() == []


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "opens", "closes", "code"),
    [
        (State.PUBLISHED, HOUR, 2 * HOUR, "not_open_yet"),
        (State.PUBLISHED, -2 * HOUR, -HOUR, "closed"),
        (State.SUSPENDED, -HOUR, HOUR, "suspended"),
        (State.CLOSED, -HOUR, HOUR, "closed"),
        (State.CERTIFIED, -HOUR, HOUR, "closed"),
    ],
)
def test_outside_the_window_is_403(
    polls: Station, state: State, opens: timedelta, closes: timedelta, code: str
) -> None:
    now = datetime.now(UTC)
    polls.become(state=state, opens_at=now + opens, closes_at=now + closes)
    assert said(polls.vote(by_device())) == (403, code)
    assert polls.waiting() == []


# ------------------------------------------------------------------ when AWS does not answer


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sqs", "SendMessage"),
        ("dynamodb", "GetItem"),
        ("dynamodb", "Query"),
        ("kms", "Decrypt"),
    ],
)
def test_what_aws_refuses_is_503_with_nothing_sent(
    polls: Station, service: str, operation: str
) -> None:
    polls.aws.fail(service, operation, "ThrottlingException")
    refused = polls.vote(by_device())
    assert said(refused) == (503, "unavailable")
    assert refused["headers"]["retry-after"] == "2"
    polls.aws.mend(service, operation)
    assert polls.waiting() == []
    assert taken(polls.vote(by_device()))


def test_vote_whose_taking_was_not_heard_of_is_sent_again_and_counts_once(
    polls: Station,
) -> None:
    def deaf(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="http://x")

    with heard_by(polls.aws, deaf):
        unheard = polls.vote(by_device())
    assert said(unheard) == (503, "unavailable")
    assert "nothing" not in unheard["body"]
    first = polls.waiting()
    assert len(first) == 1
    taken(polls.vote(by_device()))
    assert failed(processor.handler(sqs_event(*first, *polls.waiting()), None)) == []
    assert len(polls.aws.items("ballots")) == 1


@contextmanager
def heard_by(aws: Aws, listener: Callable[..., None]) -> Iterator[None]:
    """Call something with every answer of the queue before the function gets it."""
    event, events = "after-call.sqs.SendMessage", clients.sqs().meta.events
    aws.hook("sqs", event, listener)
    yield
    events.unregister(event, listener)


@pytest.mark.usefixtures("polls")
def test_health_is_well_when_table_and_queue_answer() -> None:
    response = enqueuer.handler(http_event("GET /health"), None)
    assert json.loads(response["body"]) == {"status": "ok", "table": True, "queue": True}
    assert response["statusCode"] == 200


@pytest.mark.parametrize(
    ("service", "operation", "part"),
    [("dynamodb", "GetItem", "table"), ("sqs", "GetQueueAttributes", "queue")],
)
def test_health_says_what_does_not_answer(
    polls: Station, service: str, operation: str, part: str
) -> None:
    polls.aws.fail(service, operation, "AccessDeniedException")
    response = enqueuer.handler(http_event("GET /health"), None)
    expected = {"status": "unavailable", "table": True, "queue": True} | {part: False}
    assert (response["statusCode"], json.loads(response["body"])) == (503, expected)


# ------------------------------------------------------------------ what is kept of it


TRACE = "5ad0" * 8


def test_browsers_question_before_a_vote_leaves_no_line(log_lines: LogLines) -> None:
    event = http_event("ANY /votes") | {"requestContext": {"http": {"method": "OPTIONS"}}}
    assert enqueuer.handler(event, None)["statusCode"] == 204
    assert log_lines() == []


def test_trace_of_the_caller_is_not_taken_up(polls: Station, log_lines: LogLines) -> None:
    for body in (by_device(), {"id": "x", "candidate": "o1"}):
        answer = polls.vote(body, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
        assert TRACE not in json.dumps([answer, log_lines()])


def test_accepted_vote_leaves_no_log_line_and_a_refused_one_no_word_of_it(
    polls: Station, log_lines: LogLines
) -> None:
    code = polls.post()
    receipts = [
        taken(polls.vote(by_device())),
        taken(polls.vote({"id": code, "candidate": "Grace"})),
    ]
    polls.vote({"id": code, "candidate": "Nobody"})
    polls.vote(by_device(selections={"c1": ["o9"]}))
    counted(polls)
    polls.vote(by_device())
    lines = log_lines()
    assert [line["status"] for line in lines if "status" in line] == [422, 422, 409]
    (batch,) = (line for line in lines if "already" in line)
    assert (batch["messages"], batch["failed"], batch["already"]) == (2, 0, 0)
    texts = json.dumps(lines)
    nullifiers = [bytes(item["nullifier"]["B"]) for item in polls.aws.items("ballots")]
    hashes = [bytes(item["code"]["B"]) for item in polls.aws.items("voter-codes")]
    secrets = [*receipts, *nullifiers, *hashes, VOTED.token, VOTED.signature, code.encode()]
    for secret in secrets:
        for form in _forms(secret):
            assert form not in texts
    for choice in ("Grace", "Nobody", "o1", "o2", "o9", "c1", "south"):
        assert f'"{choice}"' not in texts


def _forms(secret: bytes) -> list[str]:
    encoded = b64encode(secret).decode().rstrip("="), urlsafe_b64encode(secret).decode().rstrip("=")
    return [secret.hex(), repr(secret)[2:-1], *encoded]


def test_credential_of_two_styles_is_one_voter(polls: Station) -> None:
    north = credential(1, NORTH)
    selections = {"c1": ["o2"], "c2": ["o4"]}
    taken(polls.vote(by_device()))
    taken(polls.vote({"credential": credential_body(north), "selections": selections}))
    counted(polls)
    assert len(polls.aws.items("ballots")) == 1
