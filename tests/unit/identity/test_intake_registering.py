"""The gateway's use cases: what a citizen is told, and what has happened by then."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from civic.contracts.events import ValidationRequest
from civic.identity.errors import (
    IdempotencyKeyReused,
    RegistrationErased,
    RevisionTaken,
    WrappingKeyMissing,
)
from civic.identity.model.keys import StoredSubjectKey, digest_of
from civic.identity.model.rows import Status, Tombstone
from civic.identity.usecases.intake import register
from civic.lab.memory.identity import MemorySubjectKeys
from civic.lab.memory.keys import MemoryKeyUnwrapper
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline, with_entropy
from tests.fakes.views import decision_of, opened
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"


def test_register_publishes_one_sealed_request_for_the_receipt() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    (request,) = pipeline.bus.of(ValidationRequest)
    assert pipeline.bus.events == [request]
    assert (request.id, request.revision) == (receipt.id, 1)
    assert request.access_digest == digest_of(receipt.access_token)
    assert request.created_at == request.submitted_at == NOW
    assert request.traceparent == TRACE.traceparent
    assert opened(pipeline, request) == person()


def test_register_leaves_a_pending_row_and_one_subject_key() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    row = decision_of(pipeline, receipt.id)
    assert (row.record.revision, row.status, row.created) == (1, Status.PENDING, NOW)
    assert list(pipeline.subject_keys.owners(receipt.id)) == [1]


def test_register_publishes_no_plain_text() -> None:
    pipeline = Pipeline()
    pipeline.register(person(full_name="Canary Marked Name"))
    published = pipeline.bus.events[0].model_dump_json()
    assert "Canary" not in published
    assert b"Canary".hex() not in published


def test_register_gives_every_person_another_id_and_token() -> None:
    pipeline = Pipeline()
    first, second = pipeline.register(person()), pipeline.register(person())
    assert first.id != second.id
    assert first.access_token != second.access_token


def test_register_uses_a_fresh_subject_key_for_every_registration() -> None:
    pipeline = Pipeline()
    for _ in range(2):
        pipeline.register(person())
    unwrapper = MemoryKeyUnwrapper(pipeline.ring)
    rows = pipeline.subject_keys.rows.values()
    secrets = {
        unwrapper.unwrap(row.wrapped, row.record.id, row.access_digest).secret for row in rows
    }
    assert len(secrets) == 2


def test_register_without_wrapping_key_accepts_nothing() -> None:
    pipeline = Pipeline()
    pipeline.ring.secrets.clear()
    with pytest.raises(WrappingKeyMissing):
        pipeline.register(person())
    assert not pipeline.bus.events
    assert not pipeline.subject_keys.rows
    assert not pipeline.decisions.rows


def test_retry_with_same_payload_gives_same_receipt_and_publishes_nothing() -> None:
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    assert pipeline.register(person(), KEY) == first
    assert len(pipeline.bus.events) == 1
    assert len(pipeline.subject_keys.rows) == 1


def test_retry_with_other_payload_is_refused_and_publishes_nothing() -> None:
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    with pytest.raises(IdempotencyKeyReused):
        pipeline.register(person(full_name="Someone Else"), KEY)
    assert len(pipeline.bus.events) == 1
    assert decision_of(pipeline, first.id).access_digest == first.access_digest


def test_retry_with_other_payload_after_the_first_key_is_destroyed_changes_nothing() -> None:
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    pipeline.rectify(first, person(username="corrected"))
    pipeline.drain()
    before, published = snapshot(pipeline), len(pipeline.bus.events)
    with pytest.raises(IdempotencyKeyReused):
        pipeline.register(person(full_name="Someone Else"), KEY)
    pipeline.drain(published)
    assert snapshot(pipeline) == before


def test_retry_after_a_decision_gives_same_receipt() -> None:
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    pipeline.drain()
    assert pipeline.register(person(), KEY) == first
    assert decision_of(pipeline, first.id).status is Status.FULFILLED


def test_retry_after_a_rectification_does_not_undo_it() -> None:
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    pipeline.rectify(first, person(username="corrected"))
    pipeline.drain()
    published = len(pipeline.bus.events)
    assert pipeline.register(person(), KEY) == first
    pipeline.drain(published)
    assert decision_of(pipeline, first.id).record.revision == 2
    assert list(pipeline.subject_keys.owners(first.id)) == [2]


def test_retry_after_erasure_is_told_so_and_brings_nothing_back() -> None:
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    pipeline.erase(first)
    pipeline.drain()
    published = len(pipeline.bus.events)
    with pytest.raises(RegistrationErased):
        pipeline.register(person(), KEY)
    pipeline.drain(published)
    assert isinstance(pipeline.vault.rows[first.id], Tombstone)
    assert isinstance(pipeline.decisions.rows[first.id], Tombstone)
    assert not pipeline.subject_keys.rows


def test_duplicate_between_key_and_event_submits_the_next_revision() -> None:
    # The first attempt died after writing its subject key: nobody can tell if its event went out.
    pipeline = Pipeline()
    first = pipeline.register(person(), KEY)
    pipeline.bus.events.clear()
    pipeline.decisions.rows.clear()
    assert pipeline.register(person(), KEY) == first
    (request,) = pipeline.bus.of(ValidationRequest)
    assert request.revision == 2
    assert opened(pipeline, request) == person()
    assert decision_of(pipeline, first.id).record.revision == 2


def test_retry_with_other_payload_after_a_broken_off_attempt_is_refused() -> None:
    pipeline = Pipeline()
    pipeline.register(person(), KEY)
    pipeline.bus.events.clear()
    pipeline.decisions.rows.clear()
    with pytest.raises(IdempotencyKeyReused):
        pipeline.register(person(full_name="Someone Else"), KEY)
    assert not pipeline.bus.events


@pytest.mark.parametrize("call", range(1, 5))
def test_duplicate_at_the_same_moment_ends_in_one_registration(call: int) -> None:
    meanwhile = Meanwhile(call)
    pipeline = Pipeline(meanwhile)
    twin = with_entropy(pipeline, "twin")
    receipts = []
    meanwhile.action = lambda: receipts.append(register(twin, person(), KEY, TRACE))
    receipts.append(pipeline.register(person(), KEY))
    pipeline.drain()
    assert len(receipts) == 2
    assert receipts[0] == receipts[1]
    row = decision_of(pipeline, receipts[0].id)
    assert row.status is Status.FULFILLED
    assert list(pipeline.subject_keys.owners(row.record.id)) == [row.record.revision]
    assert len(list(pipeline.joins.complete())) == 1


class OvertakenKeys(MemorySubjectKeys):
    """Makes something happen once, just after a revision was found taken."""

    def __init__(self) -> None:
        super().__init__()
        self.action: Callable[[], None] = lambda: None

    def put(self, row: StoredSubjectKey) -> None:
        try:
            super().put(row)
        except RevisionTaken:
            action, self.action = self.action, lambda: None
            action()
            raise


def test_key_reused_while_the_first_attempt_is_retried_publishes_nothing() -> None:
    # The first attempt died after its subject key. While another payload comes under its key, it
    # is retried: the retry brings revision 2, PII storage stores that and destroys the first
    # subject key, and the row of revision 2 is still to be written.
    pipeline = Pipeline()
    pipeline.subject_keys = keys = OvertakenKeys()
    pipeline.intake = replace(pipeline.intake, subject_keys=keys)
    pipeline.storage = replace(pipeline.storage, subject_keys=keys)
    with pytest.raises(Crash):
        register(
            replace(pipeline.intake, events=Faults(1).guard(pipeline.bus)), person(), KEY, TRACE
        )

    def retried() -> None:
        twin = with_entropy(pipeline, "twin")
        with pytest.raises(Crash):
            register(
                replace(twin, decisions=Faults(3).guard(pipeline.decisions)), person(), KEY, TRACE
            )
        pipeline.deliver(Consumer.STORAGE, pipeline.bus.of(ValidationRequest)[0])

    keys.action = retried
    with pytest.raises(IdempotencyKeyReused):
        pipeline.register(person(full_name="Someone Else"), KEY)
    (request,) = pipeline.bus.of(ValidationRequest)
    assert (request.revision, opened(pipeline, request)) == (2, person())
    assert [record.revision for record in keys.rows] == [2]
    assert not pipeline.decisions.rows
    assert pipeline.register(person(), KEY).id == request.id


def snapshot(pipeline: Pipeline) -> tuple[object, ...]:
    rows = (pipeline.vault.rows, pipeline.decisions.rows, pipeline.subject_keys.rows)
    return tuple(dict(one) for one in rows)
