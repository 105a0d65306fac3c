"""How registrations end: the low-security store decides, and whoever orders it only asks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import (
    Decision,
    DecisionDeleted,
    DeletionRequest,
    ErasureOrdered,
    ErasureReplayed,
    RetentionEnded,
    ReviewDecided,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.usecases.deadlines import end_retention
from civic.identity.usecases.ending import end
from tests.fakes.asking import contesting, lifting, restrict_and_lift, restricting
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.pipeline import NOW, RETENTION, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import ACCEPTED, decide, in_doubt
from tests.fakes.views import ERASED, View, decision_of, view
from tests.strategies.registrations import person

FOREIGN = AccessDigest(bytes(32))
DAY = timedelta(days=1)


def order(
    receipt: Receipt,
    kind: type[ErasureOrdered] = DeletionRequest,
    digest: AccessDigest | None = None,
) -> ErasureOrdered:
    return kind(
        id=receipt.id,
        requested_at=NOW + DAY,
        access_digest=digest or receipt.access_digest,
        traceparent=TRACE.traceparent,
    )


def alive(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person())
    pipeline.drain()
    return receipt


KINDS = pytest.mark.parametrize("kind", [DeletionRequest, ErasureReplayed])


@KINDS
def test_order_of_the_person_ends_everything_everywhere(kind: type[ErasureOrdered]) -> None:
    pipeline = Pipeline()
    receipt = alive(pipeline)
    pipeline.bus.publish([order(receipt, kind)])
    pipeline.drain()
    assert view(pipeline, receipt.id) == View(ERASED, ERASED, ERASED, ())
    assert pipeline.roll.get(receipt.id) is None
    entry = pipeline.ledger.rows[receipt.id]
    assert (entry.requested_at, bool(entry.receipt)) == (NOW + DAY, True)


@KINDS
def test_order_about_another_access_digest_changes_nothing(kind: type[ErasureOrdered]) -> None:
    # One role that may publish orders does not know the digests of the living.
    pipeline = Pipeline()
    receipt = alive(pipeline)
    before = view(pipeline, receipt.id)
    published = len(pipeline.bus.events)
    assert end(pipeline.endings, order(receipt, kind, FOREIGN)) is None
    pipeline.bus.publish([order(receipt, kind, FOREIGN)])
    pipeline.drain(published)
    assert view(pipeline, receipt.id) == before
    assert pipeline.bus.of(DecisionDeleted) == []
    assert pipeline.ledger.rows.get(receipt.id) is None or kind is DeletionRequest


@KINDS
@pytest.mark.parametrize("after", [-DAY, 2 * DAY])
def test_order_about_another_access_digest_says_nothing_of_who_has_ended(
    kind: type[ErasureOrdered], after: timedelta
) -> None:
    pipeline = Pipeline()
    receipt = alive(pipeline)
    grave = pipeline.erase(receipt)
    foreign = order(receipt, kind, FOREIGN).model_copy(update={"requested_at": NOW + after})
    assert end(pipeline.endings, foreign) is None
    assert pipeline.decisions.rows[receipt.id] == grave


@KINDS
def test_row_that_a_restore_lost_is_buried_and_announced(kind: type[ErasureOrdered]) -> None:
    pipeline = Pipeline()
    receipt = alive(pipeline)
    del pipeline.decisions.rows[receipt.id]
    ended = end(pipeline.endings, order(receipt, kind))
    assert ended is not None
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


def test_no_other_store_follows_an_order_itself() -> None:
    pipeline = Pipeline()
    receipt = alive(pipeline)
    before = view(pipeline, receipt.id)
    for consumer in (Consumer.STORAGE, Consumer.ANALYTICS, Consumer.CREDENTIAL_ROLL):
        assert not pipeline.deliver(consumer, order(receipt))
    assert view(pipeline, receipt.id) == before
    assert pipeline.roll.get(receipt.id) is not None


def test_order_that_comes_again_is_announced_again_with_the_time_of_the_first() -> None:
    pipeline = Pipeline()
    receipt = alive(pipeline)
    pipeline.erase(receipt)
    late = order(receipt)
    (first, second) = (end(pipeline.endings, late) for _ in range(2))
    assert first == second
    assert first is not None
    assert (first.at, first.access_digest) == (NOW, receipt.access_digest)


def test_end_takes_the_case_out_of_the_queue_even_after_a_crash() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    broken = replace(pipeline.endings, reviews=Faults(1).guard(pipeline.reviews))
    with pytest.raises(Crash):
        end(broken, order(receipt))
    assert end(pipeline.endings, order(receipt)) is not None
    assert not pipeline.reviews.rows


def test_ending_of_the_last_release_only_confirms() -> None:
    # Each store had followed the order itself; the person may have come back since.
    pipeline = Pipeline()
    receipt = alive(pipeline)
    before = view(pipeline, receipt.id)
    ended = end(pipeline.endings, order(receipt, digest=None))
    assert ended is not None
    old = DecisionDeleted(items=(ended.model_copy(update={"access_digest": None}),))
    for consumer in (
        Consumer.STORAGE,
        Consumer.ANALYTICS,
        Consumer.CREDENTIAL_ROLL,
        Consumer.ACCOUNTABILITY,
    ):
        assert pipeline.deliver(consumer, old)
    assert view(pipeline, receipt.id) == replace(before, decided=ERASED)
    assert pipeline.roll.get(receipt.id) is not None
    assert pipeline.ledger.rows[receipt.id].requested_at is None


# ------------------------------------------------------------------ the end of a retention


def rejected(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person(citizenship_attestation=False))
    pipeline.drain()
    return receipt


def undecided(pipeline: Pipeline) -> Receipt:
    return pipeline.register(person())


def ordered(pipeline: Pipeline) -> list[RetentionEnded]:
    """Run the schedule and return what it orders."""
    published = len(pipeline.bus.events)
    end_retention(pipeline.deadlines)
    return [one for one in pipeline.bus.events[published:] if isinstance(one, RetentionEnded)]


def days(pipeline: Pipeline, number: int) -> None:
    pipeline.now += timedelta(days=number)


def run_schedule(pipeline: Pipeline) -> None:
    published = len(pipeline.bus.events)
    end_retention(pipeline.deadlines)
    pipeline.drain(published)


def test_registration_that_led_to_nothing_ends_when_its_time_is_up() -> None:
    pipeline = Pipeline()
    receipt = rejected(pipeline)
    days(pipeline, RETENTION.days)
    assert ordered(pipeline) == []
    days(pipeline, 1)
    run_schedule(pipeline)
    grave = pipeline.decisions.rows[receipt.id]
    assert isinstance(grave, Tombstone)
    assert grave.erased_at == pipeline.now
    assert pipeline.ledger.rows[receipt.id].receipt is not None
    assert not pipeline.reviews.rows


@pytest.mark.parametrize("begin", [alive, rejected, in_doubt, undecided])
def test_order_before_the_time_is_up_ends_nobody(begin: Callable[[Pipeline], Receipt]) -> None:
    # Whoever has the role of `deadlines` may order the end of everybody whose digest it can scan.
    pipeline = Pipeline()
    receipt = begin(pipeline)
    row = decision_of(pipeline, receipt.id)
    days(pipeline, RETENTION.days)
    forged = RetentionEnded(
        id=receipt.id,
        requested_at=NOW - timedelta(days=9999),
        access_digest=receipt.access_digest,
        revision=row.record.revision,
        restriction=row.restriction,
        round=0,
        traceparent=TRACE.traceparent,
    )
    assert end(pipeline.endings, forged) is None
    assert decision_of(pipeline, receipt.id) == row


def test_order_of_the_last_release_ends_nobody() -> None:
    pipeline = Pipeline()
    receipt = rejected(pipeline)
    days(pipeline, RETENTION.days + 1)
    (due,) = ordered(pipeline)
    unnamed = {"revision": None, "restriction": None, "round": None}
    for name in unnamed:
        assert end(pipeline.endings, due.model_copy(update={name: None})) is None
    assert end(pipeline.endings, due.model_copy(update=unnamed)) is None
    assert end(pipeline.endings, due.model_copy(update={"access_digest": FOREIGN})) is None
    decision_of(pipeline, receipt.id)
    assert end(pipeline.endings, due) is not None


def contested(pipeline: Pipeline, receipt: Receipt) -> None:
    contesting(pipeline, receipt)


def corrected(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.rectify(receipt, person(citizenship_attestation=False))


def contested_and_rejected_again(pipeline: Pipeline, receipt: Receipt) -> None:
    contesting(pipeline, receipt)
    decide(pipeline, receipt, Decision.REJECTED)
    assert pipeline.bus.of(ReviewDecided)


def restricted(pipeline: Pipeline, receipt: Receipt) -> None:
    restricting(pipeline, receipt)


CHANGES: list[Callable[[Pipeline, Receipt], object]] = [
    contested,
    corrected,
    contested_and_rejected_again,
    restricted,
    restrict_and_lift,
]


@pytest.mark.parametrize("change", CHANGES)
def test_late_order_about_a_row_that_has_changed_ends_nobody(
    change: Callable[[Pipeline, Receipt], object],
) -> None:
    pipeline = Pipeline()
    receipt = rejected(pipeline)
    days(pipeline, RETENTION.days + 1)
    (due,) = ordered(pipeline)
    change(pipeline, receipt)
    row = decision_of(pipeline, receipt.id)
    assert end(pipeline.endings, due) is None
    # Even in years, it is not about this row.
    if change is not contested:
        days(pipeline, 9999)
        assert end(pipeline.endings, due) is None
    assert decision_of(pipeline, receipt.id) == row


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("call", [1, 2, 3])
def test_change_before_the_tombstone_is_written_prevents_it(
    change: Callable[[Pipeline, Receipt], object], call: int
) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = rejected(pipeline)
    days(pipeline, RETENTION.days + 1)
    (due,) = ordered(pipeline)
    meanwhile.action = lambda: change(pipeline, receipt)
    meanwhile.at = {meanwhile.calls + call}
    assert end(pipeline.endings, due) is None
    decision_of(pipeline, receipt.id)


def test_review_that_was_asked_for_on_day_85_stops_the_retention_until_it_is_made() -> None:
    pipeline = Pipeline()
    receipt = rejected(pipeline)
    days(pipeline, 85)
    contesting(pipeline, receipt)
    for _ in range(3):
        days(pipeline, RETENTION.days)
        run_schedule(pipeline)
    decide(pipeline, receipt, Decision.REJECTED)
    days(pipeline, RETENTION.days)
    run_schedule(pipeline)
    assert decision_of(pipeline, receipt.id).verdict is not None
    days(pipeline, 1)
    run_schedule(pipeline)
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


def test_review_asked_for_in_the_last_release_stops_the_retention() -> None:
    # Its row does not say so; the queue does.
    pipeline = Pipeline()
    receipt = rejected(pipeline)
    contesting(pipeline, receipt)
    pipeline.decisions.rows[receipt.id] = replace(decision_of(pipeline, receipt.id), contested=None)
    days(pipeline, RETENTION.days + 1)
    (due,) = ordered(pipeline)
    assert end(pipeline.endings, due) is None
    decision_of(pipeline, receipt.id)


def test_review_that_the_person_and_the_rules_asked_for_stops_the_retention() -> None:
    # The case in the queue is that of the rules; the row says that the person asked as well.
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    contesting(pipeline, receipt)
    days(pipeline, 9999)
    assert ordered(pipeline) == []
    assert decision_of(pipeline, receipt.id).waits_for_people


@pytest.mark.parametrize("begin", [in_doubt, undecided])
def test_what_waits_for_the_office_is_erased_by_no_schedule(
    begin: Callable[[Pipeline], Receipt],
) -> None:
    pipeline = Pipeline()
    receipt = begin(pipeline)
    days(pipeline, 9999)
    run_schedule(pipeline)
    assert isinstance(pipeline.decisions.rows[receipt.id], DecisionRow)


def test_retention_starts_anew_when_a_restriction_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = rejected(pipeline)
    restricting(pipeline, receipt)
    days(pipeline, 100)
    run_schedule(pipeline)
    lifting(pipeline, receipt)
    days(pipeline, RETENTION.days)
    run_schedule(pipeline)
    decision_of(pipeline, receipt.id)
    days(pipeline, 1)
    run_schedule(pipeline)
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


@pytest.mark.parametrize("decided", [False, True])
def test_person_who_was_accepted_is_not_erased_by_a_correction(*, decided: bool) -> None:
    pipeline = Pipeline()
    receipt = alive(pipeline)
    published = len(pipeline.bus.events)
    for telephone in ("+493012345", "+493012346"):
        pipeline.rectify(receipt, person(national_id="not one", phone_number=telephone))
        if decided:
            pipeline.drain(published)
    days(pipeline, 9999)
    run_schedule(pipeline)
    row = decision_of(pipeline, receipt.id)
    assert (row.record.revision, row.standing, bool(row.verdict)) == (3, ACCEPTED, decided)


def test_correction_that_crosses_the_acceptance_does_not_forget_it() -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())
    meanwhile.action = pipeline.drain
    # Just before the pending row is written.
    meanwhile.at = {meanwhile.calls + 7}
    pipeline.rectify(receipt, person(national_id="not one"))
    row = decision_of(pipeline, receipt.id)
    assert (row.record.revision, row.standing) == (2, ACCEPTED)
