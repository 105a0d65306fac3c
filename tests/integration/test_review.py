"""Decisions by people over the staff API: who may use it, what they see, and what follows."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.credentials import Credentials

from civic.client.citizen import Citizen, Receipt
from civic.identity.functions import review
from civic.stack.target import Target
from tests.integration.lives import doubtful, is_erased, registered, rejected
from tests.integration.people import person
from tests.integration.rows import BY_ID, row
from tests.integration.staff import Member, member, two_people_needed
from tests.integration.waiting import decided, eventually, settled

ROUTES = [(route.method, route.path) for route in review.ROUTES.routes]


@pytest.fixture(scope="module")
def jane(target: Target) -> Iterator[Member]:
    with member(target, "jane") as jane:
        yield jane


@pytest.fixture
def case(citizen: Citizen) -> Receipt:
    """A person whose case the rules refer to people."""
    receipt = registered(citizen, doubtful())
    assert citizen.status(receipt)["decision"] == "review"
    return receipt


def waits(member: Member, receipt: Receipt) -> bool:
    return receipt.id in {one["id"] for one in member.cases()}


def looks(citizen: Citizen, receipt: Receipt) -> list[dict[str, Any]]:
    """Return the accesses by staff that the data subject can see."""
    return [one for one in citizen.data(receipt)["accesses"] if one["by"] == "staff"]


def joined(target: Target, receipt: Receipt) -> tuple[str, str | None]:
    item = row(target, BY_ID[2], receipt) or {}
    return item["decision"]["S"], item.get("round", {}).get("N")


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_request_that_is_not_signed_is_refused(
    target: Target, citizen: Citizen, case: Receipt, method: str, route: str
) -> None:
    stranger = Member(target.review_api_url, None)
    body = {"revision": 1, "decision": "accepted"} if method == "POST" else None
    answer = stranger.ask(method, route.format(id=case.id), body)
    assert answer.status_code == 403
    assert citizen.status(case)["decision"] == "review"
    assert looks(citizen, case) == []


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_request_signed_by_who_may_not_or_wrongly_is_refused(
    target: Target, citizen: Citizen, case: Receipt, jane: Member, method: str, route: str
) -> None:
    assert jane.credentials is not None
    forger = Member(jane.url, Credentials(jane.credentials.access_key, "wrong"))
    body = {"revision": 1, "decision": "accepted"} if method == "POST" else None
    with member(target, "nobody-of-staff", may=False) as nobody:
        for stranger in (forger, nobody):
            answer = stranger.ask(method, route.format(id=case.id), body)
            assert answer.status_code == 403
    assert citizen.status(case)["decision"] == "review"
    assert looks(citizen, case) == []


def test_case_waits_and_shows_nothing_of_the_person_in_the_list(
    jane: Member, case: Receipt
) -> None:
    (waiting,) = (one for one in jane.cases() if one["id"] == case.id)
    assert waiting.keys() == {"id", "revision", "cause", "since", "due_at", "opinions"}
    assert (waiting["cause"], waiting["revision"], waiting["opinions"]) == ("rules", 1, 0)
    assert waiting["due_at"] > waiting["since"]


def test_look_by_staff_is_told_to_the_person_but_not_whose_it_was(
    citizen: Citizen, jane: Member, case: Receipt
) -> None:
    opened = jane.ask("GET", f"/reviews/{case.id}").json()
    assert opened["data"] == doubtful()
    assert opened["reasons"] == [{"code": "national_id_invalid", "pointer": "/national_id"}]
    (look,) = looks(citizen, case)
    assert look.keys() == {"at", "by", "purpose"}
    assert look["purpose"] == "review"
    assert "jane" not in str(citizen.data(case)["accesses"])


def test_decision_by_people_stands_and_is_counted(
    target: Target, citizen: Citizen, jane: Member, case: Receipt
) -> None:
    answer = jane.decide(case.id, "accepted")
    assert answer.json()["outcome"] == "decided"
    status = citizen.status(case)
    assert (status["decision"], status["reasons"]) == (
        "accepted",
        [{"code": "decided_by_people", "pointer": ""}],
    )
    assert citizen.explanation(case)["decided_by"] == "people"
    assert not waits(jane, case)
    settled(target)
    assert joined(target, case) == ("accepted", "1")
    assert [one["purpose"] for one in looks(citizen, case)] == ["decision"]


def test_contested_decision_is_decided_by_people_and_answered(
    citizen: Citizen, jane: Member
) -> None:
    receipt = registered(citizen, rejected())
    citizen.dispute(receipt)
    (waiting,) = (one for one in jane.cases() if one["id"] == receipt.id)
    assert waiting["cause"] == "data_subject"
    jane.decide(receipt.id, "rejected")
    (note,) = (one for one in citizen.requests(receipt)["requests"] if one["kind"] == "review")
    assert note["completed_at"] >= note["received_at"]
    # Staff decided against the person, who may contest that too.
    citizen.dispute(receipt)
    jane.decide(receipt.id, "accepted")
    assert citizen.status(receipt)["decision"] == "accepted"


def test_case_of_a_restricted_person_is_neither_listed_nor_opened_nor_decided(
    citizen: Citizen, jane: Member, case: Receipt
) -> None:
    citizen.restrict(case)
    assert not waits(jane, case)
    for answer in (jane.ask("GET", f"/reviews/{case.id}"), jane.decide(case.id, "accepted")):
        assert (answer.status_code, answer.json()["code"]) == (409, "restricted")
    citizen.lift(case)
    assert waits(jane, case)
    assert jane.decide(case.id, "accepted").status_code == 200


def test_opinion_on_what_was_corrected_meanwhile_does_not_count(
    citizen: Citizen, jane: Member, case: Receipt
) -> None:
    citizen.rectify(case, rejected())
    assert decided(citizen, case, revision=2)["decision"] == "rejected"
    answer = jane.decide(case.id, "accepted")
    assert (answer.status_code, answer.json()["code"]) == (409, "review_outdated")
    assert citizen.status(case)["decision"] == "rejected"
    assert not waits(jane, case)


def test_case_of_an_erased_person_is_gone(
    target: Target, citizen: Citizen, jane: Member, case: Receipt
) -> None:
    citizen.erase(case)
    settled(target)
    assert not waits(jane, case)
    assert jane.ask("GET", f"/reviews/{case.id}").status_code == 404
    assert jane.decide(case.id, "accepted").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"decision": "accepted"}, 422),
        ({"revision": 0, "decision": "accepted"}, 422),
        ({"revision": 1, "decision": "review"}, 422),
        ({"revision": 1, "decision": "accepted", "by": "john"}, 422),
        ({"revision": 2, "decision": "accepted"}, 409),
    ],
)
def test_opinion_that_is_none_is_refused(
    citizen: Citizen, jane: Member, case: Receipt, body: dict[str, Any], status: int
) -> None:
    assert jane.ask("POST", f"/reviews/{case.id}", body).status_code == status
    assert citizen.status(case)["decision"] == "review"


def test_two_people_have_to_agree_where_the_rule_is_on(
    target: Target, citizen: Citizen, jane: Member, case: Receipt
) -> None:
    with two_people_needed(target), member(target, "john") as john:
        for _ in range(2):
            assert jane.decide(case.id, "accepted").json()["outcome"] == "awaiting_agreement"
        assert john.decide(case.id, "rejected").json()["outcome"] == "awaiting_agreement"
        assert citizen.status(case)["decision"] == "review"
        assert john.decide(case.id, "accepted").json()["outcome"] == "decided"
    eventually("it is decided", lambda: citizen.status(case)["decision"] == "accepted")


def test_two_people_take_somebody_off_the_roll_and_have_them_erased(
    target: Target, citizen: Citizen, jane: Member
) -> None:
    receipt = registered(citizen, person())
    died = {"decision": "rejected", "reason": "died"}

    def agreed(john: Member, judgement: dict[str, Any]) -> bool:
        proposed = jane.ask("PUT", f"/reviews/{receipt.id}", judgement)
        assert proposed.json()["outcome"] == "awaiting_agreement"
        answer = john.ask("POST", f"/reviews/{receipt.id}", {"revision": 1, **judgement})
        return bool(answer.json()["outcome"] == "decided")

    with member(target, "john") as john:
        assert agreed(john, died)
        status = citizen.status(receipt)
        assert (status["decision"], status["held"]) == ("rejected", ["was_accepted"])
        assert agreed(john, died | {"erase": True})
    eventually("it is erased", lambda: is_erased(target, receipt))
    assert citizen.erasure(receipt)["status"] == "erased"
    assert not waits(jane, receipt)
