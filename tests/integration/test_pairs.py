"""Who registers a second time under another surname, in the deployed stack: a search finds them."""

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.contracts.events import Decision
from civic.identity.model.pairs import HELD_FOR
from civic.operator.accountability import search_pairs
from civic.stack.target import Target
from tests.integration.lives import erased, registered
from tests.integration.people import person
from tests.integration.rows import is_tombstone, row
from tests.integration.staff import Member, member
from tests.integration.waiting import settled

TWICE = {"decision": "rejected", "reason": "registered_twice"}


@pytest.fixture(scope="module")
def staff(target: Target) -> Iterator[tuple[Member, Member]]:
    with member(target, "jane") as jane, member(target, "john") as john:
        yield jane, john


@pytest.fixture
def two(target: Target, citizen: Citizen) -> tuple[Receipt, Receipt]:
    """Register somebody, and again under another surname; both are accepted."""
    # The others of this suite share a birth date and an address, and are a crowd.
    born = date(1950, 1, 1) + timedelta(days=secrets.randbelow(10_000))
    payload = person(date_of_birth=born.isoformat(), phone_number=None)
    first, _, _ = payload["full_name"].partition(" ")
    receipts = (
        registered(citizen, payload),
        registered(citizen, payload | {"full_name": f"{first} Neverland"}),
    )
    for one in receipts:
        assert citizen.status(one)["decision"] == Decision.ACCEPTED
    settled(target)
    assert sum(search_pairs(target)) >= 1
    return receipts


def test_a_search_has_two_people_compare_the_later_with_the_earlier(
    target: Target, citizen: Citizen, staff: tuple[Member, Member], two: tuple[Receipt, Receipt]
) -> None:
    first, second = two
    status = citizen.status(second)
    until = datetime.fromisoformat(status["compared_until"])
    assert timedelta() < until - datetime.now(UTC) <= HELD_FOR
    assert "compared_until" not in citizen.status(first)
    outcomes = []
    for one in staff:
        cases = {case["id"]: case for case in one.ask("GET", "/reviews").json()["cases"]}
        assert cases[second.id]["cause"] == "pair"
        shown = one.ask("GET", f"/reviews/{second.id}").json()
        assert shown["beside"][0]["id"] == first.id
        beside = [other["id"] for other in shown["beside"]]
        opinion = {"revision": 1, **TWICE, "beside": beside}
        outcomes.append(one.ask("POST", f"/reviews/{second.id}", opinion).json()["outcome"])
    assert outcomes == ["awaiting_agreement", "decided"]
    assert citizen.status(second)["decision"] == Decision.REJECTED
    assert citizen.status(first)["decision"] == Decision.ACCEPTED
    assert sum(search_pairs(target)) == 0


def test_two_who_were_told_apart_are_not_asked_about_again(
    target: Target, citizen: Citizen, staff: tuple[Member, Member], two: tuple[Receipt, Receipt]
) -> None:
    _, second = two
    for one in staff:
        shown = one.ask("GET", f"/reviews/{second.id}").json()
        beside = [other["id"] for other in shown["beside"]]
        opinion = {"revision": 1, "decision": "accepted", "beside": beside}
        one.ask("POST", f"/reviews/{second.id}", opinion)
    assert "compared_until" not in citizen.status(second)
    assert sum(search_pairs(target)) == 0


def test_an_erasure_takes_keys_and_pairs_with_it(
    target: Target, citizen: Citizen, two: tuple[Receipt, Receipt]
) -> None:
    _, second = two
    citizen.erase(second)
    erased(citizen, second)
    settled(target)
    assert is_tombstone(row(target, "LowSecDataStoreName", second))
    assert sum(search_pairs(target)) == 0
