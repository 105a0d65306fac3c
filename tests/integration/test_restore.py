"""Erasure survives a restore of every table, archive and queue (GDPR Art. 17).

Copies of everything are taken, people are erased, and the copies are put back: first all but the
subject keys, then the subject keys too, which is the only case in which the erasure ledger must be
replayed. The ledger itself is never restored (docs/operations.md).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.identity.model.erasure import ErasureStore
from civic.lab.demo.break_in import BreakIn, Copy
from civic.lab.demo.copies import copy_of_event, copy_of_item
from civic.operator.operations import redrive
from civic.stack.target import Target
from tests.integration.backups import Snapshot, restore, snapshot
from tests.integration.consumers import publish, recorded_events
from tests.integration.people import Payload, idempotency_key, person, renamed
from tests.integration.rows import BY_ID, everything_about, is_tombstone, row, subject_keys
from tests.integration.waiting import decided, eventually, settled, stored

NEVER_RESTORED = {"ErasureLedger", "SubjectKeysTable"}
REQUESTS = ("Validator", "PiiStorage")


@dataclass(slots=True)
class Disaster:
    """Two erased people and a living one, with every copy made before the erasure."""

    living: Receipt
    erased: tuple[Receipt, Receipt]
    backup: Snapshot
    archive: list[dict[str, Any]]
    payload: Payload
    """What the living one has registered."""

    def copies_of(self, receipt: Receipt) -> list[Copy]:
        """Return every sealed copy of a person's data."""
        rows = [one for one in self.backup["HighSecDataStore"] if one["id"]["S"] == receipt.id]
        events = [
            one
            for one in self.archive
            if one["detail-type"] == "ValidationRequest" and one["detail"]["id"] == receipt.id
        ]
        return [*map(copy_of_item, rows), *map(copy_of_event, events)]


@pytest.fixture(scope="module")
def disaster(target: Target, citizen: Citizen) -> Disaster:
    settled(target)
    with recorded_events(target) as recording:
        payload = person()
        living, first, second = (
            citizen.register(one, idempotency_key())
            for one in (payload, person(full_name="Second"), person(full_name="Third"))
        )
        for receipt in (living, first, second):
            decided(citizen, receipt)
            stored(citizen, receipt)
        citizen.rectify(first, renamed())
        decided(citizen, first, revision=2)
        stored(citizen, first, revision=2)
        settled(target)
        erased = (first, second)
        disaster = Disaster(living, erased, snapshot(target), recording.envelopes(), payload)
    for envelope in disaster.archive:
        if envelope["detail-type"] == "ValidationRequest":
            for consumer in REQUESTS:
                dlq = target.output(f"{consumer}DlqUrl")
                target.sqs.send_message(QueueUrl=dlq, MessageBody=json.dumps(envelope))
    for receipt in disaster.erased:
        citizen.erase(receipt)
    eventually(
        "the erasures are complete",
        lambda: all(completed(target, receipt) for receipt in disaster.erased),
    )
    return disaster


@pytest.fixture(scope="module")
def without_keys(target: Target, disaster: Disaster) -> Disaster:
    """Everything is restored except the subject keys, and every event is delivered again."""
    restore(target, disaster.backup, *(set(disaster.backup) - NEVER_RESTORED))
    come_again(target, disaster)
    return disaster


@pytest.fixture(scope="module")
def with_keys(target: Target, citizen: Citizen, without_keys: Disaster) -> Disaster:
    """The subject keys are restored too, which is shown to matter; then the ledger is replayed."""
    disaster = without_keys
    restore(target, disaster.backup, *(set(disaster.backup) - {"ErasureLedger"}))
    come_again(target, disaster)
    for receipt in disaster.erased:
        assert citizen.data(receipt)["data"]
        assert opened(target, disaster, receipt)
    replay_ledger(target)
    settled(target)
    come_again(target, disaster)
    return disaster


def come_again(target: Target, disaster: Disaster) -> None:
    for envelope in disaster.archive:
        publish(target, envelope)
    for consumer in REQUESTS:
        redrive(target, consumer)
    settled(target)


