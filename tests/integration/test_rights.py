"""The rights of a data subject over HTTP: restriction, objection, explanation, requests, notice.

Erasure and its receipt are in test_erasure.py, decisions by people in test_review.py.
"""

import httpx
import pytest

from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.stack.target import Target
from tests.integration.consumers import paused
from tests.integration.lives import registered, rejected
from tests.integration.people import Payload, idempotency_key, person
from tests.integration.rows import BY_ID, is_tombstone, row
from tests.integration.waiting import decided, eventually, settled, stored

JOINS = BY_ID[2]
LISBON = {"lines": ["Rua Augusta 1"], "city": "Lisboa", "postcode": "1100-048", "country": "PT"}


def in_portugal() -> Payload:
    return person(address=LISBON, phone_number="+351 21 123 4567")


RIGHTS = {
    "restrict": Citizen.restrict,
    "lift": Citizen.lift,
    "object": Citizen.object,
    "dispute": Citizen.dispute,
    "explanation": Citizen.explanation,
    "requests": Citizen.requests,
    "erasure": Citizen.erasure,
    "withdraw": Citizen.withdraw,
}


def counted_in_portugal(target: Target) -> int:
    """Return how many people a release made now would count there."""
    joins = DynamoDbJoins(target.dynamodb, target.output(JOINS))
    return sum(one.cohort.region == "PT" for one in joins.complete())


def requests(citizen: Citizen, receipt: Receipt) -> list[tuple[str, str, bool]]:
    """Return the kind and article of every request, and whether it was answered."""
    notes = citizen.requests(receipt)["requests"]
    return [(note["kind"], note["article"], "completed_at" in note) for note in notes]


def answered(citizen: Citizen, receipt: Receipt, kind: str) -> None:
    eventually(
        f"{kind} is answered",
        lambda: any(one[0] == kind and one[2] for one in requests(citizen, receipt)),
    )


def test_restricted_person_is_not_decided_and_is_after_lifting(
    target: Target, citizen: Citizen
) -> None:
    with paused(target, "Validator"):
        receipt = citizen.register(person(), idempotency_key())
        assert citizen.restrict(receipt)["restricted"]
    settled(target)
    status = citizen.status(receipt)
    assert (status["status"], status["restricted"]) == ("pending", True)
    assert citizen.data(receipt)["data"] == person()
    assert not citizen.lift(receipt)["restricted"]
    assert decided(citizen, receipt)["decision"] == "accepted"


def test_restriction_refuses_a_correction(citizen: Citizen) -> None:
    receipt = registered(citizen, person())
    citizen.restrict(receipt)
    with pytest.raises(Refused) as refusal:
        citizen.rectify(receipt, rejected())
    assert (refusal.value.status, refusal.value.code) == (409, "restricted")
    citizen.lift(receipt)
    citizen.rectify(receipt, rejected())
    status = decided(citizen, receipt, revision=2)
    assert (status["decision"], status["standing"]) == ("review", "accepted")


def test_restricted_person_is_not_counted_and_is_after_lifting(
    target: Target, citizen: Citizen
) -> None:
    receipt = registered(citizen, in_portugal())
    settled(target)
    before = counted_in_portugal(target)
    citizen.restrict(receipt)
    eventually("nobody counts the person", lambda: counted_in_portugal(target) == before - 1)
    citizen.lift(receipt)
    eventually("the person is counted", lambda: counted_in_portugal(target) == before)


def test_restriction_repeated_gives_the_same_answer(citizen: Citizen) -> None:
    receipt = registered(citizen, person())
    assert citizen.restrict(receipt) == citizen.restrict(receipt)
    assert citizen.lift(receipt) == citizen.lift(receipt)


def test_objection_removes_the_person_from_releases_for_good(
    target: Target, citizen: Citizen
) -> None:
    receipt = registered(citizen, in_portugal())
    settled(target)
    before = counted_in_portugal(target)
    citizen.object(receipt)
    answered(citizen, receipt, "objection")
    assert is_tombstone(row(target, JOINS, receipt))
    assert counted_in_portugal(target) == before - 1
    citizen.rectify(receipt, in_portugal() | {"username": "corrected"})
    stored(citizen, receipt, revision=2)
    settled(target)
    assert counted_in_portugal(target) == before - 1
    assert citizen.status(receipt)["decision"] == "accepted"


def test_explanation_says_what_every_reason_means(citizen: Citizen) -> None:
    receipt = registered(citizen, rejected())
    explained = citizen.explanation(receipt)
    assert (explained["decision"], explained["decided_by"]) == ("rejected", "rules")
    (reason,) = explained["reasons"]
    assert (reason["code"], reason["pointer"]) == (
        "attestation_missing",
        "/citizenship_attestation",
    )
    assert "attestation" in reason["explanation"]


def test_explanation_before_a_decision_is_409(target: Target, citizen: Citizen) -> None:
    with paused(target, "Validator"):
        receipt = citizen.register(person(), idempotency_key())
        with pytest.raises(Refused) as refusal:
            citizen.explanation(receipt)
        assert (refusal.value.status, refusal.value.code) == (409, "not_yet_decided")
    decided(citizen, receipt)


def test_every_request_is_logged_with_its_article_and_answer(
    target: Target, citizen: Citizen
) -> None:
    receipt = registered(citizen, rejected())
    citizen.restrict(receipt)
    citizen.lift(receipt)
    citizen.rectify(receipt, person())
    stored(citizen, receipt, revision=2)
    citizen.object(receipt)
    settled(target)
    assert set(requests(citizen, receipt)) == {
        ("access", "15", True),
        ("restriction", "18", True),
        ("lifting", "18(3)", True),
        ("rectification", "16", True),
        ("objection", "21", True),
    }


def test_request_that_is_not_answered_yet_is_counted_once(target: Target, citizen: Citizen) -> None:
    with paused(target, "Analytics"):
        receipt = registered(citizen, person())
        first, second = citizen.object(receipt), citizen.object(receipt)
        assert (first["count"], second["count"]) == (1, 2)
        assert first["received_at"] == second["received_at"]
        assert "completed_at" not in second
        assert second["due_at"] > second["received_at"]
    answered(citizen, receipt, "objection")
    noted = [one for one in citizen.requests(receipt)["requests"] if one["kind"] == "objection"]
    assert [one["count"] for one in noted] == [2]


@pytest.mark.parametrize("right", RIGHTS)
def test_right_of_another_person_is_not_found(citizen: Citizen, right: str) -> None:
    receipt = citizen.register(person(), idempotency_key())
    for stranger in (Receipt(receipt.id, "A" * 43), Receipt(receipt.id[:-12] + "0" * 12, "A" * 43)):
        with pytest.raises(Refused) as refusal:
            RIGHTS[right](citizen, stranger)
        assert (refusal.value.status, refusal.value.code) == (404, "not_found")


def test_notice_is_for_everybody_and_names_every_right(api: httpx.Client) -> None:
    answer = api.get("/privacy-notice")
    notice = answer.json()
    assert answer.status_code == 200
    assert {"controller", "data_protection_officer", "lawful_basis"} <= notice.keys()
    assert {"15", "16", "17", "18", "20", "21", "22(3)", "77"} <= {
        one["article"] for one in notice["rights"]
    }


def test_data_is_given_as_csv_to_who_asks_for_it(citizen: Citizen) -> None:
    receipt = registered(citizen, person())
    lines = citizen.data_as_csv(receipt).splitlines()
    assert lines[0] == "pointer,value"
    assert f"/full_name,{person()['full_name']}" in lines
    assert "/address/lines/1,Hinterhaus" in lines
    assert "/citizenship_attestation,true" in lines
