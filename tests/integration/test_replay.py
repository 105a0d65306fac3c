"""Events that arrive twice, late, or from an archive change nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.operator.operations import queue_depths
from civic.stack.target import Target
from tests.integration.consumers import publish, recorded_events
from tests.integration.people import Payload, idempotency_key, person, renamed
from tests.integration.rows import BY_ID, everything_about, is_tombstone, row
from tests.integration.waiting import decided, eventually, settled, stored

REQUESTS = ("ValidationRequest",)
EVERY_KIND = {
    "ValidationRequest",
    "ValidationResult",
    "DeletionRequest",
    "DataStored",
    "DataUpdated",
    "DataDeleted",
    "DecisionDeleted",
    "JoinDeleted",
    "RollDeleted",
}


@dataclass(slots=True)
class Archive:
    """Two people and every event about them: one corrected, one corrected and then erased."""

    living: Receipt
    erased: Receipt
    events: list[dict[str, Any]]
    corrected: Payload


@pytest.fixture(scope="module")
def archive(target: Target, citizen: Citizen) -> Archive:
    settled(target)
    with recorded_events(target) as recording:
        corrected = renamed()
        receipts = [citizen.register(person(), idempotency_key()) for _ in range(2)]
        for receipt in receipts:
            decided(citizen, receipt)
            stored(citizen, receipt)
            citizen.rectify(receipt, corrected)
            decided(citizen, receipt, revision=2)
            stored(citizen, receipt, revision=2)
        living, erased = receipts
        citizen.erase(erased)
        eventually("it is erased", lambda: is_tombstone(row(target, BY_ID[2], erased)))
        settled(target)
        return Archive(living, erased, recording.envelopes(), corrected)


def only(*kinds: str) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda events: [event for event in events if event["detail-type"] in kinds]


ORDERS: dict[str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]] = {
    "as they were": lambda events: events,
    "backwards": lambda events: events[::-1],
    "each three times": lambda events: [event for event in events for _ in range(3)],
    "the requests only": only("ValidationRequest"),
    "the facts only": only("ValidationResult", "DataStored", "DataUpdated"),
}


@pytest.mark.parametrize("order", ORDERS)
def test_replayed_events_change_nothing(
    target: Target, citizen: Citizen, archive: Archive, order: str
) -> None:
    both = (archive.living, archive.erased)
    before = [everything_about(target, receipt) for receipt in both]
    for envelope in ORDERS[order](archive.events):
        publish(target, envelope)
    settled(target)
    assert [everything_about(target, receipt) for receipt in both] == before
    assert citizen.data(archive.living)["data"] == archive.corrected
    with pytest.raises(Refused):
        citizen.status(archive.erased)


def test_archive_holds_every_kind_of_event(archive: Archive) -> None:
    assert {event["detail-type"] for event in archive.events} == EVERY_KIND


def test_replays_leave_no_dead_letter(target: Target, archive: Archive) -> None:
    for envelope in archive.events:
        publish(target, envelope)
    settled(target)
    assert {depth.dead for depth in queue_depths(target)} == {0}