def replay_ledger(target: Target) -> None:
    cursor = None
    while True:
        command = {"action": "replay", "cursor": cursor, "page_size": 1}
        answer = target.functions.invoke(
            FunctionName=target.output("AccountabilityFunctionName"),
            Payload=json.dumps(command).encode(),
        )
        page = json.loads(answer["Payload"].read())
        assert "replayed" in page, page
        cursor = page["cursor"]
        if cursor is None:
            return


def ledger_entry(target: Target, receipt: Receipt) -> dict[str, Any] | None:
    return row(target, "ErasureLedgerName", receipt)


def completed(target: Target, receipt: Receipt) -> bool:
    return "receipt" in (ledger_entry(target, receipt) or {})


def opened(target: Target, disaster: Disaster, receipt: Receipt) -> list[str]:
    """Return the copies that an attacker with all rights and all keys can open."""
    thief = BreakIn(target)
    return [copy.where for copy in disaster.copies_of(receipt) if thief.opens(copy)]


REQUESTS_OF_A_CITIZEN: dict[str, Callable[[Citizen, Receipt], object]] = {
    "status": Citizen.status,
    "data": Citizen.data,
    "rectify": lambda citizen, receipt: citizen.rectify(receipt, person()),
}


def assert_gone(target: Target, citizen: Citizen, disaster: Disaster) -> None:
    for receipt in disaster.erased:
        assert opened(target, disaster, receipt) == []
        for ask in REQUESTS_OF_A_CITIZEN.values():
            with pytest.raises(Refused) as refusal:
                ask(citizen, receipt)
            assert refusal.value.status == 404


def assert_alive(target: Target, citizen: Citizen, disaster: Disaster) -> None:
    assert citizen.status(disaster.living)["decision"] == "accepted"
    assert citizen.data(disaster.living)["data"] == disaster.payload
    assert len(opened(target, disaster, disaster.living)) == len(
        disaster.copies_of(disaster.living)
    )


def test_copies_of_erased_people_were_made(disaster: Disaster) -> None:
    first, second = disaster.erased
    assert (len(disaster.copies_of(first)), len(disaster.copies_of(second))) == (3, 2)


def test_nobody_comes_back_with_everything_but_the_subject_keys(
    target: Target, citizen: Citizen, without_keys: Disaster
) -> None:
    assert_gone(target, citizen, without_keys)
    assert_alive(target, citizen, without_keys)


def test_nobody_comes_back_with_the_subject_keys_once_the_ledger_is_replayed(
    target: Target, citizen: Citizen, with_keys: Disaster
) -> None:
    assert_gone(target, citizen, with_keys)
    assert_alive(target, citizen, with_keys)


def test_replay_leaves_tombstones_and_no_key(target: Target, with_keys: Disaster) -> None:
    for receipt in with_keys.erased:
        assert all(is_tombstone(row(target, store, receipt)) for store in BY_ID)
        assert subject_keys(target, receipt) == []


def test_replay_twice_changes_nothing(target: Target, with_keys: Disaster) -> None:
    people = (with_keys.living, *with_keys.erased)
    before = [everything_about(target, receipt) for receipt in people]
    ledger = [ledger_entry(target, receipt) for receipt in people]
    replay_ledger(target)
    settled(target)
    assert [everything_about(target, receipt) for receipt in people] == before
    assert [ledger_entry(target, receipt) for receipt in people] == ledger


def test_ledger_holds_ids_times_and_digests_only(target: Target, disaster: Disaster) -> None:
    entry = ledger_entry(target, disaster.erased[0])
    assert entry is not None
    stores = {name for name in entry if name.startswith("at_")}
    assert stores == {f"at_{store.value}" for store in ErasureStore}
    assert entry.keys() - stores == {
        "id",
        "requested",
        "access_digest",
        "ttl",
        "receipt",
        "signature",
        "public_key",
    }
    receipt = json.loads(bytes(entry["receipt"]["B"]))
    assert receipt["registration"] == disaster.erased[0].id
    assert not {"Ada", "Grace", "Berlin"} & set(json.dumps(receipt).split())
