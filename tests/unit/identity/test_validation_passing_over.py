"""What the validator skips without opening anything, and what changes while it works."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision, DeletionRequest, ValidationRequest
from civic.identity.errors import DigestsDisagree, RegistrationRestricted
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.review import ReviewCase, ReviewCause
from civic.identity.model.rows import Status, Tombstone
from civic.identity.usecases.ending import end
from civic.identity.usecases.validation import validate
from civic.lab.memory.keys import MemoryKeyUnwrapper
from tests.fakes.asking import restrict_and_lift, restricting
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.pipeline import NOW, TRACE, Pipeline
from tests.fakes.reviewing import REJECTED, decide, in_doubt
from tests.fakes.views import decision_of
from tests.strategies.registrations import person


def submitted(pipeline: Pipeline, **changes: object) -> ValidationRequest:
    pipeline.register(person(**changes))
    return pipeline.bus.of(ValidationRequest)[-1]


def reads_of(pipeline: Pipeline) -> Faults:
    """Count every use of a subject key, wrapped or not."""
    reads = Faults()
    pipeline.validation = replace(
        pipeline.validation,
        subject_keys=reads.guard(pipeline.subject_keys),
        unwrapper=reads.guard(MemoryKeyUnwrapper(pipeline.ring)),
    )
    return reads


def restricted(pipeline: Pipeline, receipt: Receipt) -> None:
    restricting(pipeline, receipt)


def erased(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.erase(receipt)


def corrected(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.rectify(receipt, person(username="corrected"))


@pytest.mark.parametrize("before", [restricted, erased, corrected])
def test_request_that_is_not_to_be_decided_is_never_opened(
    before: Callable[[Pipeline, Receipt], object],
) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    before(pipeline, receipt)
    row, reads = pipeline.decisions.rows[receipt.id], reads_of(pipeline)
    assert validate(pipeline.validation, pipeline.bus.of(ValidationRequest)[0]) is None
    assert reads.calls == 0
    assert pipeline.decisions.rows[receipt.id] == row


def test_keys_are_counted_where_a_request_is_decided() -> None:
    pipeline = Pipeline()
    request, reads = submitted(pipeline), reads_of(pipeline)
    assert validate(pipeline.validation, request) is not None
    assert reads.calls == 2


def test_decided_request_is_passed_over_while_restricted() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    restricting(pipeline, receipt)
    reads = reads_of(pipeline)
    assert validate(pipeline.validation, pipeline.bus.of(ValidationRequest)[0]) is None
    assert reads.calls == 0


def test_lifted_registration_is_decided_under_its_restriction() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    restrict_and_lift(pipeline, receipt)
    calls = Faults()
    validation = replace(pipeline.validation, decisions=calls.guard(pipeline.decisions))
    assert validate(validation, pipeline.bus.of(ValidationRequest)[0]) is not None
    row = decision_of(pipeline, receipt.id)
    assert (row.status, row.restriction) == (Status.FULFILLED, 2)
    # One read and one write: the count was known before.
    assert calls.calls == 2


CALLS = 4
"""The existing decision, the key, its unwrapping, the new decision."""


@pytest.mark.parametrize("call", range(2, CALLS + 1))
def test_restriction_before_the_decision_is_written_prevents_it(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())
    meanwhile.action = lambda: restricting(pipeline, receipt)
    meanwhile.at = {meanwhile.calls + call}
    request = pipeline.bus.of(ValidationRequest)[0]
    with pytest.raises(RegistrationRestricted):
        validate(pipeline.validation, request)
    # It is delivered again, and held back.
    assert validate(pipeline.validation, request) is None
    row = decision_of(pipeline, receipt.id)
    assert (row.status, row.restricted) == (Status.PENDING, True)


@pytest.mark.parametrize("call", range(2, CALLS + 1))
@pytest.mark.parametrize("times", [1, 2])
def test_restriction_that_is_lifted_meanwhile_does_not_prevent_the_decision(
    call: int, times: int
) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())

    def back_and_forth() -> None:
        for _ in range(times):
            restrict_and_lift(pipeline, receipt)

    meanwhile.action = back_and_forth
    meanwhile.at = {meanwhile.calls + call}
    assert validate(pipeline.validation, pipeline.bus.of(ValidationRequest)[0]) is not None
    row = decision_of(pipeline, receipt.id)
    assert (row.status, row.restriction) == (Status.FULFILLED, 2 * times)


@pytest.mark.parametrize("call", range(2, CALLS + 1))
@pytest.mark.parametrize("change", [erased, corrected])
def test_change_before_the_decision_is_written_prevents_it(
    call: int, change: Callable[[Pipeline, Receipt], object]
) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())
    meanwhile.action = lambda: change(pipeline, receipt)
    meanwhile.at = {meanwhile.calls + call}
    assert validate(pipeline.validation, pipeline.bus.of(ValidationRequest)[0]) is None
    row = pipeline.decisions.rows[receipt.id]
    assert isinstance(row, Tombstone) or row.record.revision == 2


@pytest.mark.parametrize("call", range(2, CALLS + 1))
def test_digest_planted_before_the_decision_is_written_prevents_it(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())
    planted = replace(decision_of(pipeline, receipt.id), access_digest=AccessDigest(bytes(32)))

    def plant() -> None:
        pipeline.decisions.rows[receipt.id] = planted

    meanwhile.action = plant
    meanwhile.at = {meanwhile.calls + call}
    request = pipeline.bus.of(ValidationRequest)[0]
    for _ in range(2):
        with pytest.raises(DigestsDisagree):
            validate(pipeline.validation, request)
    assert pipeline.decisions.rows[receipt.id] == planted


@pytest.mark.parametrize("before", [erased, corrected])
def test_foreign_request_about_what_is_over_is_passed_over(
    before: Callable[[Pipeline, Receipt], object],
) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    before(pipeline, receipt)
    (late, *_) = pipeline.bus.of(ValidationRequest)
    foreign = late.model_copy(update={"access_digest": bytes(32)})
    assert validate(pipeline.validation, foreign) is None


def test_doubtful_registration_waits_for_a_person_since_it_was_submitted() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline, national_id="not one")
    pipeline.now += timedelta(days=3)
    made = validate(pipeline.validation, request)
    assert made is not None
    assert made.decision is Decision.REVIEW
    record = RecordId(request.id, request.revision)
    assert list(pipeline.reviews.waiting()) == [ReviewCase(record, NOW, ReviewCause.RULES)]


@pytest.mark.parametrize("attested", [True, False])
def test_clear_decision_waits_for_nobody(*, attested: bool) -> None:
    pipeline = Pipeline()
    validate(pipeline.validation, submitted(pipeline, citizenship_attestation=attested))
    assert list(pipeline.reviews.waiting()) == []


def test_redelivery_queues_the_case_that_the_first_delivery_did_not() -> None:
    pipeline = Pipeline()
    request = submitted(pipeline, national_id="not one")
    broken = replace(pipeline.validation, reviews=Faults(1).guard(pipeline.reviews))
    with pytest.raises(Crash):
        validate(broken, request)
    assert validate(pipeline.validation, request) is not None
    assert request.id in pipeline.reviews.rows


def test_redelivery_announces_what_people_decided_and_queues_nothing() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, REJECTED)
    made = validate(pipeline.validation, pipeline.bus.of(ValidationRequest)[0])
    assert made is not None
    assert (made.decision, made.round) == (REJECTED, 1)
    assert list(pipeline.reviews.waiting()) == []


def test_erasure_takes_the_case_out_of_the_queue() -> None:
    pipeline = Pipeline()
    receipt, other = in_doubt(pipeline), in_doubt(pipeline)
    pipeline.erase(receipt)
    change = end(pipeline.endings, pipeline.bus.of(DeletionRequest)[0])
    assert list(pipeline.reviews.rows) == [other.id]
    assert change is not None
    assert (change.id, change.revision, change.at) == (receipt.id, None, NOW)
    assert change.traceparent == TRACE.traceparent


@pytest.mark.parametrize("hours", [-1, 1])
def test_of_two_erasures_the_earlier_counts_in_either_order(hours: int) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.erase(receipt)
    (request,) = pipeline.bus.of(DeletionRequest)
    other = request.model_copy(update={"requested_at": NOW + timedelta(hours=hours)})
    end(pipeline.endings, other)
    grave = pipeline.decisions.rows[receipt.id]
    assert isinstance(grave, Tombstone)
    assert grave.erased_at == min(NOW, other.requested_at)
