"""Who had a credential, erases and registers again, in the deployed stack: no second one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Device
from civic.contracts.events import Decision
from civic.contracts.identifiers import ElectionId
from civic.stack.target import Target
from tests.fakes.elections import ended, published
from tests.integration.consumers import announced, publish
from tests.integration.lives import erased, registered
from tests.integration.people import person, renamed
from tests.integration.rows import rows
from tests.integration.waiting import decided, eventually, settled

ELECTION = ElectionId("7k3m9qx2w5vd")
"""Of this file alone: an election forgets nobody until it ends."""


@pytest.fixture(scope="module", autouse=True)
def _election(target: Target) -> Iterator[None]:
    event = published(datetime.now(UTC), "DE-BE", "DE", election=ELECTION)
    with announced(target, event):
        yield


def voter(citizen: Citizen, receipt: Receipt) -> Device:
    """Return the device of somebody once the roll has heard of them."""
    device = Device(citizen, receipt)

    def offered() -> bool:
        try:
            return any(one.election == ELECTION for one in device.look()[0])
        except Refused as not_yet:
            if not_yet.code != "not_found":
                raise
            return False

    eventually("the election is offered", offered)
    return device


def refusal(device: Device) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        device.credential(ELECTION)
    return refused.value.status, refused.value.code


def gone(citizen: Citizen, receipt: Receipt) -> None:
    citizen.erase(receipt)
    erased(citizen, receipt)


def test_who_erases_and_registers_again_is_accepted_and_gets_no_second_credential(
    target: Target, citizen: Citizen
) -> None:
    first = registered(citizen, person())
    voter(citizen, first).credential(ELECTION)
    gone(citizen, first)
    settled(target)
    second = registered(citizen, person())
    assert citizen.status(second)["decision"] == Decision.ACCEPTED
    assert refusal(voter(citizen, second)) == (409, "issued_before_erasure")
    third = registered(citizen, person())
    settled(target)
    assert refusal(Device(citizen, third)) == (409, "duplicate_check_pending")


def test_a_new_name_gets_no_second_credential_either(target: Target, citizen: Citizen) -> None:
    first = registered(citizen, person())
    voter(citizen, first).credential(ELECTION)
    citizen.rectify(first, renamed())
    decided(citizen, first, revision=2)
    before = len(rows(target, "IssuedMarksName"))
    gone(citizen, first)
    settled(target)
    assert len(rows(target, "IssuedMarksName")) == before + 1
    second = registered(citizen, renamed())
    assert refusal(voter(citizen, second)) == (409, "issued_before_erasure")


def test_end_of_the_election_destroys_the_key_of_its_marks(target: Target) -> None:
    election = ElectionId("7k3m9qx2w5vf")

    def keys() -> list[set[str]]:
        there = [one for one in rows(target, "MarkKeysName") if one["election"] == {"S": election}]
        return [set(one) for one in there]

    with announced(target, published(datetime.now(UTC), "DE-BE", election=election)):
        eventually("there is a key", lambda: keys() == [{"election", "secret", "ttl"}])
    over = ended(datetime.now(UTC), election=election)
    detail = over.model_dump(mode="json")
    publish(
        target, {"source": over.sources()[0], "detail-type": over.detail_type(), "detail": detail}
    )
    eventually("the key is destroyed", lambda: keys() == [{"election"}])
