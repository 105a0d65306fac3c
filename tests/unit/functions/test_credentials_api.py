"""Credentials over HTTP, through the real handlers and adapters: answers, refusals, log lines."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from civic.client.blinding import SignerKey, finalize, verifies
from civic.contracts import base64url
from civic.identity.functions import credential_issuer
from civic.identity.model.credentials import request_digest
from civic.identity.model.keys import digest_of
from civic.runtime import clients
from tests.fakes.deployment import Deployment, Response
from tests.fakes.elections import (
    ELECTION,
    OTHER,
    STYLE,
    blinded_for,
    credential_request,
    ended,
    published,
)
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said
from tests.fakes.office import (
    ACCEPTABLE,
    ANOTHER,
    HOPELESS,
    Citizen,
    assert_silent,
    citizen,
    content,
    staff,
)
from tests.fakes.people import UNKNOWN

ROUTES = [route.key.replace("/registrations/{id}", "") for route in credential_issuer.ROUTES.routes]
SOME_BODY = credential_request(b"\x01" * 384)


def announce(deployment: Deployment, *areas: str) -> None:
    """Publish an election, and have its keys made."""
    _put(published(datetime.now(UTC), *areas))
    deployment.deliver()
    assert deployment.failures == []


def _put(event: Any) -> None:
    entry: Any = {
        "EventBusName": "civic-bus",
        "Source": event.sources()[0],
        "DetailType": event.detail_type(),
        "Detail": event.model_dump_json(),
    }
    clients.events().put_events(Entries=[entry])


def voter(deployment: Deployment) -> Citizen:
    who = citizen(deployment)
    announce(deployment, "DE")
    return who


def offer(who: Citizen) -> Any:
    (only,) = content(who.ask("GET /credentials"))["elections"]
    return only


def ask(who: Citizen, message: bytes, **parts: Any) -> Response:
    return who.ask("POST /credentials", credential_request(message), **parts)


def message(who: Citizen) -> bytes:
    return blinded_for(base64url.decode(offer(who)["public_key"]))[1].message


def test_voter_is_told_their_elections(deployment: Deployment) -> None:
    who = voter(deployment)
    told = content(who.ask("GET /credentials"))
    assert told["id"] == who.id
    (only,) = told["elections"]
    assert only.keys() == {"election", "style", "public_key", "opens_at", "closes_at", "issued"}
    assert (only["election"], only["style"], only["issued"]) == (ELECTION, STYLE, False)
    assert only["opens_at"] < only["closes_at"]


def _refusals(deployment: Deployment, areas: tuple[str, ...], **facts: Any) -> tuple[Any, Any]:
    """Return what the offers and a request say of an election; the person is as the roll says."""
    who = citizen(deployment)
    told = facts.pop("told")
    (row,) = deployment.aws.items("issuer-roll")
    clients.dynamodb().put_item(TableName="issuer-roll", Item=row | told)
    _put(published(datetime.now(UTC), *areas).model_copy(update=facts))
    deployment.deliver()
    offers = content(who.ask("GET /credentials"))
    assert offers["elections"] == []
    (listed,) = offers["refused"]
    return listed, ask(who, b"\x01" * 384)


@pytest.mark.parametrize(
    ("code", "told", "facts", "areas", "says"),
    [
        (
            "not_yet_eligible",
            {"eligible_from": {"S": "2027-05-23"}},
            {"day": date(2026, 11, 29)},
            ("DE",),
            {"eligible_from": "2027-05-23", "election_day": "2026-11-29"},
        ),
        (
            "roll_closed",
            {"registered_at": {"S": "2026-11-29T10:00:00+00:00"}},
            {"roll_closes_at": datetime(2026, 11, 1, tzinfo=UTC)},
            ("DE",),
            {"roll_closes_at": "2026-11-01T00:00:00+00:00"},
        ),
        ("area_unsettled", {"areas": {"L": [{"S": "DE"}]}}, {}, ("DE-BE",), {}),
    ],
)
def test_person_who_may_not_vote_is_told_why(
    deployment: Deployment,
    code: str,
    told: dict[str, Any],
    facts: dict[str, Any],
    areas: tuple[str, ...],
    says: dict[str, str],
) -> None:
    listed, answer = _refusals(deployment, areas, told=told, **facts)
    refused = content(answer)
    assert (answer["statusCode"], refused["code"]) == (403, code)
    assert (listed["election"], listed["code"]) == (ELECTION, code)
    assert listed["title"] == refused["title"]
    assert {name: refused[name] for name in says} == says
    assert {name: listed[name][:10] for name in says} == {name: says[name][:10] for name in says}


def test_answer_becomes_a_credential(deployment: Deployment) -> None:
    who = voter(deployment)
    public = base64url.decode(offer(who)["public_key"])
    prepared, blinded = blinded_for(public)
    answer = ask(who, blinded.message)
    assert answer["statusCode"] == 200
    told = content(answer)
    assert (told["election"], told["style"]) == (ELECTION, STYLE)
    key = SignerKey.parse(public)
    signed = base64url.decode(told["blind_signature"])
    assert verifies(key, prepared, finalize(key, prepared, signed, blinded.inverse))
    assert offer(who)["issued"]


def test_same_message_is_signed_again_and_another_is_409(deployment: Deployment) -> None:
    who = voter(deployment)
    first = message(who)
    answers = [content(ask(who, first)) for _ in range(2)]
    assert answers[0] == answers[1]
    assert said(ask(who, message(who))) == (409, "already_issued")


def test_roll_shows_its_entry_and_what_was_issued(deployment: Deployment) -> None:
    who = voter(deployment)
    before = content(who.ask("GET /roll"))
    assert before["id"] == who.id
    assert (before["on_the_roll"], before["revision"], before["round"]) == (True, 1, 0)
    assert before["areas"][-1] == "DE"
    assert before["registered_at"]
    assert before["credentials"] == []
    assert "eligible_from" not in before
    mine = message(who)
    ask(who, mine)
    digest = base64url.encode(request_digest(STYLE, mine))
    issued = {"election": ELECTION, "style": STYLE, "digest": digest}
    assert content(who.ask("GET /roll")) == before | {"credentials": [issued]}


def test_roll_shows_who_is_not_on_it_as_well(deployment: Deployment) -> None:
    who = citizen(deployment, HOPELESS)
    assert content(who.ask("GET /roll"))["on_the_roll"] is False
    assert said(Citizen(deployment, who.id, "x").ask("GET /roll")) == (404, "not_found")
    assert said(Citizen(deployment, UNKNOWN, who.token).ask("GET /roll")) == (404, "not_found")
    who.ask("DELETE ")
    deployment.deliver()
    assert said(who.ask("GET /roll")) == (404, "not_found")


def test_keys_are_opened_once_for_many(deployment: Deployment) -> None:
    first, second = voter(deployment), citizen(deployment, ANOTHER)
    before = len(deployment.aws.asked("Decrypt"))
    for who in (first, second):
        assert ask(who, message(who))["statusCode"] == 200
    purposes = [one["EncryptionContext"]["purpose"] for one in deployment.aws.asked("Decrypt")]
    assert sorted(purposes[before:]) == ["credential", "marks"]


@pytest.mark.parametrize("route", ROUTES)
def test_strangers_are_answered_alike(deployment: Deployment, route: str) -> None:
    who, rejected, gone = voter(deployment), citizen(deployment, HOPELESS), citizen(deployment)
    gone.ask("DELETE ")
    deployment.deliver()
    answers = []
    # What the roll holds about somebody who was rejected is theirs to see.
    not_accepted = [] if route == "GET /roll" else [rejected]
    for stranger in (
        Citizen(deployment, who.id, rejected.token),
        Citizen(deployment, who.id, "x"),
        Citizen(deployment, UNKNOWN, who.token),
        Citizen(deployment, "not-a-uuid", who.token),
        *not_accepted,
        gone,
    ):
        reads = len(deployment.aws.asked("GetItem"))
        answer = stranger.ask(route, SOME_BODY)
        answers.append(answer)
        assert said(answer) == (404, "not_found")
        assert {**content(answer), "trace_id": ""} == {**content(answers[0]), "trace_id": ""}
        assert answer["headers"] == answers[0]["headers"]
        # Whoever proves who they are is told whether they wait to be compared with somebody.
        own = stranger in not_accepted
        assert len(deployment.aws.asked("GetItem")) == reads + 1 + own


@pytest.mark.parametrize("route", ROUTES)
def test_missing_token_is_401(deployment: Deployment, route: str) -> None:
    who = citizen(deployment)
    assert said(who.ask(route, SOME_BODY, token=None)) == (401, "token_required")


def test_election_of_nobody_or_elsewhere_is_404(deployment: Deployment) -> None:
    who = citizen(deployment)
    assert said(ask(who, b"\x01" * 384)) == (404, "no_such_election")
    announce(deployment, "FR")
    for election in (ELECTION, OTHER):
        body = credential_request(b"\x01" * 384, election)
        assert said(who.ask("POST /credentials", body)) == (404, "no_such_election")
    assert content(who.ask("GET /credentials"))["elections"] == []


def test_ended_election_is_403(deployment: Deployment) -> None:
    who = voter(deployment)
    mine = message(who)
    _put(ended(datetime.now(UTC)))
    deployment.deliver()
    assert said(ask(who, mine)) == (403, "election_over")
    assert content(who.ask("GET /credentials"))["elections"] == []


def test_closed_election_is_403(deployment: Deployment) -> None:
    who = citizen(deployment)
    _put(published(datetime.now(UTC) - timedelta(days=8), "DE"))
    deployment.deliver()
    assert said(ask(who, b"\x01" * 384)) == (403, "election_over")


@pytest.mark.parametrize("wrong", [b"\x01", bytes(383), bytes(385), b"\xff" * 384])
def test_message_of_the_wrong_form_is_422_and_uses_nothing_up(
    deployment: Deployment, wrong: bytes
) -> None:
    who = voter(deployment)
    answer = ask(who, wrong)
    assert said(answer) == (422, "invalid_fields")
    assert content(answer)["errors"] == [{"code": "wrong_form", "pointer": "/blinded_message"}]
    assert ask(who, message(who))["statusCode"] == 200


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"election": "other"}, "wrong_form", "/election"),
        ({"election": None}, "wrong_type", "/election"),
        ({"blinded_message": ""}, "wrong_form", "/blinded_message"),
        ({"blinded_message": "a+b/"}, "wrong_form", "/blinded_message"),
        ({"blinded_message": "a" * 2049}, "too_long", "/blinded_message"),
        ({"blinded_message": "aaaaa"}, "wrong_form", "/blinded_message"),
        ({"registration": UNKNOWN}, "unknown_field", ""),
    ],
)
def test_field_of_the_wrong_form_is_named(
    deployment: Deployment, change: dict[str, Any], code: str, pointer: str
) -> None:
    who = voter(deployment)
    body = json.dumps(json.loads(SOME_BODY) | change)
    answer = who.ask("POST /credentials", body)
    assert said(answer) == (422, "invalid_fields")
    assert content(answer)["errors"] == [{"code": code, "pointer": pointer}]


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "GetItem"), ("dynamodb", "TransactWriteItems"), ("kms", "Decrypt")],
)
def test_refusing_aws_is_503_and_the_same_request_succeeds_later(
    deployment: Deployment, service: str, operation: str
) -> None:
    who = voter(deployment)
    mine = message(who)
    deployment.aws.fail(service, operation, "ThrottlingException")
    answer = ask(who, mine)
    assert said(answer) == (503, "temporarily_unavailable")
    assert answer["headers"]["retry-after"]
    deployment.aws.mend(service, operation)
    assert ask(who, mine)["statusCode"] == 200


def test_log_lines_hold_the_registration_and_nothing_of_the_credential(
    deployment: Deployment, log_lines: LogLines
) -> None:
    who = voter(deployment)
    mine = message(who)
    log_lines()
    answer = ask(who, mine)
    ask(who, message(who))
    issued, _, refused = log_lines()
    assert (issued["id"], issued["status"], issued["CredentialsIssued"]) == (who.id, 200, [1.0])
    assert (refused["id"], refused["status"], refused["code"]) == (who.id, 409, "already_issued")
    (row,) = deployment.aws.items("issuer-roll")
    digest = bytes(row[f"issued_{ELECTION}"]["B"])
    text = json.dumps([issued, refused])
    for secret in (
        json.loads(credential_request(mine))["blinded_message"],
        content(answer)["blind_signature"],
        digest.hex(),
        base64url.encode(digest),
        who.token,
    ):
        assert secret not in text
    assert_silent([issued, refused])


def test_what_is_stored_and_published_holds_no_message_and_no_signature(
    deployment: Deployment,
) -> None:
    who = voter(deployment)
    mine = message(who)
    signed = base64url.decode(content(ask(who, mine))["blind_signature"])
    stored = repr([deployment.aws.items(name) for name in ("issuer-roll", "issuer-elections")])
    told = json.dumps(deployment.aws.published)
    for secret in (mine, signed):
        assert repr(secret)[2:-1] not in stored
        assert base64url.encode(secret) not in told


def test_credentials_of_an_erased_person_leave_a_tombstone(deployment: Deployment) -> None:
    who = voter(deployment)
    mine = message(who)
    ask(who, mine)
    who.ask("DELETE ")
    deployment.deliver()
    (row,) = deployment.aws.items("issuer-roll")
    assert set(row) == {"id", "erased_at", "ttl"}
    assert said(ask(who, mine)) == (404, "not_found")


@pytest.mark.parametrize("by_people", [False, True])
def test_decisions_bring_the_digest_by_which_credentials_are_asked_for(
    deployment: Deployment, *, by_people: bool
) -> None:
    who = citizen(deployment, HOPELESS if by_people else ACCEPTABLE)
    if by_people:
        who.ask("POST /review")
        staff("POST /reviews/{id}", on=who.id, body={"revision": 1, "decision": "accepted"})
        deployment.deliver()
    announce(deployment, "DE")
    assert offer(who)["election"] == ELECTION
    # The last decision may be the first to arrive, so each brings it.
    for one in deployment.aws.published:
        if one["DetailType"] in {"ValidationResult", "ReviewDecided"}:
            (made,) = json.loads(one["Detail"])["results"]
            assert base64url.decode(made["access_digest"].rstrip("=")) == digest_of(who.token)
