"""The validator's use cases: one decision per revision, announced as often as it takes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision, DeletionRequest, ValidationRequest
from civic.contracts.identifiers import Revision
from civic.identity.errors import CommitmentMismatch, FieldTampered, KeyRefused, WrappingKeyMissing
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import Status, Tombstone
from civic.identity.usecases.ending import end
from civic.identity.usecases.validation import validate
from tests.fakes.pipeline import NOW, TRACE, Pipeline
from tests.fakes.views import decision_of
from tests.strategies.registrations import person


def submitted(pipeline: Pipeline, **changes: object) -> ValidationRequest:
    pipeline.register(person(**changes))
    return pipeline.bus.of(ValidationRequest)[-1]


def test_decision_is_written_and_announced() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline)
    pipeline.now = NOW + timedelta(seconds=5)
    made = validate(pipeline.validation, request)
    row = decision_of(pipeline, request.id)
    assert made is not None
    assert row.verdict is not None
    assert (row.status, row.verdict.decision) == (Status.FULFILLED, Decision.ACCEPTED)
    assert (row.created, row.updated) == (NOW, pipeline.now)
    assert row.access_digest == request.access_digest
    assert (made.id, made.revision) == (request.id, request.revision)
    assert (made.decision, made.reasons) == (row.verdict.decision, row.verdict.reasons)
    assert (made.rule_set, made.decided_at) == (row.verdict.rule_set, row.updated)
    assert made.traceparent == TRACE.traceparent


def test_refusal_is_a_decision_with_its_reasons() -> None:
    pipeline = Pipeline()
    made = validate(pipeline.validation, submitted(pipeline, citizenship_attestation=False))
    assert made is not None
    assert made.decision is Decision.REJECTED
    assert [reason.pointer for reason in made.reasons] == ["/citizenship_attestation"]


def test_announcement_holds_nothing_the_person_wrote() -> None:
    pipeline = Pipeline()
    made = validate(pipeline.validation, submitted(pipeline, full_name="Canary", phone_number="7"))
    assert made is not None
    text = made.model_dump_json()
    for written in ("Canary", "1984-08-12", "Heidestra", "51147"):
        assert written not in text


def test_redelivery_repeats_the_first_decision() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline)
    first = validate(pipeline.validation, request)
    pipeline.now += timedelta(minutes=1)
    assert validate(pipeline.validation, request) == first
    assert decision_of(pipeline, request.id).updated == NOW


def test_request_without_pending_row_is_decided() -> None:
    # The gateway died between the event and the row.
    pipeline = Pipeline()
    request = submitted(pipeline)
    pipeline.decisions.rows.clear()
    assert validate(pipeline.validation, request) is not None
    assert decision_of(pipeline, request.id).status is Status.FULFILLED


def test_superseded_revision_is_neither_decided_nor_announced() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.rectify(receipt, person(username="corrected"))
    first, second = pipeline.bus.of(ValidationRequest)
    assert validate(pipeline.validation, second) is not None
    before = decision_of(pipeline, receipt.id)
    assert validate(pipeline.validation, first) is None
    assert decision_of(pipeline, receipt.id) == before


def test_request_whose_key_was_destroyed_is_ignored() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline)
    pipeline.subject_keys.delete(RecordId(request.id, request.revision))
    assert validate(pipeline.validation, request) is None
    assert decision_of(pipeline, request.id).status is Status.PENDING


def test_request_of_an_erased_registration_is_ignored() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.erase(receipt)
    assert validate(pipeline.validation, pipeline.bus.of(ValidationRequest)[0]) is None
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


def test_request_with_another_subject_key_is_refused() -> None:
    pipeline = Pipeline()
    request, other = submitted(pipeline), submitted(pipeline)
    mine, theirs = (
        pipeline.subject_keys.rows[RecordId(one.id, one.revision)] for one in (request, other)
    )
    pipeline.subject_keys.rows[mine.record] = replace(mine, wrapped=theirs.wrapped)
    with pytest.raises(KeyRefused):
        validate(pipeline.validation, request)
    assert decision_of(pipeline, request.id).status is Status.PENDING


def test_request_moved_to_another_person_is_refused() -> None:
    pipeline = Pipeline()
    request, other = submitted(pipeline), submitted(pipeline)
    with pytest.raises(CommitmentMismatch):
        validate(pipeline.validation, request.model_copy(update={"sealed": other.sealed}))


def test_request_with_an_altered_field_is_refused() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline)
    altered = {**request.sealed.fields, "username": request.sealed.fields["full_name"]}
    sealed = request.sealed.model_copy(update={"fields": altered})
    with pytest.raises(FieldTampered):
        validate(pipeline.validation, request.model_copy(update={"sealed": sealed}))
    assert decision_of(pipeline, request.id).status is Status.PENDING


def test_request_under_a_lost_wrapping_key_goes_back_to_the_queue() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline)
    pipeline.ring.secrets.clear()
    with pytest.raises(WrappingKeyMissing):
        validate(pipeline.validation, request)


def test_erasure_forgets_the_decision_and_keeps_the_digest() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    request = DeletionRequest(
        id=receipt.id,
        requested_at=NOW,
        access_digest=receipt.access_digest,
        traceparent=TRACE.traceparent,
    )
    end(pipeline.endings, request)
    grave = Tombstone(receipt.id, NOW, access_digest=receipt.access_digest)
    assert pipeline.decisions.rows[receipt.id] == grave


def test_revision_decided_after_an_erasure_request_stays_erased() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline)
    later = request.model_copy(update={"revision": Revision(9)})
    digest = AccessDigest(request.access_digest)
    pipeline.decisions.bury(Tombstone(request.id, NOW, access_digest=digest))
    assert validate(pipeline.validation, later) is None
    assert isinstance(pipeline.decisions.rows[request.id], Tombstone)
