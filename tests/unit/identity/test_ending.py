"""How registrations end: the low-security store decides, and whoever orders it only asks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import (
    DecisionDeleted,
    DeletionRequest,
    ErasureOrdered,
    ErasureReplayed,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.ending import end
from tests.fakes.faults import Crash, Faults
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import in_doubt
from tests.fakes.views import ERASED, View, view
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
