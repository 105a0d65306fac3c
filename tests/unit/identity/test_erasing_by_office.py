"""The office has somebody erased, as the law requires: who is off the roll, by two people."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision, ErasureDecided
from civic.identity.errors import (
    AnotherPersonNeeded,
    NotToBeErased,
    ReasonNeeded,
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import ERASING, PROPOSING, RequestKind
from civic.identity.model.review import Judgement, OfficeReason
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.ending import end
from civic.identity.usecases.erasing_by_office import order_erasure
from civic.identity.usecases.review import list_cases, propose, show_case
from tests.fakes.asking import contesting, restricting
from tests.fakes.faults import Crash, Faults
from tests.fakes.pipeline import TRACE, Pipeline
from tests.fakes.reviewing import HOPELESS, JANE, JOHN, in_doubt, listed, take_off
from tests.fakes.views import ERASED, View, decision_of, view
from tests.strategies.registrations import person

DIED = OfficeReason.DIED
ERASE = Judgement(Decision.REJECTED, reason=DIED, erase=True)


def accepted(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person())
    pipeline.drain()
    return receipt


def taken_off(pipeline: Pipeline) -> Receipt:
    receipt = accepted(pipeline)
    pipeline.rectify(receipt, HOPELESS)
    pipeline.drain()
    take_off(pipeline, receipt)
    pipeline.drain()
    return receipt


def rejected(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(HOPELESS)
    pipeline.drain()
    return receipt


def agree(pipeline: Pipeline, receipt: Receipt, by: str, judgement: Judgement = ERASE) -> bool:
    record = decision_of(pipeline, receipt.id).record
    return order_erasure(pipeline.review, record, judgement, by, TRACE)


def is_erased(pipeline: Pipeline, receipt: Receipt) -> bool:
    return isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


@pytest.mark.parametrize("begin", [taken_off, rejected])
def test_two_people_have_somebody_erased_who_is_off_the_roll(
    begin: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = begin(pipeline)
    propose(pipeline.review, receipt.id, ERASE, JANE)
    with pytest.raises(AnotherPersonNeeded):
        show_case(pipeline.review, receipt.id, JANE)
    assert show_case(pipeline.review, receipt.id, JOHN).case.newest[0].judgement == ERASE
    assert not agree(pipeline, receipt, JANE)
    assert agree(pipeline, receipt, JOHN)
    pipeline.drain()
    assert view(pipeline, receipt.id) == View(ERASED, ERASED, ERASED, ())
    assert pipeline.roll.get(receipt.id) is None
    assert pipeline.ledger.rows[receipt.id].receipt is not None
    assert not pipeline.reviews.rows
    noted = {(one.by, one.purpose) for one in pipeline.requests.history(receipt.id).views}
    assert noted >= {(JANE, PROPOSING), (JOHN, "review"), (JOHN, ERASING)}


def test_one_member_of_staff_has_nobody_erased_however_often_they_say_so() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    for _ in range(2):
        propose(pipeline.review, receipt.id, ERASE, JANE)
        assert not agree(pipeline, receipt, JANE)
    # Another reason is another judgement, and so is a rejection that erases nothing.
    assert not agree(pipeline, receipt, JOHN, replace(ERASE, reason=OfficeReason.MOVED_AWAY))
    assert not pipeline.bus.of(ErasureDecided)
    assert not is_erased(pipeline, receipt)


def test_agreeing_to_a_rejection_has_nobody_erased() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    propose(pipeline.review, receipt.id, replace(ERASE, erase=False), JANE)
    assert not agree(pipeline, receipt, JOHN)
    pipeline.drain()
    assert not is_erased(pipeline, receipt)


def contested(pipeline: Pipeline) -> Receipt:
    receipt = taken_off(pipeline)
    contesting(pipeline, receipt)
    return receipt


@pytest.mark.parametrize("begin", [accepted, contested, in_doubt])
def test_who_is_on_the_roll_or_waits_for_something_is_not_erased(
    begin: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = begin(pipeline)
    with pytest.raises(NotToBeErased):
        propose(pipeline.review, receipt.id, ERASE, JANE)
    propose(pipeline.review, receipt.id, replace(ERASE, erase=False), JANE)
    with pytest.raises(NotToBeErased):
        agree(pipeline, receipt, JOHN)
    assert not pipeline.bus.of(ErasureDecided)


def test_nobody_is_accepted_and_erased() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    with pytest.raises(NotToBeErased):
        propose(pipeline.review, receipt.id, replace(ERASE, decision=Decision.ACCEPTED), JANE)


def test_who_has_restricted_the_processing_is_not_erased() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    propose(pipeline.review, receipt.id, ERASE, JANE)
    restricting(pipeline, receipt)
    with pytest.raises(RegistrationRestricted):
        agree(pipeline, receipt, JOHN)


def test_erasure_needs_a_reason_and_a_case() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    with pytest.raises(RegistrationNotFound):
        agree(pipeline, receipt, JOHN)
    unexplained = replace(ERASE, reason=None)
    with pytest.raises(ReasonNeeded):
        propose(pipeline.review, receipt.id, unexplained, JANE)
    propose(pipeline.review, receipt.id, ERASE, JANE)
    with pytest.raises(ReasonNeeded):
        agree(pipeline, receipt, JOHN, unexplained)


def test_opinion_on_what_was_corrected_or_decided_since_does_not_count() -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    record = decision_of(pipeline, receipt.id).record
    propose(pipeline.review, receipt.id, ERASE, JANE)
    pipeline.rectify(receipt, HOPELESS)
    pipeline.drain()
    list(list_cases(pipeline.review))
    with pytest.raises(ReviewOutdated):
        order_erasure(pipeline.review, record, ERASE, JOHN, TRACE)
    # It is the office's case still, and both have to agree anew.
    assert listed(pipeline) == {receipt.id}
    assert not agree(pipeline, receipt, JOHN)
    assert agree(pipeline, receipt, JANE)


def corrected(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.rectify(receipt, HOPELESS)


def restricted(pipeline: Pipeline, receipt: Receipt) -> None:
    restricting(pipeline, receipt)


def contested_since(pipeline: Pipeline, receipt: Receipt) -> None:
    contesting(pipeline, receipt)


@pytest.mark.parametrize("change", [corrected, restricted, contested_since])
def test_whoever_acts_before_the_order_is_carried_out_is_not_erased(
    change: Callable[[Pipeline, Receipt], None],
) -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    propose(pipeline.review, receipt.id, ERASE, JANE)
    assert agree(pipeline, receipt, JOHN)
    (order,) = pipeline.bus.of(ErasureDecided)
    change(pipeline, receipt)
    assert end(pipeline.endings, order) is None
    pipeline.drain()
    assert not is_erased(pipeline, receipt)


@pytest.mark.parametrize(
    "changes",
    [{"revision": 1}, {"round": 2}, {"restriction": 2}, {"access_digest": AccessDigest(bytes(32))}],
)
def test_order_about_another_row_erases_nobody(changes: dict[str, object]) -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    propose(pipeline.review, receipt.id, ERASE, JANE)
    assert agree(pipeline, receipt, JOHN)
    (order,) = pipeline.bus.of(ErasureDecided)
    assert end(pipeline.endings, order.model_copy(update=changes)) is None
    assert end(pipeline.endings, order) is not None


@pytest.mark.parametrize("begin", [accepted, in_doubt, contested])
def test_forged_order_erases_nobody_who_is_on_the_roll_or_waits(
    begin: Callable[[Pipeline], Receipt],
) -> None:
    # Whoever has the role of `review` knows every row.
    pipeline = Pipeline()
    receipt = begin(pipeline)
    row = decision_of(pipeline, receipt.id)
    forged = ErasureDecided(
        id=receipt.id,
        requested_at=pipeline.now + timedelta(days=999),
        access_digest=receipt.access_digest,
        revision=row.record.revision,
        restriction=0,
        round=row.verdict.round if row.verdict else 0,
        traceparent=TRACE.traceparent,
    )
    assert end(pipeline.endings, forged) is None
    assert decision_of(pipeline, receipt.id) == row


@pytest.mark.parametrize("call", range(1, 6))
def test_crash_while_ordering_is_made_up_for_by_agreeing_again(call: int) -> None:
    pipeline = Pipeline()
    receipt = taken_off(pipeline)
    propose(pipeline.review, receipt.id, ERASE, JANE)
    record = decision_of(pipeline, receipt.id).record
    faults = Faults(call)
    broken = replace(
        pipeline.review,
        queue=faults.guard(pipeline.review.queue),
        decisions=faults.guard(pipeline.review.decisions),
        requests=faults.guard(pipeline.review.requests),
        events=faults.guard(pipeline.review.events),
    )
    with pytest.raises(Crash):
        order_erasure(broken, record, ERASE, JOHN, TRACE)
    assert agree(pipeline, receipt, JOHN)
    pipeline.drain()
    assert is_erased(pipeline, receipt)
    assert RequestKind.REVIEW not in {
        one.kind for one in pipeline.requests.history(receipt.id).requests if one.is_open
    }
