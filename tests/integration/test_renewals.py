"""A lost access token in the engine: two members of staff give the person another."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.contracts import base64url
from civic.identity.model.keys import digest_of
from civic.identity.model.renewal import comparison_code
from civic.stack.target import Target
from tests.integration.lives import erased, registered
from tests.integration.people import person
from tests.integration.rows import row
from tests.integration.staff import Member, member
from tests.integration.waiting import decided, settled, stored


@pytest.fixture(scope="module")
def jane(target: Target) -> Iterator[Member]:
    with member(target, "jane-at-the-desk") as jane:
        yield jane


@pytest.fixture(scope="module")
def john(target: Target) -> Iterator[Member]:
    with member(target, "john-who-looks") as john:
        yield john


@pytest.fixture
def lost(citizen: Citizen) -> Receipt:
    """Somebody who is accepted, and has lost the token."""
    return registered(citizen, person())


def new_token() -> str:
    return base64url.encode(secrets.token_bytes(32))


def ask(clerk: Member, receipt: Receipt, token: str) -> Any:
    digest = base64url.encode(digest_of(token))
    return clerk.ask("PUT", f"/renewals/{receipt.id}", {"digest": digest})


def agree(colleague: Member, receipt: Receipt, token: str) -> Any:
    code = {"code": comparison_code(digest_of(token))}
    return colleague.ask("POST", f"/reviews/{receipt.id}/renewals", code)


def renewed(jane: Member, john: Member, receipt: Receipt) -> Receipt:
    token = new_token()
    assert ask(jane, receipt, token).json()["code"] == comparison_code(digest_of(token))
    assert agree(john, receipt, token).status_code == 200
    return Receipt(receipt.id, token)


def refusal(citizen: Citizen, receipt: Receipt) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        citizen.status(receipt)
    return refused.value.status, refused.value.code


def test_person_goes_on_with_the_new_token(
    target: Target, citizen: Citizen, jane: Member, john: Member, lost: Receipt
) -> None:
    new = renewed(jane, john, lost)
    assert citizen.status(new)["decision"] == "accepted"
    assert refusal(citizen, lost) == (401, "access_renewed")
    citizen.rectify(new, person(full_name="Ada King"))
    assert decided(citizen, new, revision=2)["decision"] == "accepted"
    stored(citizen, new, revision=2)
    settled(target)
    assert citizen.data(new)["data"]["full_name"] == "Ada King"
    assert citizen.roll_entry(new)["on_the_roll"]
    digest = {"B": digest_of(lost.access_token)}
    for store in ("LowSecDataStoreName", "HighSecDataStoreName", "IssuerRollName"):
        there = row(target, store, lost) or {}
        assert there["access_digest"] == digest


def test_one_member_of_staff_is_not_enough(
    citizen: Citizen, jane: Member, john: Member, lost: Receipt
) -> None:
    token = new_token()
    assert ask(jane, lost, token).status_code == 200
    for answer in (
        agree(jane, lost, token),
        jane.ask("GET", f"/reviews/{lost.id}/renewals"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "another_person_needed")
    assert citizen.status(lost)["decision"] == "accepted"
    assert refusal(citizen, Receipt(lost.id, token)) == (404, "not_found")
    opened = john.ask("GET", f"/reviews/{lost.id}/renewals").json()
    assert opened["data"]["full_name"] == person()["full_name"]
    (waiting,) = opened["renewals"]
    assert waiting["asked_by"].endswith("user/jane-at-the-desk")


def test_person_is_told_who_had_a_part_in_it_but_no_name(
    citizen: Citizen, jane: Member, john: Member, lost: Receipt
) -> None:
    new = renewed(jane, john, lost)
    told = [one["purpose"] for one in citizen.data(new)["accesses"] if one["by"] == "staff"]
    assert told == ["renewal", "renewal agreed"]
    assert "jane" not in json.dumps(citizen.data(new)["accesses"])


def test_holder_of_the_new_token_erases_and_has_the_receipt(
    target: Target, citizen: Citizen, jane: Member, john: Member, lost: Receipt
) -> None:
    new = renewed(jane, john, lost)
    citizen.erase(new)
    assert erased(citizen, new)["receipt"]
    settled(target)
    rows = target.dynamodb.query(
        TableName=target.output("AccessRenewalsName"),
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": lost.id}},
        ConsistentRead=True,
    )["Items"]
    assert ["ttl" in one for one in rows] == [True]
    assert refusal(citizen, lost) == (401, "access_renewed")
    assert ask(jane, lost, new_token()).status_code == 404


def test_unsigned_requests_are_refused(target: Target, citizen: Citizen, lost: Receipt) -> None:
    stranger = Member(target.review_api_url, None)
    token = new_token()
    assert ask(stranger, lost, token).status_code == 403
    assert agree(stranger, lost, token).status_code == 403
    assert citizen.status(lost)["decision"] == "accepted"
