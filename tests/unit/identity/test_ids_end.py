"""An id has one life: what ended does not come back, whatever has expired since."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest

from civic.contracts.events import (
    DeletionRequest,
    ErasureReplayed,
    RegistrationsErased,
    ValidationRequest,
)
from civic.contracts.identifiers import Revision
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.errors import (
    DigestsDisagree,
    ErasureNotRequested,
    RegistrationErased,
    RegistrationNotFound,
)
from civic.identity.model.erasure import counted_span, last_whole_day
from civic.identity.model.keys import AccessDigest
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.accountability import replay_page
from civic.identity.usecases.ending import end
from civic.identity.usecases.rights import erasure_status
from civic.identity.usecases.storage import store
from civic.runtime.publisher import PublishFailed
from tests.fakes.faults import Faults, How
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline
from tests.fakes.views import ERASED, View, decision_of, view
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"
DAY = timedelta(days=1)
MORTAL = ("vault", "joins", "roll", "ledger")
"""The stores whose tombstones expire; DynamoDB removes them late, and in any order."""


SOME_OF_THEM = [some for size in range(len(MORTAL) + 1) for some in combinations(MORTAL, size)]


def erased(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person(), KEY)
    pipeline.drain()
    published = len(pipeline.bus.events)
    pipeline.erase(receipt)
    pipeline.drain(published)
    assert view(pipeline, receipt.id) == View(ERASED, ERASED, ERASED, ())
    return receipt


def expire(pipeline: Pipeline, *stores: str) -> None:
    for name in stores:
        getattr(pipeline, name).rows.clear()


def holdings(pipeline: Pipeline) -> list[dict[Any, Any]]:
    stores = ("decisions", "subject_keys", *MORTAL)
    return [dict(getattr(pipeline, name).rows) for name in stores]


def replay(pipeline: Pipeline) -> int:
    published = len(pipeline.bus.events)
    seen = replay_page(pipeline.ledger, pipeline.bus, TRACE, None, 100).seen
    pipeline.drain(published)
    return seen


@pytest.mark.parametrize("gone", SOME_OF_THEM, ids="+".join)
def test_idempotency_key_of_an_ended_registration_makes_no_second_one(
    gone: tuple[str, ...],
) -> None:
    pipeline = Pipeline()
    receipt = erased(pipeline)
    pipeline.now += timedelta(days=400 + 3)
    expire(pipeline, *gone)
    before, published = holdings(pipeline), len(pipeline.bus.events)
    for body in (person(), person(username="another")):
        with pytest.raises(RegistrationErased):
            pipeline.register(body, KEY)
    assert holdings(pipeline) == before
    assert len(pipeline.bus.events) == published
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


@pytest.mark.parametrize("gone", SOME_OF_THEM, ids="+".join)
def test_late_copy_of_a_request_of_an_ended_registration_is_not_kept(gone: tuple[str, ...]) -> None:
    pipeline = Pipeline()
    receipt = erased(pipeline)
    pipeline.now += timedelta(days=400 + 3)
    expire(pipeline, *gone)
    (request,) = pipeline.bus.of(ValidationRequest)
    published = len(pipeline.bus.events)
    assert store(pipeline.storage, request) is None
    for consumer in (Consumer.STORAGE, Consumer.VALIDATOR):
        assert pipeline.deliver(consumer, request)
    assert len(pipeline.bus.events) == published
    assert not pipeline.subject_keys.rows
    assert isinstance(pipeline.decisions.rows[receipt.id], Tombstone)


@pytest.mark.parametrize("days", [390, 500])
def test_tombstone_lasts_from_when_it_is_written_and_that_of_decisions_for_good(days: int) -> None:
    # The DELETE of day 0 failed after it was logged; it is repeated more than a year later.
    faults = Faults(how=How.REFUSED)
    pipeline = Pipeline(faults)
    receipt = pipeline.register(person())
    pipeline.drain()
    faults.at = {faults.calls + 4}
    with pytest.raises(PublishFailed):
        pipeline.erase(receipt)
    pipeline.now += timedelta(days=days)
    published = len(pipeline.bus.events)
    pipeline.erase(receipt)
    pipeline.drain(published)
    # Dated back, but not so far that the ledger would have forgotten it.
    at = pipeline.now - timedelta(days=28)
    assert pipeline.decisions.rows[receipt.id] == Tombstone(
        receipt.id, at, access_digest=receipt.access_digest
    )
    expires = pipeline.now + TOMBSTONE_LIFETIME
    assert pipeline.vault.rows[receipt.id] == Tombstone(receipt.id, at, expires)
    entry = pipeline.ledger.get(receipt.id)
    assert entry is not None
    assert entry.receipt is not None


def test_acknowledged_erasure_whose_messages_were_lost_is_ordered_by_repeating_it() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    first = pipeline.erase(receipt)
    # Nothing of it is ever delivered, and the client asks again a week later.
    pipeline.now += timedelta(days=7)
    published = len(pipeline.bus.events)
    assert pipeline.erase(receipt) == first
    pipeline.drain(published)
    assert view(pipeline, receipt.id) == View(ERASED, ERASED, ERASED, ())
    entry = pipeline.ledger.rows[receipt.id]
    assert (entry.requested_at, bool(entry.receipt)) == (NOW, True)
    assert {one.requested_at for one in pipeline.bus.of(DeletionRequest)} == {NOW}


def test_confirmations_replayed_after_the_ledger_has_forgotten_are_no_erasures() -> None:
    pipeline = Pipeline()
    erased(pipeline)
    pipeline.now += timedelta(days=410)
    expire(pipeline, "ledger")
    for event in pipeline.bus.events:
        if isinstance(event, RegistrationsErased) and not hasattr(event, "ended"):
            assert pipeline.deliver(Consumer.ACCOUNTABILITY, event)
    assert pipeline.ledger.rows == {}
    assert replay(pipeline) == 0
    days = last_whole_day(pipeline.now + 2 * DAY)
    assert pipeline.ledger.completed(*counted_span(days)) == 0


def test_everything_replayed_after_the_ledger_has_forgotten_counts_nobody() -> None:
    pipeline = Pipeline()
    receipt = erased(pipeline)
    pipeline.now += timedelta(days=410)
    expire(pipeline, "ledger")
    pipeline.drain()
    assert pipeline.ledger.get(receipt.id) is None
    days = last_whole_day(pipeline.now + 2 * DAY)
    assert pipeline.ledger.completed(*counted_span(days)) == 0


def living(pipeline: Pipeline) -> Receipt:
    """Return somebody whose id was used before, as in the last release it could be."""
    receipt = erased(pipeline)
    pipeline.now += timedelta(days=401)
    expire(pipeline, "vault", "joins", "roll")
    pipeline.decisions.rows.clear()
    again = pipeline.register(person(), KEY)
    pipeline.drain(len(pipeline.bus.events) - 1)
    assert again == receipt
    return again


def test_receipt_of_an_earlier_life_is_not_shown_to_the_living() -> None:
    pipeline = Pipeline()
    receipt = living(pipeline)
    assert pipeline.ledger.rows[receipt.id].receipt is not None
    with pytest.raises(ErasureNotRequested):
        erasure_status(pipeline.rights, receipt.id, receipt.access_token)


def test_replay_of_an_earlier_life_does_not_erase_the_living() -> None:
    pipeline = Pipeline()
    receipt = living(pipeline)
    before = view(pipeline, receipt.id)
    assert replay(pipeline) == 1
    assert pipeline.bus.of(ErasureReplayed)
    for late in pipeline.bus.of(DeletionRequest):
        assert end(pipeline.endings, late) is None
    assert view(pipeline, receipt.id) == before
    assert before.decided != ERASED


def test_erasure_within_the_clocks_error_is_still_an_erasure() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.now -= timedelta(milliseconds=5)
    grave = pipeline.erase(receipt)
    assert grave.erased_at == NOW
    assert pipeline.decisions.rows[receipt.id] == grave


def test_row_that_changed_hands_meanwhile_is_not_acknowledged_as_erased() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    planted = replace(decision_of(pipeline, receipt.id), access_digest=AccessDigest(bytes(32)))
    known = decision_of(pipeline, receipt.id)

    class Exchanged(type(pipeline.decisions)):  # type: ignore[misc]
        """Shows the row as it was before somebody exchanged it."""

        def get(self, _registration: object) -> object:
            return known

    exchanged = Exchanged()
    exchanged.rows = {receipt.id: planted}
    pipeline.intake = replace(pipeline.intake, decisions=exchanged)
    with pytest.raises(DigestsDisagree):
        pipeline.erase(receipt)
    assert exchanged.rows == {receipt.id: planted}


def test_progress_is_told_until_the_ledger_forgets() -> None:
    pipeline = Pipeline()
    receipt = erased(pipeline)
    expire(pipeline, "ledger")
    assert erasure_status(pipeline.rights, receipt.id, receipt.access_token).requested_at == NOW
    pipeline.now += TOMBSTONE_LIFETIME + DAY
    with pytest.raises(RegistrationNotFound):
        erasure_status(pipeline.rights, receipt.id, receipt.access_token)


def test_new_registration_with_a_key_is_looked_up_before_anything_is_claimed() -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    pipeline.register(person(), KEY)
    assert faults.names == [
        "Decisions.get",
        "MemoryKeyWrapper.wrap",
        "MemorySubjectKeys.put",
        "MemoryBus.publish",
        "Decisions.note_pending",
    ]
    assert Revision(1) in pipeline.subject_keys.owners(pipeline.bus.of(ValidationRequest)[0].id)
