"""The gateway records requests before it acts, and leaves restricted registrations alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import DataUpdated, DeletionRequest, ValidationRequest
from civic.contracts.identifiers import Revision
from civic.identity.errors import (
    RegistrationNotFound,
    RegistrationRestricted,
)
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import Status, Tombstone
from civic.identity.usecases.intake import rectify, request_erasure
from tests.fakes.asking import history, lifting, registered, restrict_and_lift, restricting
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import counted, open_requests
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"
ERASURE, WITHDRAWAL = RequestKind.ERASURE, RequestKind.WITHDRAWAL
CORRECTED = person(username="corrected")


def erase(pipeline: Pipeline, receipt: Receipt, kind: RequestKind = ERASURE) -> Tombstone:
    return request_erasure(pipeline.intake, receipt.id, receipt.access_token, kind, TRACE)


def crashing_at(pipeline: Pipeline, port: str, *, after: bool = False) -> Pipeline:
    """Make the gateway crash at its first call to one of its ports."""
    guarded = Faults(1, after=after).guard(getattr(pipeline.intake, port))
    pipeline.intake = replace(pipeline.intake, **{port: guarded})
    return pipeline


def test_restricted_registration_cannot_be_corrected() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restricting(pipeline, receipt)
    requests, published = history(pipeline, receipt), len(pipeline.bus.events)
    with pytest.raises(RegistrationRestricted):
        pipeline.rectify(receipt, CORRECTED)
    assert history(pipeline, receipt) == requests
    assert len(pipeline.bus.events) == published
    assert list(pipeline.subject_keys.owners(receipt.id)) == [1]
    assert decision_of(pipeline, receipt.id).record.revision == 1


def test_lifted_registration_can_be_corrected_and_keeps_its_count() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restrict_and_lift(pipeline, receipt)
    row = pipeline.rectify(receipt, CORRECTED)
    assert row == decision_of(pipeline, receipt.id)
    assert (row.status, row.restriction) == (Status.PENDING, 2)


def test_correction_is_logged_with_its_revision_and_answered_once_stored() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.now += timedelta(days=1)
    published = len(pipeline.bus.events)
    pipeline.rectify(receipt, CORRECTED)
    logged = SubjectRequest(
        receipt.id, RequestKind.RECTIFICATION, pipeline.now, revision=Revision(2)
    )
    assert history(pipeline, receipt) == [logged]
    pipeline.now += timedelta(minutes=1)
    pipeline.drain(published)
    assert history(pipeline, receipt) == [replace(logged, completed_at=pipeline.now)]


def test_correction_that_supersedes_another_answers_both() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    for name in ("first", "second"):
        pipeline.rectify(receipt, person(username=name))
    requests = pipeline.bus.of(ValidationRequest)[1:]
    for request in reversed(requests):
        pipeline.deliver(Consumer.STORAGE, request)
    (stored,) = pipeline.bus.of(DataUpdated)
    pipeline.deliver(Consumer.ACCOUNTABILITY, stored)
    assert open_requests(pipeline, receipt) == set()


def test_correction_is_logged_before_it_is_published() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    published = len(pipeline.bus.events)
    with pytest.raises(Crash):
        crashing_at(pipeline, "requests", after=True).rectify(receipt, CORRECTED)
    assert open_requests(pipeline, receipt) == {RequestKind.RECTIFICATION}
    assert len(pipeline.bus.events) == published


def test_correction_that_cannot_be_logged_is_not_published() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    published = len(pipeline.bus.events)
    with pytest.raises(Crash):
        crashing_at(pipeline, "requests").rectify(receipt, CORRECTED)
    assert len(pipeline.bus.events) == published


@pytest.mark.parametrize("call", range(4, 10))
@pytest.mark.parametrize("times", [1, 2])
def test_correction_beside_a_restriction_is_decided_once_it_is_lifted(
    call: int, times: int
) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = registered(pipeline)

    def restriction() -> None:
        for _ in range(times - 1):
            restrict_and_lift(pipeline, receipt)
        restricting(pipeline, receipt)

    meanwhile.action = restriction
    meanwhile.at = {meanwhile.calls + call}
    published = len(pipeline.bus.events)
    row = pipeline.rectify(receipt, CORRECTED)
    pipeline.drain(published)
    assert row.record.revision == 2
    held = decision_of(pipeline, receipt.id)
    assert (held.record.revision, held.status) == (2, Status.PENDING)
    assert held.restriction == 2 * times - 1
    published = len(pipeline.bus.events)
    lifting(pipeline, receipt)
    pipeline.drain(published)
    assert decision_of(pipeline, receipt.id).status is Status.FULFILLED
    assert counted(pipeline) == ["accepted"]


@pytest.mark.parametrize("kind", [ERASURE, WITHDRAWAL])
def test_erasure_is_logged_as_what_it_is_and_answered_once_complete(kind: RequestKind) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.now += timedelta(days=1)
    erase(pipeline, receipt, kind)
    logged = SubjectRequest(receipt.id, kind, pipeline.now)
    assert history(pipeline, receipt) == [logged]
    pipeline.drain()
    assert history(pipeline, receipt) == [replace(logged, completed_at=pipeline.now)]


def test_erasure_is_logged_before_it_is_published() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    with pytest.raises(Crash):
        erase(crashing_at(pipeline, "requests", after=True), receipt)
    assert open_requests(pipeline, receipt) == {ERASURE}
    assert not pipeline.bus.of(DeletionRequest)
    assert not isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


@pytest.mark.parametrize("call", range(1, 6))
@pytest.mark.parametrize("after", [False, True])
def test_erasure_that_broke_off_keeps_the_time_it_was_asked_for(call: int, *, after: bool) -> None:
    faults = Faults(after=after)
    pipeline = Pipeline(faults)
    receipt = registered(pipeline)
    faults.at = {faults.calls + call}
    with pytest.raises(Crash):
        erase(pipeline, receipt)
    asked = bool(history(pipeline, receipt))
    pipeline.now += timedelta(days=2)
    grave = erase(pipeline, receipt)
    assert grave.erased_at == (NOW if asked else pipeline.now)
    assert {event.requested_at for event in pipeline.bus.of(DeletionRequest)} == {grave.erased_at}
    assert pipeline.decisions.rows[receipt.id] == grave


def test_repeated_erasure_is_not_logged_again() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    erase(pipeline, receipt)
    requests = history(pipeline, receipt)
    erase(pipeline, receipt, WITHDRAWAL)
    assert history(pipeline, receipt) == requests


@pytest.mark.parametrize("kind", [ERASURE, WITHDRAWAL])
@pytest.mark.parametrize("is_erased", [False, True])
def test_erasure_by_a_stranger_is_not_logged(kind: RequestKind, *, is_erased: bool) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    if is_erased:
        erase(pipeline, receipt)
    requests, published = history(pipeline, receipt), len(pipeline.bus.events)
    with pytest.raises(RegistrationNotFound):
        erase(pipeline, replace(receipt, access_token="x" * 43), kind)
    assert history(pipeline, receipt) == requests
    assert len(pipeline.bus.events) == published


def test_restricted_registration_can_be_erased() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restricting(pipeline, receipt)
    erase(pipeline, receipt)
    pipeline.drain()
    assert isinstance(pipeline.vault.rows[receipt.id], Tombstone)
    assert open_requests(pipeline, receipt) == set()


def status(pipeline: Pipeline, receipt: Receipt) -> object:
    return pipeline.status(receipt)


def correct(pipeline: Pipeline, receipt: Receipt) -> object:
    return rectify(pipeline.intake, receipt.id, receipt.access_token, CORRECTED, TRACE)


@pytest.mark.parametrize("request_", [status, correct])
def test_row_that_came_back_without_its_keys_is_not_known(
    request_: Callable[[Pipeline, Receipt], object],
) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    row = pipeline.decisions.rows[receipt.id]
    erase(pipeline, receipt)
    pipeline.drain()
    pipeline.decisions.rows[receipt.id] = row
    with pytest.raises(RegistrationNotFound):
        request_(pipeline, receipt)
    assert not pipeline.subject_keys.rows


def test_every_refused_status_costs_the_same_calls() -> None:
    costs = set()
    for refused in ("token", "id", "erased", "restored"):
        faults = Faults()
        pipeline = Pipeline(faults)
        receipt = registered(pipeline)
        row = pipeline.decisions.rows[receipt.id]
        if refused in {"erased", "restored"}:
            erase(pipeline, receipt)
            pipeline.drain()
        if refused == "restored":
            pipeline.decisions.rows[receipt.id] = row
        if refused == "token":
            receipt = replace(receipt, access_token="x" * 43)
        if refused == "id":
            receipt = replace(receipt, id=UNKNOWN)
        before = faults.calls
        with pytest.raises(RegistrationNotFound):
            status(pipeline, receipt)
        costs.add(faults.calls - before)
    assert len(costs) == 1
