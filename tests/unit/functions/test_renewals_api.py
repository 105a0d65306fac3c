"""A new access token over the staff API, what it opens, and what the old one is answered.

The attacks make the calls that the role of one function allows, or write what it may write.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from civic.contracts import base64url
from civic.identity.functions import front_desk
from civic.identity.model.keys import digest_of
from civic.identity.model.renewal import comparison_code
from civic.lab.schemas.declared import functions, routes_of
from civic.runtime import clients
from civic.runtime.routes import Access
from tests.fakes.deployment import Deployment, Response
from tests.fakes.elections import credential_request
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said, wrong_fields
from tests.fakes.office import (
    ACCEPTABLE,
    JANE,
    JOHN,
    Citizen,
    assert_silent,
    citizen,
    content,
    somebody,
    staff,
)
from tests.fakes.people import UNKNOWN

NEW, NEWER, MINE = "new-access-token", "newer-access-token", "attackers-access-token"
ASK, LOOK, AGREE = (
    "PUT /renewals/{id}",
    "GET /reviews/{id}/renewals",
    "POST /reviews/{id}/renewals",
)
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
RENEWED = (401, "access_renewed")
NOT_FOUND = (404, "not_found")
TOKEN_ROUTES = sorted(
    route.key.replace("/registrations/{id}", "")
    for one in functions()
    if (table := routes_of(one))
    for route in table.routes
    if route.access is Access.TOKEN and route.path.startswith("/registrations/")
)
BODIES = {
    "PUT ": ACCEPTABLE.model_dump_json(exclude_none=True),
    "POST /credentials": credential_request(b"\x01" * 384),
}


def code_of(token: str) -> str:
    return comparison_code(digest_of(token))


def ask(who: Citizen, token: str = NEW, by: str = JANE) -> Response:
    return staff(ASK, by, on=who.id, body={"digest": base64url.encode(digest_of(token))})


def agree(who: Citizen, token: str = NEW, by: str = JOHN) -> Response:
    return staff(AGREE, by, on=who.id, body={"code": code_of(token)})


def renewed(who: Citizen, token: str = NEW) -> Citizen:
    """Give the person a new token."""
    assert content(ask(who, token)) == {"id": who.id, "code": code_of(token)}
    made = content(agree(who, token))
    assert (made["id"], made["code"]) == (who.id, code_of(token))
    return replace(who, token=token)


def use(who: Citizen, route: str, **parts: Any) -> Response:
    return who.ask(route, BODIES.get(route), **parts)


def views(deployment: Deployment) -> list[tuple[str, str]]:
    items = deployment.aws.items("request-log")
    return [(item["by"]["S"], item["purpose"]["S"]) for item in items if "by" in item]


# ------------------------------------------------------------------ what a renewal does


@pytest.mark.parametrize("route", TOKEN_ROUTES)
def test_every_route_tells_who_has_the_old_token_that_it_has_ended(
    deployment: Deployment, route: str
) -> None:
    who = citizen(deployment)
    renewed(who)
    answer = use(who, route)
    assert said(answer) == RENEWED
    assert answer["headers"]["www-authenticate"] == 'Bearer error="invalid_token"'
    told = content(answer)
    assert told["renewed_on"] == datetime.now(UTC).date().isoformat()
    assert "if you did not ask for it, tell the office" in told["title"]
    let_in = use(replace(who, token=NEW), route)
    assert let_in["statusCode"] < 500
    assert content(let_in).get("code") not in {RENEWED[1], NOT_FOUND[1]}


def test_repeated_registration_is_no_receipt_of_a_token_that_has_ended(
    deployment: Deployment,
) -> None:
    def register(**changes: object) -> Response:
        body = somebody(**changes).model_dump_json(exclude_none=True)
        return deployment.http("POST /registrations", body, headers={"idempotency-key": KEY})

    receipt = content(register())
    deployment.deliver()
    assert content(register()) == receipt
    renewed(Citizen(deployment, receipt["id"], receipt["access_token"]))
    assert said(register()) == RENEWED
    assert content(register())["renewed_on"] == datetime.now(UTC).date().isoformat()
    # Who has the key and not the payload learns nothing of a renewal.
    assert said(register(username="another")) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("route", TOKEN_ROUTES)
def test_stranger_learns_nothing_of_a_renewal(deployment: Deployment, route: str) -> None:
    who = citizen(deployment)
    renewed(who)
    answers = [use(replace(who, id=one), route, token=MINE) for one in (who.id, UNKNOWN)]
    assert [said(one) for one in answers] == [NOT_FOUND] * 2
    assert answers[0]["headers"] == answers[1]["headers"]


@pytest.mark.parametrize("route", TOKEN_ROUTES)
@pytest.mark.parametrize("of", [None, UNKNOWN])
def test_renewals_are_read_once_and_consistently_before_a_refusal(
    deployment: Deployment, route: str, of: str | None
) -> None:
    who = citizen(deployment)
    stranger = replace(who, id=of or who.id, token=MINE)
    before = len(deployment.aws.requests)
    assert said(use(stranger, route)) == NOT_FOUND
    made = deployment.aws.requests[before:]
    reads = [one for name, one in made if one.get("TableName") == "access-renewals"]
    assert [one["ConsistentRead"] for one in reads] == [True]
    assert not [name for name, _ in made if name in {"PutItem", "UpdateItem", "Decrypt"}]


def test_record_goes_on_under_the_first_digest(deployment: Deployment) -> None:
    who = citizen(deployment)
    new = renewed(who)
    assert new.ask("PUT ", BODIES["PUT "])["statusCode"] == 202
    deployment.deliver()
    assert deployment.failures == []
    assert (new.status()["revision"], new.status()["decision"]) == (2, "accepted")
    digest = {"B": digest_of(who.token)}
    for table in ("decisions", "vault", "issuer-roll"):
        assert [item["access_digest"] for item in deployment.aws.items(table)] == [digest]
    assert content(new.ask("GET /data"))["data"]["username"] == ACCEPTABLE.username


def test_person_sees_who_had_a_part_in_it_and_when_but_no_name(deployment: Deployment) -> None:
    who = citizen(deployment)
    content(ask(who))
    opened = content(staff(LOOK, JOHN, on=who.id))
    assert opened["data"]["full_name"] == ACCEPTABLE.full_name
    (waiting,) = opened["renewals"]
    assert (waiting["code"], waiting["asked_by"]) == (code_of(NEW), JANE)
    lapses, asked = (datetime.fromisoformat(waiting[one]) for one in ("lapses_at", "asked_at"))
    assert lapses - asked == timedelta(days=7)
    content(agree(who))
    assert sorted(views(deployment)) == [
        (JANE, "renewal"),
        (JOHN, "renewal agreed"),
        (JOHN, "renewal look"),
    ]
    answer = replace(who, token=NEW).ask("GET /data")
    accesses = [(one["by"], one["purpose"]) for one in content(answer)["accesses"]]
    assert accesses[:3] == [
        ("staff", "renewal"),
        ("staff", "renewal look"),
        ("staff", "renewal agreed"),
    ]
    assert "user/j" not in answer["body"]


def test_log_lines_say_nothing_of_the_token_nor_of_who_did_it(
    deployment: Deployment, log_lines: LogLines
) -> None:
    who = citizen(deployment)
    log_lines()
    content(ask(who))
    content(staff(LOOK, JOHN, on=who.id))
    content(agree(who))
    assert said(who.ask("GET ")) == RENEWED
    lines = log_lines()
    assert_silent(lines)
    assert [line["id"] for line in lines] == [who.id] * 4
    for name, line in zip(
        ("RenewalsAsked", "RenewalsShown", "RenewalsAgreed"), lines, strict=False
    ):
        assert line[name] == [1]
    for secret in (NEW, code_of(NEW), base64url.encode(digest_of(NEW))):
        assert secret not in str(lines)


def test_holder_of_the_new_token_has_the_receipt_of_the_erasure(deployment: Deployment) -> None:
    who = citizen(deployment)
    new = renewed(who)
    assert new.ask("DELETE ")["statusCode"] == 202
    deployment.deliver()
    assert deployment.failures == []
    assert content(new.ask("GET /erasure"))["status"] == "erased"
    assert content(new.ask("GET /requests"))["requests"]
    assert said(who.ask("GET /erasure")) == RENEWED
    (row,) = deployment.aws.items("access-renewals")
    assert int(row["ttl"]["N"]) > (datetime.now(UTC) + timedelta(days=3 * 365 - 1)).timestamp()
    assert said(ask(who, NEWER)) == NOT_FOUND
    assert said(agree(who)) == NOT_FOUND


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("route", [ASK, LOOK, AGREE])
def test_unknown_id_is_404(deployment: Deployment, route: str) -> None:
    nobody = Citizen(deployment, UNKNOWN, "")
    answers = {ASK: ask, LOOK: lambda who: staff(LOOK, on=who.id), AGREE: agree}
    assert said(answers[route](nobody)) == NOT_FOUND
    assert views(deployment) == []


@pytest.mark.parametrize("context", [None, {"authorizer": {"iam": {}}}])
def test_front_desk_serves_staff_only(
    deployment: Deployment, context: dict[str, Any] | None
) -> None:
    who = citizen(deployment)
    body = f'{{"digest": "{base64url.encode(digest_of(NEW))}"}}'
    event = http_event(ASK, body, path={"id": who.id}, token=who.token)
    event |= {"requestContext": context} if context else {}
    assert said(front_desk.handler(event, None)) == (403, "not_staff")
    assert deployment.aws.items("access-renewals") == []


def test_one_person_gives_nobody_a_token(deployment: Deployment) -> None:
    who = citizen(deployment)
    content(ask(who))
    assert said(agree(who, by=JANE)) == (409, "another_person_needed")
    assert said(staff(LOOK, JANE, on=who.id)) == (409, "another_person_needed")
    assert said(use(replace(who, token=NEW), "GET ")) == NOT_FOUND
    assert who.status()["status"] == "fulfilled"
    assert views(deployment) == [(JANE, "renewal")]


def test_what_does_not_wait_is_404(deployment: Deployment) -> None:
    who = citizen(deployment)
    for answer in (staff(LOOK, on=who.id), agree(who)):
        assert said(answer) == (404, "no_such_renewal")
    content(ask(who))
    assert said(agree(who, NEWER)) == (404, "no_such_renewal")
    assert views(deployment) == [(JANE, "renewal")]


@pytest.mark.parametrize(
    "digest", ["", "x", base64url.encode(bytes(31)), base64url.encode(bytes(33)), "A" * 42 + "B"]
)
def test_digest_that_is_none_is_422(deployment: Deployment, digest: str) -> None:
    who = citizen(deployment)
    answer = staff(ASK, on=who.id, body={"digest": digest})
    assert wrong_fields(answer) == [("wrong_form", "/digest")]
    assert deployment.aws.items("access-renewals") == []


@pytest.mark.parametrize("code", ["", "0000-0000", code_of(NEW).lower(), f"{code_of(NEW)}\n"])
def test_code_that_is_none_is_422(deployment: Deployment, code: str) -> None:
    who = citizen(deployment)
    content(ask(who))
    answer = staff(AGREE, JOHN, on=who.id, body={"code": code})
    assert wrong_fields(answer) == [("wrong_form", "/code")]


def test_repeating_either_does_no_harm(deployment: Deployment) -> None:
    who = citizen(deployment)
    content(ask(who))
    content(ask(who))
    first = content(agree(who))
    rows = deployment.aws.items("access-renewals")
    assert content(agree(who)) == first
    assert content(agree(who, by=JANE)) == first
    content(ask(who, by=JOHN))
    assert deployment.aws.items("access-renewals") == rows


# ------------------------------------------------------------------ one function in other hands


def plant(who: Citizen, **attributes: dict[str, str]) -> None:
    """Write attributes of a renewal, as a function may that has the right to write these."""
    clients.dynamodb().update_item(
        TableName="access-renewals",
        Key={"id": {"S": who.id}, "digest": {"B": digest_of(MINE)}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


def asked(days: float = 0, by: str = JANE) -> dict[str, dict[str, str]]:
    at = datetime.now(UTC) - timedelta(days=days)
    return {"asked_by": {"S": by}, "asked_at": {"S": at.isoformat()}}


def agreed(days: float = 0, by: str = JOHN) -> dict[str, dict[str, str]]:
    at = datetime.now(UTC) - timedelta(days=days)
    return {"agreed_by": {"S": by}, "agreed_at": {"S": at.isoformat()}}


ATTACKS: dict[str, Callable[[Citizen], None]] = {
    "front_desk asks": lambda who: plant(who, **asked()),
    "front_desk asks in another name": lambda who: plant(who, **asked(by=JOHN)),
    "review agrees to what nobody asked for": lambda who: plant(who, **agreed()),
    "one person in both halves": lambda who: plant(who, **asked(1), **agreed(by=JANE)),
    "agreed to after the week": lambda who: plant(who, **asked(8), **agreed()),
    "agreed to before it was asked for": lambda who: plant(who, **asked(), **agreed(1)),
    "half of something else": lambda who: plant(
        who, **asked(1), agreed_by={"S": JOHN}, agreed_at={"N": "1"}
    ),
    "accountability writes a time of expiry": lambda who: plant(who, ttl={"N": "4102444800"}),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("renewals", [0, 1])
def test_one_function_gives_itself_no_token(
    deployment: Deployment, attack: str, renewals: int
) -> None:
    who = citizen(deployment)
    holder = renewed(who) if renewals else who
    ATTACKS[attack](who)
    for route in TOKEN_ROUTES:
        assert said(use(who, route, token=MINE)) == NOT_FOUND
    assert holder.status()["status"] == "fulfilled"


def test_code_of_a_token_that_the_front_desk_put_in_its_place_is_another(
    deployment: Deployment,
) -> None:
    who = citizen(deployment)
    plant(who, **asked())
    assert said(agree(who, NEW)) == (404, "no_such_renewal")
    assert [one["code"] for one in content(staff(LOOK, JOHN, on=who.id))["renewals"]] == [
        code_of(MINE)
    ]


def test_digest_planted_in_the_decision_opens_nothing_after_a_renewal(
    deployment: Deployment,
) -> None:
    who = citizen(deployment)
    new = renewed(who)
    (row,) = deployment.aws.items("decisions")
    planted = row | {"access_digest": {"B": digest_of(MINE)}}
    clients.dynamodb().put_item(TableName="decisions", Item=planted)
    assert said(new.ask("GET /data", token=MINE)) == RENEWED
    # The rows do not agree, so the holder is refused as well, and the operator is told.
    assert said(new.ask("GET /data")) == NOT_FOUND


def test_renewal_is_not_written_where_it_is_not_logged(deployment: Deployment) -> None:
    who = citizen(deployment)
    deployment.aws.fail("dynamodb", "PutItem", "ThrottlingException")
    assert said(ask(who)) == (503, "temporarily_unavailable")
    assert deployment.aws.items("access-renewals") == []
    deployment.aws.mend("dynamodb", "PutItem")
    content(ask(who))
    deployment.aws.fail("dynamodb", "PutItem", "ThrottlingException")
    assert said(agree(who)) == (503, "temporarily_unavailable")
    assert who.status()["status"] == "fulfilled"


@pytest.mark.parametrize("route", TOKEN_ROUTES)
def test_where_renewals_cannot_be_read_nobody_is_let_in(deployment: Deployment, route: str) -> None:
    who = citizen(deployment)
    renewed(who)
    deployment.aws.fail("dynamodb", "Query", "ThrottlingException")
    assert said(use(who, route)) == (503, "temporarily_unavailable")
