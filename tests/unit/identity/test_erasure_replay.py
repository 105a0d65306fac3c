"""Replaying the ledger: what a restore brought back is erased again, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from civic.contracts.events import (
    DataChange,
    DataDeleted,
    DecisionDeleted,
    DeletionRequest,
    ErasureReplayed,
    Event,
    JoinDeleted,
    RegistrationsErased,
)
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.voting import RollDeleted
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.keys import AccessDigest
from civic.identity.model.requests import RequestKind
from civic.identity.usecases.accountability import (
    note_erased,
    note_erasure,
    replay_page,
)
from tests.fakes.asking import contesting, registered
from tests.fakes.people import ADA, GRACE
from tests.fakes.pipeline import NOW, TRACE, Pipeline
from tests.fakes.reviewing import counted, open_requests
from tests.fakes.views import view
from tests.strategies.registrations import person

DIGEST = AccessDigest(bytes(range(32)))
ERASURE, WITHDRAWAL = RequestKind.ERASURE, RequestKind.WITHDRAWAL


def changes(*people: RegistrationId, revision: int | None = None) -> tuple[DataChange, ...]:
    number = Revision(revision) if revision else None
    return tuple(
        DataChange(id=one, revision=number, at=NOW, traceparent=TRACE.traceparent) for one in people
    )


def asked(
    who: RegistrationId = ADA,
    after: timedelta = timedelta(0),
) -> DeletionRequest:
    return DeletionRequest(
        id=who, requested_at=NOW + after, access_digest=DIGEST, traceparent=TRACE.traceparent
    )


def confirmations(*people: RegistrationId) -> list[RegistrationsErased]:
    items = changes(*(people or (ADA,)))
    return [
        DecisionDeleted(items=items),
        DataDeleted(items=items),
        JoinDeleted(items=items),
        RollDeleted(items=items),
    ]


def stores_of(event: RegistrationsErased) -> list[ErasureStore]:
    return [ErasureStore(one) for one in event.STORES]


def note(pipeline: Pipeline, event: Event) -> int:
    pipeline.now += timedelta(seconds=1)
    if isinstance(event, DeletionRequest):
        return int(note_erasure(pipeline.accountability, event))
    assert isinstance(event, RegistrationsErased)
    return note_erased(pipeline.accountability, stores_of(event), event.items)


def entry(pipeline: Pipeline, who: RegistrationId = ADA) -> ErasureRecord:
    return pipeline.ledger.rows[who]


def replay(pipeline: Pipeline, size: int = 100) -> list[int]:
    """Replay the ledger page by page; return how many erasures each page had."""
    seen: list[int] = []
    cursor: str | None = None
    while True:
        progress = replay_page(pipeline.ledger, pipeline.bus, TRACE, cursor, size)
        seen.append(progress.seen)
        cursor = progress.cursor
        if cursor is None:
            return seen


def test_replayed_erasure_says_what_the_request_said() -> None:
    pipeline = Pipeline()
    note(pipeline, asked(after=timedelta(hours=1)))
    note(pipeline, asked())
    assert replay(pipeline) == [1]
    (event,) = pipeline.bus.of(ErasureReplayed)
    assert (event.id, event.requested_at) == (ADA, NOW)
    assert (event.access_digest, event.traceparent) == (DIGEST, TRACE.traceparent)


def test_replay_of_an_empty_ledger_publishes_nothing() -> None:
    pipeline = Pipeline()
    assert replay(pipeline) == [0]
    assert pipeline.bus.events == []


def test_nothing_is_replayed_for_entries_without_a_request() -> None:
    pipeline = Pipeline()
    for event in confirmations(ADA):
        note(pipeline, event)
    note(pipeline, asked(who=GRACE))
    assert sum(replay(pipeline)) == 1
    assert [event.id for event in pipeline.bus.of(ErasureReplayed)] == [GRACE]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_replay_goes_through_every_page(size: int) -> None:
    pipeline = Pipeline()
    people = [RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{i}") for i in range(5)]
    for who in people:
        note(pipeline, asked(who=who))
    seen = replay(pipeline, size)
    assert max(seen) <= size
    assert sorted(event.id for event in pipeline.bus.of(ErasureReplayed)) == people


def test_replay_erases_what_a_restore_brought_back_and_signs_nothing_more() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    contesting(pipeline, receipt)
    stores: tuple[Any, ...] = (
        pipeline.vault,
        pipeline.decisions,
        pipeline.subject_keys,
        pipeline.joins,
    )
    backups = [dict(store.rows) for store in stores]
    published = len(pipeline.bus.events)
    pipeline.erase(receipt)
    pipeline.drain(published)
    gone, signed = view(pipeline, receipt.id), entry(pipeline, receipt.id).receipt
    for store, backup in zip(stores, backups, strict=True):
        store.rows.clear()
        store.rows.update(backup)
    assert view(pipeline, receipt.id) != gone
    published = len(pipeline.bus.events)
    replay(pipeline)
    pipeline.drain(published)
    assert view(pipeline, receipt.id) == gone
    assert counted(pipeline) == []
    assert entry(pipeline, receipt.id).receipt == signed
    assert isinstance(signed, SignedReceipt)
    assert sum(pipeline.signer.signed.values()) == 1


def test_replay_leaves_everybody_else_alone() -> None:
    pipeline = Pipeline()
    erased, other = pipeline.register(person()), pipeline.register(person())
    pipeline.drain()
    pipeline.erase(erased)
    pipeline.drain()
    before = view(pipeline, other.id)
    published = len(pipeline.bus.events)
    replay(pipeline)
    pipeline.drain(published)
    assert view(pipeline, other.id) == before
    assert open_requests(pipeline, erased) == set()
