"""Asking for a person's decision (GDPR Art. 22(3)), and which decisions can be contested."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.identifiers import Revision
from civic.identity.errors import NothingToReview, RegistrationRestricted
from civic.identity.model.keys import RecordId
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.review import ReviewCase, ReviewCause
from tests.fakes.asking import contesting, history, lifting, registered, restricting
from tests.fakes.faults import Crash, Faults
from tests.fakes.pipeline import NOW, Pipeline
from tests.fakes.reviewing import ACCEPTED, REJECTED, contested, decide, in_doubt, open_requests
from tests.strategies.registrations import person


def rejected_by_people(pipeline: Pipeline) -> Receipt:
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, REJECTED)
    return receipt


@pytest.mark.parametrize("unfavourable", [registered, in_doubt, rejected_by_people])
def test_decision_that_is_not_in_favour_can_be_contested(
    unfavourable: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = unfavourable(pipeline)
    request = contesting(pipeline, receipt)
    assert request == SubjectRequest(receipt.id, RequestKind.REVIEW, NOW)
    assert pipeline.reviews.rows[receipt.id].record == RecordId(receipt.id, Revision(1))
    assert open_requests(pipeline, receipt) == {RequestKind.REVIEW}


def undecided(pipeline: Pipeline) -> Receipt:
    return pipeline.register(person())


def accepted(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person())
    pipeline.drain()
    return receipt


def accepted_by_people(pipeline: Pipeline) -> Receipt:
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, ACCEPTED)
    return receipt


def corrected_and_undecided(pipeline: Pipeline) -> Receipt:
    receipt = registered(pipeline)
    pipeline.rectify(receipt, person())
    return receipt


@pytest.mark.parametrize(
    "favourable", [undecided, accepted, accepted_by_people, corrected_and_undecided]
)
def test_what_is_undecided_or_in_favour_cannot_be_contested(
    favourable: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = favourable(pipeline)
    requests = history(pipeline, receipt)
    with pytest.raises(NothingToReview):
        contesting(pipeline, receipt)
    assert history(pipeline, receipt) == requests
    assert not pipeline.reviews.rows


def test_restricted_decision_cannot_be_contested_until_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restricting(pipeline, receipt)
    with pytest.raises(RegistrationRestricted):
        contesting(pipeline, receipt)
    assert not pipeline.reviews.rows
    lifting(pipeline, receipt)
    contesting(pipeline, receipt)


def test_case_waits_since_the_request_was_received() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    pipeline.now += timedelta(days=20)
    again = contesting(pipeline, receipt)
    assert (again.received_at, again.count) == (NOW, 2)
    assert pipeline.reviews.rows[receipt.id] == ReviewCase(
        RecordId(receipt.id, Revision(1)), NOW, ReviewCause.DATA_SUBJECT
    )


def test_retry_after_a_crash_is_due_when_the_first_was() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.rights = replace(pipeline.rights, reviews=Faults(1).guard(pipeline.reviews))
    with pytest.raises(Crash):
        contesting(pipeline, receipt)
    pipeline.now += timedelta(days=20)
    assert contesting(pipeline, receipt).received_at == NOW
    assert pipeline.reviews.rows[receipt.id].since == NOW


def test_corrected_decision_is_a_case_of_its_own() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    pipeline.rectify(receipt, person(citizenship_attestation=False))
    pipeline.drain()
    contesting(pipeline, receipt)
    assert pipeline.reviews.rows[receipt.id].record.revision == 2
