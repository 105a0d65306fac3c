"""What every erasure ledger does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.errors import StoreUnavailable
from civic.identity.model.erasure import (
    UNREQUESTED_LIFETIME,
    ErasureRecord,
    ErasureStore,
    SignedReceipt,
)
from civic.identity.model.keys import AccessDigest
from civic.lab.memory.accountability import MemoryErasureLedger
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
EXPIRES = datetime(2029, 1, 1, tzinfo=UTC)
DIGEST = AccessDigest(bytes(range(32)))
OTHER_DIGEST = AccessDigest(bytes(32))
DECISIONS, RECORDS = ErasureStore.DECISIONS, ErasureStore.RECORDS
RECEIPT = SignedReceipt(b'{"a":"\xc3\xa4"}', bytes(range(70)), bytes(range(91)))

type Ledger = DynamoDbErasureLedger | MemoryErasureLedger


def deployed() -> DynamoDbErasureLedger:
    return DynamoDbErasureLedger(clients.dynamodb(), "erasure-ledger")


ledger = each_kind("dynamodb", MemoryErasureLedger, deployed)


def test_nothing_is_there_at_first(ledger: Ledger) -> None:
    assert ledger.get(ADA) is None
    assert ledger.page(None, 10) == ([], None)


def test_opened_entry_is_returned_and_kept(ledger: Ledger) -> None:
    entry = ErasureRecord(ADA, NOW, DIGEST)
    assert ledger.note_request(ADA, NOW, DIGEST, EXPIRES) == entry
    assert ledger.get(ADA) == entry
    assert ledger.get(GRACE) is None


@pytest.mark.parametrize("order", [*permutations((NOW, LATER, NOW + timedelta(days=1)))])
def test_earliest_request_counts_in_every_order(
    ledger: Ledger, order: tuple[datetime, ...]
) -> None:
    for moment in order:
        entry = ledger.note_request(ADA, moment, DIGEST, EXPIRES)
    assert ledger.get(ADA) == entry == ErasureRecord(ADA, NOW, DIGEST)


def test_later_request_changes_nothing_of_the_entry(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.confirm(ADA, [RECORDS], LATER)
    assert ledger.note_request(ADA, LATER, OTHER_DIGEST, EXPIRES) == ErasureRecord(
        ADA, NOW, DIGEST, {RECORDS: LATER}
    )


def test_moments_are_compared_with_and_without_microseconds(ledger: Ledger) -> None:
    whole = NOW.replace(microsecond=0)
    ledger.note_request(ADA, whole + timedelta(microseconds=1), DIGEST, EXPIRES)
    assert ledger.note_request(ADA, whole, DIGEST, EXPIRES).requested_at == whole
    assert (
        ledger.note_request(ADA, whole + timedelta(microseconds=1), DIGEST, EXPIRES).requested_at
        == whole
    )


@pytest.mark.parametrize("store", ErasureStore)
def test_confirmation_is_returned_and_kept(ledger: Ledger, store: ErasureStore) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    entry = ErasureRecord(ADA, NOW, DIGEST, {store: LATER})
    assert ledger.confirm(ADA, [store], LATER) == entry
    assert ledger.get(ADA) == entry


def test_confirmations_add_up(ledger: Ledger) -> None:
    ledger.confirm(ADA, [DECISIONS, RECORDS], NOW)
    entry = ledger.confirm(ADA, [ErasureStore.ANALYTICS], LATER)
    assert dict(entry.confirmed) == {DECISIONS: NOW, RECORDS: NOW, ErasureStore.ANALYTICS: LATER}


def test_first_word_of_a_store_counts(ledger: Ledger) -> None:
    ledger.confirm(ADA, [RECORDS], NOW)
    entry = ledger.confirm(ADA, [RECORDS, DECISIONS], LATER)
    assert dict(entry.confirmed) == {RECORDS: NOW, DECISIONS: LATER}


def test_confirmation_before_the_request_is_kept(ledger: Ledger) -> None:
    assert ledger.confirm(ADA, [RECORDS], NOW) == ErasureRecord(ADA, confirmed={RECORDS: NOW})
    assert ledger.note_request(ADA, LATER, DIGEST, EXPIRES) == ErasureRecord(
        ADA, LATER, DIGEST, {RECORDS: NOW}
    )


def test_receipt_is_kept_as_it_was_signed(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    assert ledger.get(ADA) == ErasureRecord(ADA, NOW, DIGEST, receipt=RECEIPT)


def test_first_receipt_stays(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    ledger.seal(ADA, SignedReceipt(b"{}", b"other", b"key"), EXPIRES)
    entry = ledger.get(ADA)
    assert entry is not None
    assert entry.receipt == RECEIPT


@pytest.mark.parametrize("hours", [-1, 1])
def test_entry_with_a_receipt_says_what_the_receipt_says(ledger: Ledger, hours: int) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.confirm(ADA, [*ErasureStore], LATER)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    before = ledger.get(ADA)
    assert ledger.note_request(ADA, NOW + timedelta(hours=hours), OTHER_DIGEST, EXPIRES) == before
    assert ledger.confirm(ADA, [*ErasureStore], NOW) == before
    assert ledger.get(ADA) == before


def test_store_that_joined_later_is_not_added_to_a_receipt(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.confirm(ADA, [DECISIONS, RECORDS], NOW)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    entry = ledger.confirm(ADA, [ErasureStore.ISSUANCE_ROLL], LATER)
    assert dict(entry.confirmed) == {DECISIONS: NOW, RECORDS: NOW}
    assert ledger.get(ADA) == entry
    assert entry.completed_at == NOW


def test_receipt_is_part_of_what_every_later_change_returns(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    assert ledger.note_request(ADA, LATER, DIGEST, EXPIRES).receipt == RECEIPT
    assert ledger.confirm(ADA, [RECORDS], LATER).receipt == RECEIPT


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_pages_hold_every_entry_once(ledger: Ledger, size: int) -> None:
    people = [RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{i}") for i in range(5)]
    for person in people:
        ledger.note_request(person, NOW, DIGEST, EXPIRES)
    seen: list[RegistrationId] = []
    cursor, more = None, True
    while more:
        entries, cursor = ledger.page(cursor, size)
        assert len(entries) <= size
        seen += [entry.id for entry in entries]
        more = cursor is not None
    assert sorted(seen) == people


def test_page_holds_entries_whole(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.confirm(ADA, [RECORDS], LATER)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    entries, _ = ledger.page(None, 10)
    assert entries == [ErasureRecord(ADA, NOW, DIGEST, {RECORDS: LATER}, RECEIPT)]


TODAY, MIDNIGHT = datetime(2027, 1, 15, tzinfo=UTC), datetime(2027, 1, 16, tzinfo=UTC)
LAST = MIDNIGHT - timedelta(microseconds=1)


def counted(ledger: Ledger, before: datetime = MIDNIGHT, since: datetime = TODAY) -> int:
    return ledger.completed(before, since)


@pytest.mark.parametrize("moment", [NOW, LAST, LAST.replace(microsecond=0)])
def test_erasure_counts_once_every_store_has_confirmed(ledger: Ledger, moment: datetime) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.note_request(GRACE, NOW, DIGEST, EXPIRES)
    ledger.confirm(GRACE, [RECORDS], NOW)
    *most, last = ErasureStore
    ledger.confirm(ADA, most, NOW)
    assert counted(ledger) == 0
    ledger.confirm(ADA, [last], moment)
    assert counted(ledger) == 1
    ledger.seal(ADA, RECEIPT, EXPIRES)
    assert counted(ledger) == 1


@pytest.mark.parametrize("moment", [MIDNIGHT, MIDNIGHT + timedelta(microseconds=1)])
def test_erasure_counts_not_before_the_day_of_its_last_confirmation(
    ledger: Ledger, moment: datetime
) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    *most, last = ErasureStore
    ledger.confirm(ADA, most, NOW)
    ledger.confirm(ADA, [last], moment)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    assert counted(ledger) == 0
    assert counted(ledger, MIDNIGHT + timedelta(days=1)) == 1


def test_erasure_with_a_receipt_counts_whatever_store_joined_later(ledger: Ledger) -> None:
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    ledger.confirm(ADA, [DECISIONS, RECORDS], NOW)
    ledger.seal(ADA, RECEIPT, EXPIRES)
    assert counted(ledger) == 1


@pytest.mark.parametrize("moment", [TODAY, TODAY + timedelta(microseconds=1)])
def test_erasure_counts_from_the_day_on_which_it_was_asked_for(
    ledger: Ledger, moment: datetime
) -> None:
    ledger.note_request(ADA, moment, DIGEST, EXPIRES)
    ledger.confirm(ADA, [*ErasureStore], NOW)
    assert counted(ledger, since=TODAY) == 1
    assert counted(ledger, since=TODAY + timedelta(days=1)) == 0


def test_entry_that_nobody_asked_for_is_no_entry(ledger: Ledger) -> None:
    # Late confirmations, of a replay of the archive for one, make such entries.
    ledger.confirm(ADA, [*ErasureStore], NOW)
    assert ledger.get(ADA) is None
    assert ledger.page(None, 10)[0] == []
    assert counted(ledger) == 0
    ledger.note_request(ADA, NOW, DIGEST, EXPIRES)
    assert ledger.get(ADA) == ledger.page(None, 10)[0][0]
    assert counted(ledger) == 1


def test_count_asks_for_a_number_only_and_adds_up_its_pages(aws: Aws) -> None:
    people = [RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{i}") for i in range(5)]
    for person in people:
        deployed().note_request(person, NOW, DIGEST, EXPIRES)
        deployed().confirm(person, [*ErasureStore], NOW)

    def two_a_page(**call: Any) -> None:
        call["params"]["Limit"] = 2

    aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", two_a_page)
    assert counted(deployed()) == 5
    assert {one["Select"] for one in aws.asked("Scan")} == {"COUNT"}
    assert {one["ConsistentRead"] for one in aws.asked("Scan")} == {True}


def expiry(aws: Aws) -> datetime:
    (item,) = aws.items("erasure-ledger")
    return datetime.fromtimestamp(int(item["ttl"]["N"]), UTC)


@pytest.mark.parametrize("requested_first", [True, False])
def test_entry_is_kept_from_when_it_is_written(aws: Aws, *, requested_first: bool) -> None:
    # Whenever it was asked for: the request may be as old as the person likes.
    steps: list[Callable[[], object]] = [
        lambda: deployed().note_request(ADA, NOW - timedelta(days=390), DIGEST, EXPIRES),
        lambda: deployed().confirm(ADA, [RECORDS], LATER),
    ]
    for step in steps if requested_first else steps[::-1]:
        step()
    assert expiry(aws) == EXPIRES
    deployed().confirm(ADA, [DECISIONS], LATER)
    assert expiry(aws) == EXPIRES


def test_entry_is_kept_anew_once_it_has_a_receipt(aws: Aws) -> None:
    deployed().note_request(ADA, NOW, DIGEST, EXPIRES)
    deployed().seal(ADA, RECEIPT, EXPIRES + timedelta(days=390))
    assert expiry(aws) == EXPIRES + timedelta(days=390)
    deployed().seal(ADA, RECEIPT, EXPIRES + timedelta(days=9999))
    assert expiry(aws) == EXPIRES + timedelta(days=390)


def test_confirmation_without_a_request_expires_soon(aws: Aws) -> None:
    for store in (RECORDS, DECISIONS):
        deployed().confirm(ADA, [store], NOW)
    assert expiry(aws) == (NOW + UNREQUESTED_LIFETIME).replace(microsecond=0)


def test_reads_are_consistent(aws: Aws) -> None:
    deployed().get(ADA)
    deployed().page(None, 10)
    asked = aws.asked("GetItem") + aws.asked("Scan")
    assert [one["ConsistentRead"] for one in asked] == [True, True]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("UpdateItem", "GetItem", "Scan"):
        aws.fail("dynamodb", operation, code)
    ledger = deployed()
    calls: list[Callable[[], object]] = [
        lambda: ledger.note_request(ADA, NOW, DIGEST, EXPIRES),
        lambda: ledger.confirm(ADA, [RECORDS], NOW),
        lambda: ledger.seal(ADA, RECEIPT, EXPIRES),
        lambda: ledger.get(ADA),
        lambda: ledger.page(None, 10),
        lambda: ledger.completed(MIDNIGHT, TODAY),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
