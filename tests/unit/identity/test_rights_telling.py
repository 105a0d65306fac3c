"""What data subjects learn about their requests and their erasure, and strangers do not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import JoinDeleted
from civic.identity.errors import RegistrationNotFound
from civic.identity.model.erasure import ErasureRecord, ErasureStore
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind
from civic.identity.usecases.deadlines import end_retention
from civic.identity.usecases.rights import erasure_status, list_requests
from tests.fakes.asking import contesting, objecting, registered, restrict_and_lift
from tests.fakes.faults import Faults
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, RETENTION, Consumer, Pipeline
from tests.strategies.registrations import person

type Telling = Callable[[Pipeline, Receipt], object]


def requests(pipeline: Pipeline, receipt: Receipt) -> list[RequestKind]:
    told = list_requests(pipeline.rights, receipt.id, receipt.access_token)
    return [request.kind for request in told.requests]


def erasure(pipeline: Pipeline, receipt: Receipt) -> ErasureRecord:
    return erasure_status(pipeline.rights, receipt.id, receipt.access_token)


EITHER = pytest.mark.parametrize("telling", [requests, erasure])


def wrong_token(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, access_token="x" * 43)


def empty_token(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, access_token="")


def unknown(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, id=UNKNOWN)


STRANGERS = [wrong_token, empty_token, unknown]


@EITHER
@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("is_erased", [False, True])
def test_strangers_are_told_nothing_before_and_after_an_erasure(
    telling: Telling, stranger: Callable[[Pipeline, Receipt], Receipt], *, is_erased: bool
) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    if is_erased:
        pipeline.erase(receipt)
        pipeline.drain()
    with pytest.raises(RegistrationNotFound):
        telling(pipeline, stranger(pipeline, receipt))


@EITHER
def test_every_refusal_costs_the_same_calls(telling: Telling) -> None:
    costs = set()
    for stranger in STRANGERS:
        faults = Faults()
        pipeline = Pipeline(faults)
        receipt = stranger(pipeline, registered(pipeline))
        before = faults.calls
        with pytest.raises(RegistrationNotFound):
            telling(pipeline, receipt)
        costs.add(faults.calls - before)
    assert len(costs) == 1


def test_who_asked_for_nothing_is_told_so() -> None:
    pipeline = Pipeline()
    assert requests(pipeline, registered(pipeline)) == []


def test_everything_that_was_asked_is_told_also_after_the_erasure() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    for ask in (contesting, objecting, restrict_and_lift):
        pipeline.now += timedelta(days=1)
        ask(pipeline, receipt)
    asked = requests(pipeline, receipt)
    assert asked == ["review", "objection", "restriction", "lifting"]
    pipeline.now += timedelta(days=1)
    pipeline.erase(receipt)
    assert requests(pipeline, receipt) == [*asked, "erasure"]
    pipeline.drain()
    assert requests(pipeline, receipt) == [*asked, "erasure"]
    told = list_requests(pipeline.rights, receipt.id, receipt.access_token).requests
    assert not any(request.is_open for request in told)
    assert [request.kind for request in told if request.lapsed_at] == ["review"]


def test_telling_is_of_one_person() -> None:
    pipeline = Pipeline()
    mine, theirs = registered(pipeline), registered(pipeline)
    contesting(pipeline, theirs)
    assert requests(pipeline, mine) == []


def test_who_is_not_erased_is_told_of_no_erasure() -> None:
    pipeline = Pipeline()
    with pytest.raises(RegistrationNotFound):
        erasure(pipeline, registered(pipeline))


def test_erasure_is_told_from_the_moment_it_is_acknowledged() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.erase(receipt)
    pipeline.now += timedelta(days=1)
    assert erasure(pipeline, receipt) == ErasureRecord(receipt.id, requested_at=NOW)


def test_erasure_is_told_store_by_store() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    published = len(pipeline.bus.events)
    pipeline.erase(receipt)
    pipeline.deliver(Consumer.ACCOUNTABILITY, pipeline.bus.events[published])
    pipeline.deliver(Consumer.VALIDATOR, pipeline.bus.events[published])
    pipeline.deliver(Consumer.ACCOUNTABILITY, pipeline.bus.events[-1])
    told = erasure(pipeline, receipt)
    assert told.requested_at == NOW
    assert set(told.confirmed) == {ErasureStore.DECISIONS}
    assert (told.completed_at, told.receipt) == (None, None)


def test_complete_erasure_is_told_with_its_receipt() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.erase(receipt)
    pipeline.now += timedelta(minutes=2)
    pipeline.drain()
    told = erasure(pipeline, receipt)
    assert set(told.confirmed) == set(ErasureStore)
    assert told.completed_at == pipeline.now
    assert told.receipt is not None
    assert told.receipt.public_key == pipeline.signer.public_key()


def test_erasure_at_the_end_of_retention_is_told() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    pipeline.now += RETENTION + timedelta(days=1)
    published = len(pipeline.bus.events)
    end_retention(pipeline.deadlines)
    # Until the low-security store has decided so, it is only an order.
    with pytest.raises(RegistrationNotFound):
        erasure(pipeline, receipt)
    pipeline.deliver(Consumer.VALIDATOR, pipeline.bus.events[published])
    assert erasure(pipeline, receipt).requested_at == pipeline.now
    pipeline.drain(published)
    assert erasure(pipeline, receipt).receipt is not None


def test_confirmation_without_a_request_is_not_told() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.ledger.confirm(receipt.id, [ErasureStore.ANALYTICS], NOW)
    assert not pipeline.bus.of(JoinDeleted)
    with pytest.raises(RegistrationNotFound):
        erasure(pipeline, receipt)
