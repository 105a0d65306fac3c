"""Who registers a second time, in the deployed stack: one is accepted, the others wait."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.contracts.events import Decision
from civic.stack.target import Target
from tests.integration.lives import erased, registered
from tests.integration.people import idempotency_key, person, renamed
from tests.integration.rows import rows
from tests.integration.staff import Member, member
from tests.integration.waiting import decided, eventually, settled, stored

AT_ONCE = 64


@pytest.fixture(scope="module")
def staff(target: Target) -> Iterator[tuple[Member, Member]]:
    with member(target, "jane") as jane, member(target, "john") as john:
        yield jane, john


def decision(citizen: Citizen, receipt: Receipt) -> str:
    return str(citizen.status(receipt)["decision"])


def test_of_64_registrations_at_once_one_is_accepted_and_63_wait_for_people(
    citizen: Citizen, staff: tuple[Member, Member]
) -> None:
    payload = person()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # Each with a key of its own: nothing but the data says that they are one person.
        receipts = list(
            pool.map(lambda _: citizen.register(payload, idempotency_key()), range(AT_ONCE))
        )
    for receipt in receipts:
        decided(citizen, receipt)
        stored(citizen, receipt)
    accepted = [one for one in receipts if decision(citizen, one) == Decision.ACCEPTED]
    (first,) = accepted
    others = {one.id for one in receipts} - {first.id}

    def everybody_else_waits() -> bool:
        cases = staff[0].ask("GET", "/reviews").json()["cases"]
        return others <= {case["id"] for case in cases}

    # Not for empty queues: under so many at once a message of another function may be put off.
    eventually("everybody else waits for people", everybody_else_waits)
    opened = staff[0].ask("GET", f"/reviews/{next(iter(others))}").json()
    assert [one["id"] for one in opened["beside"]] == [first.id]


def test_two_members_of_staff_tell_two_people_apart(
    citizen: Citizen, staff: tuple[Member, Member]
) -> None:
    first, second = registered(citizen, person()), registered(citizen, person())
    assert decision(citizen, second) == Decision.REVIEW
    outcomes = []
    for one in staff:
        shown = one.ask("GET", f"/reviews/{second.id}").json()
        assert shown["beside"] == [{"id": first.id, "data": person()}]
        opinion = {"revision": 1, "decision": "accepted", "beside": [first.id]}
        outcomes.append(one.ask("POST", f"/reviews/{second.id}", opinion).json()["outcome"])
    assert outcomes == ["awaiting_agreement", "decided"]
    assert decision(citizen, second) == Decision.ACCEPTED


def test_erasure_and_change_of_name_leave_nothing_behind(target: Target, citizen: Citizen) -> None:
    settled(target)
    before = len(rows(target, "LikenessesName"))
    receipt = registered(citizen, person())
    citizen.rectify(receipt, renamed())
    decided(citizen, receipt, revision=2)
    settled(target)
    assert len(rows(target, "LikenessesName")) == before + 2
    citizen.erase(receipt)
    erased(citizen, receipt)
    settled(target)
    assert len(rows(target, "LikenessesName")) == before
