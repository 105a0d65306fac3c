"""The gateway's use cases: what a citizen is told, and what has happened by then."""

from dataclasses import replace

import pytest

from civic.contracts.events import DeletionRequest, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import RegistrationNotFound
from civic.identity.model.keys import RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import DecisionRow, Status, Tombstone
from civic.lab.memory.identity import MemoryDecisions
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, Pipeline, with_entropy
from tests.fakes.views import decision_of, opened, view
from tests.strategies.registrations import person


def test_rectify_publishes_the_corrected_data_as_next_revision() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    row = pipeline.rectify(receipt, person(username="corrected"))
    request = pipeline.bus.of(ValidationRequest)[1]
    assert (request.id, request.revision) == (receipt.id, 2)
    assert request.created_at == NOW
    assert opened(pipeline, request) == person(username="corrected")
    assert (row.record.revision, row.status) == (2, Status.PENDING)
    assert decision_of(pipeline, receipt.id) == row


def test_rectify_of_a_decided_registration_is_pending_again() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    assert pipeline.rectify(receipt, person()).status is Status.PENDING
    assert decision_of(pipeline, receipt.id).status is Status.PENDING


def test_rectify_passes_over_a_revision_that_is_taken() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    taken = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    pipeline.subject_keys.put(replace(taken, record=RecordId(receipt.id, Revision(2))))
    assert pipeline.rectify(receipt, person()).record.revision == 3


@pytest.mark.parametrize("operation", ["read", "rectify", "erase"])
@pytest.mark.parametrize("wrong", ["token", "id", "both", "empty"])
def test_strangers_are_told_nothing(operation: str, wrong: str) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    stranger = {
        "token": replace(receipt, access_token="x" * 43),
        "id": replace(receipt, id=UNKNOWN),
        "both": another().register(person(username="x")),
        "empty": replace(receipt, access_token=""),
    }[wrong]
    published = len(pipeline.bus.events)
    with pytest.raises(RegistrationNotFound):
        run(pipeline, operation, stranger)
    assert len(pipeline.bus.events) == published


@pytest.mark.parametrize("operation", ["read", "rectify"])
def test_erased_registration_answers_like_an_unknown_one(operation: str) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.erase(receipt)
    with pytest.raises(RegistrationNotFound):
        run(pipeline, operation, receipt)


def test_rectify_that_meets_an_erasure_at_its_end_is_told_not_found() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    known = decision_of(pipeline, receipt.id)
    pipeline.erase(receipt)
    grave = pipeline.decisions.rows[receipt.id]

    class ErasedMeanwhile(MemoryDecisions):
        """Reads return the state before the erasure, writes meet the state after it."""

        def get(self, _registration: RegistrationId) -> DecisionRow:
            return known

        def note_pending(self, _row: DecisionRow) -> Tombstone:
            assert isinstance(grave, Tombstone)
            return grave

    pipeline.intake = replace(pipeline.intake, decisions=ErasedMeanwhile())
    with pytest.raises(RegistrationNotFound):
        pipeline.rectify(receipt, person())
    pipeline.drain()
    assert not pipeline.subject_keys.rows


def test_erase_publishes_once_and_buries_the_decision() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    grave = pipeline.erase(receipt)
    (request,) = pipeline.bus.of(DeletionRequest)
    assert (request.id, request.requested_at) == (receipt.id, NOW)
    assert request.access_digest == receipt.access_digest
    assert pipeline.decisions.rows[receipt.id] == grave
    assert grave.expires is None


def test_erase_again_gives_the_same_answer_and_orders_the_same_again() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    first = pipeline.erase(receipt)
    pipeline.drain()
    published = len(pipeline.bus.events)
    pipeline.now = NOW.replace(year=2028)
    assert pipeline.erase(receipt) == first
    first_order, second = pipeline.bus.of(DeletionRequest)
    assert second == first_order
    left = view(pipeline, receipt.id)
    pipeline.drain(published)
    assert view(pipeline, receipt.id) == left


def test_row_restored_without_its_key_is_not_known() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    copy = pipeline.decisions.rows[receipt.id]
    pipeline.erase(receipt)
    pipeline.drain()
    pipeline.decisions.rows[receipt.id] = copy
    with pytest.raises(RegistrationNotFound):
        pipeline.status(receipt)
    with pytest.raises(RegistrationNotFound):
        pipeline.rectify(receipt, person())


def another() -> Pipeline:
    pipeline = Pipeline()
    pipeline.intake = with_entropy(pipeline, "another")
    return pipeline


def run(pipeline: Pipeline, operation: str, receipt: Receipt) -> None:
    match operation:
        case "read":
            pipeline.status(receipt)
        case "rectify":
            pipeline.rectify(receipt, person())
        case "erase":
            pipeline.erase(receipt)
