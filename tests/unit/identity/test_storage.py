"""PII storage: keeps the highest revision, and destroys every key that is no longer needed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import (
    DataChange,
    RestrictionChanged,
    RevalidationRequest,
    ValidationRequest,
)
from civic.contracts.identifiers import Revision
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.contracts.trace import TraceContext
from civic.identity.errors import DigestsDisagree, NotYetStored
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import Tombstone, VaultRow
from civic.identity.usecases.storage import Storage, erase, resume, store
from tests.fakes.faults import Faults, Meanwhile
from tests.fakes.pipeline import NOW, TRACE, Pipeline
from tests.strategies.registrations import person

ANOTHER = AccessDigest(bytes(32))


def registered(pipeline: Pipeline, corrections: int = 0) -> tuple[Receipt, list[ValidationRequest]]:
    receipt = pipeline.register(person())
    for number in range(corrections):
        pipeline.rectify(receipt, person(username=f"corrected {number}"))
    return receipt, pipeline.bus.of(ValidationRequest)


def ended(receipt: Receipt, after: timedelta = timedelta(0)) -> DataChange:
    return DataChange(
        id=receipt.id,
        at=NOW + after,
        access_digest=receipt.access_digest,
        traceparent=TRACE.traceparent,
    )


def stored_row(pipeline: Pipeline, receipt: Receipt) -> VaultRow:
    row = pipeline.vault.rows[receipt.id]
    assert isinstance(row, VaultRow)
    return row


def test_first_revision_is_kept_as_it_was_sealed() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    change = store(pipeline.storage, request)
    assert stored_row(pipeline, receipt) == VaultRow(
        RecordId(receipt.id, Revision(1)),
        receipt.access_digest,
        request.sealed,
        created=NOW,
        updated=NOW,
    )
    assert change is not None
    assert (change.id, change.revision, change.at) == (receipt.id, 1, NOW)
    assert change.traceparent == TRACE.traceparent
    assert list(pipeline.subject_keys.owners(receipt.id)) == [1]


def test_redelivery_is_announced_again() -> None:
    pipeline = Pipeline()
    _, (request,) = registered(pipeline)
    assert store(pipeline.storage, request) == store(pipeline.storage, request) is not None


def test_later_revision_replaces_the_row_and_destroys_earlier_keys() -> None:
    pipeline = Pipeline()
    receipt, (first, second, third) = registered(pipeline, corrections=2)
    for request in (first, second, third):
        assert store(pipeline.storage, request) is not None
    assert stored_row(pipeline, receipt).sealed == third.sealed
    assert list(pipeline.subject_keys.owners(receipt.id)) == [3]


def test_later_revision_leaves_keys_of_even_later_ones() -> None:
    pipeline = Pipeline()
    receipt, (_, second, _) = registered(pipeline, corrections=2)
    store(pipeline.storage, second)
    assert list(pipeline.subject_keys.owners(receipt.id)) == [2, 3]


def test_superseded_revision_is_not_kept_and_loses_its_key() -> None:
    pipeline = Pipeline()
    receipt, (first, second) = registered(pipeline, corrections=1)
    store(pipeline.storage, second)
    row = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(2))]
    late = RecordId(receipt.id, Revision(1))
    pipeline.subject_keys.put(StoredSubjectKey(late, row.wrapped, row.access_digest))
    assert store(pipeline.storage, first) is None
    assert stored_row(pipeline, receipt).sealed == second.sealed
    assert list(pipeline.subject_keys.owners(receipt.id)) == [2]


def test_redelivered_correction_finishes_the_destruction_of_earlier_keys() -> None:
    pipeline = Pipeline()
    receipt, (_, second) = registered(pipeline, corrections=1)
    first_key = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    store(pipeline.storage, second)
    pipeline.subject_keys.put(first_key)
    store(pipeline.storage, second)
    assert list(pipeline.subject_keys.owners(receipt.id)) == [2]


def test_erasure_leaves_a_tombstone_without_digest_and_no_key() -> None:
    pipeline = Pipeline()
    receipt, requests = registered(pipeline, corrections=1)
    store(pipeline.storage, requests[0])
    change = erase(pipeline.storage, ended(receipt))
    assert pipeline.vault.rows[receipt.id] == Tombstone(receipt.id, NOW, NOW + TOMBSTONE_LIFETIME)
    assert list(pipeline.subject_keys.owners(receipt.id)) == []
    assert (change.id, change.revision, change.at) == (receipt.id, None, NOW)


def test_erasure_leaves_other_people_alone() -> None:
    pipeline = Pipeline()
    receipt, _ = registered(pipeline)
    other, requests = registered(pipeline)
    store(pipeline.storage, requests[1])
    erase(pipeline.storage, ended(receipt))
    assert stored_row(pipeline, other).sealed == requests[1].sealed
    assert list(pipeline.subject_keys.owners(other.id)) == [1]


def test_erasure_again_keeps_the_first_tombstone() -> None:
    pipeline = Pipeline()
    receipt, _ = registered(pipeline)
    erase(pipeline.storage, ended(receipt))
    erase(pipeline.storage, ended(receipt, after=timedelta(days=1)))
    assert pipeline.vault.rows[receipt.id] == Tombstone(receipt.id, NOW, NOW + TOMBSTONE_LIFETIME)


def test_revision_that_comes_after_the_erasure_loses_its_key_and_is_ignored() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    key = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    erase(pipeline.storage, ended(receipt))
    pipeline.subject_keys.put(key)
    assert store(pipeline.storage, request) is None
    assert isinstance(pipeline.vault.rows[receipt.id], Tombstone)
    assert not pipeline.subject_keys.rows


@pytest.mark.parametrize("call", range(1, 4))
def test_revision_that_comes_during_the_erasure_leaves_no_key(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt, (request,) = registered(pipeline)
    later = request.model_copy(update={"revision": Revision(2)})
    wrapped = WrappedKey(WrappingKeyVersion("wk-0001"), b"wrapped")

    def a_correction_arrives() -> None:
        record = RecordId(receipt.id, Revision(2))
        pipeline.subject_keys.put(StoredSubjectKey(record, wrapped, receipt.access_digest))
        store(pipeline.storage, later)

    meanwhile.action = a_correction_arrives
    meanwhile.at = {meanwhile.calls + call}
    erase(pipeline.storage, ended(receipt))
    assert isinstance(pipeline.vault.rows[receipt.id], Tombstone)
    assert list(pipeline.subject_keys.owners(receipt.id)) == []


def test_revision_whose_key_is_gone_is_not_kept() -> None:
    # A copy of something erased or superseded, which nobody could open.
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    pipeline.subject_keys.delete(RecordId(receipt.id, Revision(1)))
    assert store(pipeline.storage, request) is None
    assert not pipeline.vault.rows


def test_revision_whose_key_is_gone_leaves_the_row_and_the_key_of_another() -> None:
    pipeline = Pipeline()
    receipt, (first, second) = registered(pipeline, corrections=1)
    store(pipeline.storage, first)
    pipeline.subject_keys.delete(RecordId(receipt.id, Revision(2)))
    assert store(pipeline.storage, second) is None
    assert stored_row(pipeline, receipt).sealed == first.sealed
    assert list(pipeline.subject_keys.owners(receipt.id)) == [1]


def test_foreign_revision_is_refused_every_time_and_its_key_stays_as_evidence() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    store(pipeline.storage, request)
    row = stored_row(pipeline, receipt)
    key = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    planted = RecordId(receipt.id, Revision(2))
    pipeline.subject_keys.put(replace(key, record=planted, access_digest=ANOTHER))
    foreign = request.model_copy(update={"revision": Revision(2), "access_digest": ANOTHER})
    for _ in range(2):
        with pytest.raises(DigestsDisagree):
            store(pipeline.storage, foreign)
    assert stored_row(pipeline, receipt) == row
    assert pipeline.subject_keys.owners(receipt.id) == {1: receipt.access_digest, 2: ANOTHER}


def test_revision_that_its_key_is_not_under_is_refused_before_it_is_kept() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    with pytest.raises(DigestsDisagree):
        store(pipeline.storage, request.model_copy(update={"access_digest": ANOTHER}))
    assert not pipeline.vault.rows
    assert pipeline.subject_keys.owners(receipt.id) == {1: receipt.access_digest}


def test_foreign_revision_that_was_superseded_is_not_kept_and_loses_its_key() -> None:
    # Somebody used an Idempotency-Key again, for other data, after its first key was destroyed.
    pipeline = Pipeline()
    receipt, (request, second) = registered(pipeline, corrections=1)
    store(pipeline.storage, second)
    key = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(2))]
    late = RecordId(receipt.id, Revision(1))
    pipeline.subject_keys.put(replace(key, record=late, access_digest=ANOTHER))
    foreign = request.model_copy(update={"access_digest": ANOTHER})
    assert store(pipeline.storage, foreign) is None
    assert list(pipeline.subject_keys.owners(receipt.id)) == [2]


def changed(receipt: Receipt, resume: int | None, sequence: int = 2) -> RestrictionChanged:
    return RestrictionChanged(
        id=receipt.id,
        sequence=sequence,
        resume=Revision(resume) if resume else None,
        at=NOW,
        traceparent=TraceContext("1" * 32, "2" * 16).traceparent,
    )


def resumed(storage: Storage, change: RestrictionChanged) -> RevalidationRequest | None:
    return resume(storage, change.id, change.resume, change.traceparent)


def test_restriction_asks_for_no_decision() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    store(pipeline.storage, request)
    assert resumed(pipeline.storage, changed(receipt, None, sequence=1)) is None


def test_lifting_asks_for_the_decision_on_what_is_stored() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    store(pipeline.storage, request)
    change = changed(receipt, 1)
    asked = resumed(pipeline.storage, change)
    assert isinstance(asked, RevalidationRequest)
    assert asked.model_dump() == request.model_dump() | {"traceparent": change.traceparent}


def test_decision_on_a_later_revision_is_asked_for_where_one_is_stored() -> None:
    pipeline = Pipeline()
    receipt, _ = registered(pipeline)
    pipeline.now += timedelta(days=1)
    pipeline.rectify(receipt, person(username="corrected"))
    second = pipeline.bus.of(ValidationRequest)[1]
    store(pipeline.storage, second)
    change = changed(receipt, 1)
    asked = resumed(pipeline.storage, change)
    assert asked is not None
    assert asked.model_dump() == second.model_dump() | {"traceparent": change.traceparent}


@pytest.mark.parametrize("stored", [0, 1])
def test_lifting_waits_for_a_revision_that_is_still_on_its_way(stored: int) -> None:
    pipeline = Pipeline()
    receipt, requests = registered(pipeline, corrections=1)
    for request in requests[:stored]:
        store(pipeline.storage, request)
    with pytest.raises(NotYetStored):
        resumed(pipeline.storage, changed(receipt, 2))


def test_lifting_asks_for_nothing_about_the_erased() -> None:
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    store(pipeline.storage, request)
    erase(pipeline.storage, ended(receipt))
    assert resumed(pipeline.storage, changed(receipt, 1)) is None


def test_lifting_needs_no_key() -> None:
    keys = Faults()
    pipeline = Pipeline()
    receipt, (request,) = registered(pipeline)
    store(pipeline.storage, request)
    storage = replace(pipeline.storage, subject_keys=keys.guard(pipeline.subject_keys))
    assert resumed(storage, changed(receipt, 1)) is not None
    assert keys.calls == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_of_two_erasures_the_earlier_counts_in_either_order(hours: int) -> None:
    pipeline = Pipeline()
    receipt, _ = registered(pipeline)
    for after in (timedelta(0), timedelta(hours=hours)):
        erase(pipeline.storage, ended(receipt, after))
    first = NOW + min(timedelta(0), timedelta(hours=hours))
    assert pipeline.vault.rows[receipt.id] == Tombstone(receipt.id, first, NOW + TOMBSTONE_LIFETIME)
