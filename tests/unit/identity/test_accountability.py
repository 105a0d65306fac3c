"""The erasure ledger and the answers in the request log, in any order and any number of times."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.events import (
    DataChange,
    DataDeleted,
    DecisionDeleted,
    DeletionRequest,
    Event,
    JoinDeleted,
    RegistrationsErased,
)
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.voting import RollDeleted
from civic.identity.errors import KeyServiceUnavailable
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.erasure_receipt import receipt_document
from civic.identity.model.keys import AccessDigest
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.usecases.accountability import (
    note_ended,
    note_erased,
    note_erasure,
    note_objections,
    note_rectified,
    replay_page,
)
from civic.lab.memory.accountability import MemoryReceiptSigner
from tests.fakes.faults import Crash, Faults
from tests.fakes.people import ADA, GRACE
from tests.fakes.pipeline import NOW, TRACE, Pipeline

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
    if isinstance(event, DecisionDeleted):
        note_ended(pipeline.accountability, event.ended)
    return note_erased(pipeline.accountability, stores_of(event), event.items)


def ask(pipeline: Pipeline, *kinds: RequestKind, who: RegistrationId = ADA) -> None:
    for kind in kinds:
        pipeline.requests.note_request(SubjectRequest(who, kind, NOW))


def unanswered(pipeline: Pipeline, who: RegistrationId = ADA) -> set[RequestKind]:
    requests = pipeline.requests.history(who).requests
    return {request.kind for request in requests if request.is_open}


def entry(pipeline: Pipeline, who: RegistrationId = ADA) -> ErasureRecord:
    return pipeline.ledger.rows[who]


def assert_receipted(pipeline: Pipeline) -> None:
    """One receipt was signed, is in the ledger, and belongs to the entry."""
    record = entry(pipeline)
    receipt = record.receipt
    assert receipt is not None
    assert dict(pipeline.signer.signed) == {receipt.document.decode(): 1}
    assert receipt.document == receipt_document(record, receipt.public_key)
    key = load_der_public_key(receipt.public_key)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(receipt.signature, receipt.document, ec.ECDSA(SHA256()))


EVENTS: list[Event] = [asked(), *confirmations()]


@pytest.mark.parametrize("order", [*permutations(range(5))])
def test_erasure_is_complete_with_the_last_word_in_every_order(order: Sequence[int]) -> None:
    pipeline = Pipeline()
    ask(pipeline, ERASURE)
    assert [note(pipeline, EVENTS[index]) for index in order] == [0, 0, 0, 0, 1]
    assert_receipted(pipeline)
    assert unanswered(pipeline) == set()
    assert entry(pipeline).requested_at == NOW
    assert entry(pipeline).access_digest == DIGEST


deliveries = st.lists(st.integers(0, 4), max_size=12).flatmap(
    lambda again: st.permutations([*range(5), *again])
)


@given(deliveries)
def test_any_order_and_multiplicity_of_the_events_gives_one_receipt(order: Sequence[int]) -> None:
    pipeline = Pipeline()
    first_heard: dict[int, object] = {}
    for index in order:
        note(pipeline, EVENTS[index])
        first_heard.setdefault(index, pipeline.now)
    assert_receipted(pipeline)
    assert dict(entry(pipeline).confirmed) == {
        ErasureStore.DECISIONS: first_heard[1],
        ErasureStore.RECORDS: first_heard[2],
        ErasureStore.SUBJECT_KEYS: first_heard[2],
        ErasureStore.ANALYTICS: first_heard[3],
        ErasureStore.ISSUANCE_ROLL: first_heard[4],
    }


@pytest.mark.parametrize("missing", range(5))
def test_nothing_is_signed_or_answered_while_a_word_is_missing(missing: int) -> None:
    pipeline = Pipeline()
    ask(pipeline, ERASURE)
    for event in (*EVENTS[:missing], *EVENTS[missing + 1 :]):
        assert note(pipeline, event) == 0
    assert entry(pipeline).receipt is None
    assert not pipeline.signer.signed
    assert unanswered(pipeline) == {ERASURE}


@pytest.mark.parametrize("order", [*permutations((asked(), asked(after=timedelta(hours=1))))])
def test_two_requests_around_a_crash_give_one_receipt(order: Sequence[DeletionRequest]) -> None:
    pipeline = Pipeline()
    for event in (*order, *confirmations()):
        note(pipeline, event)
    assert_receipted(pipeline)
    assert entry(pipeline).requested_at == NOW


@pytest.mark.parametrize("hours", [-1, 1])
def test_second_request_after_the_receipt_is_answered_and_leaves_the_entry(hours: int) -> None:
    pipeline = Pipeline()
    for event in EVENTS:
        note(pipeline, event)
    before = entry(pipeline)
    ask(pipeline, WITHDRAWAL)
    assert note(pipeline, asked(after=timedelta(hours=hours))) == 1
    assert entry(pipeline) == before
    assert_receipted(pipeline)
    assert unanswered(pipeline) == set()


def test_receipt_from_before_there_was_a_roll_stays_as_it_is() -> None:
    pipeline = Pipeline()
    before = dict.fromkeys(set(ErasureStore) - {ErasureStore.ISSUANCE_ROLL}, NOW)
    receipt = SignedReceipt(b"signed then", b"signature", b"key")
    pipeline.ledger.rows[ADA] = ErasureRecord(ADA, NOW, DIGEST, before, receipt)
    ask(pipeline, ERASURE)
    assert note(pipeline, confirmations()[-1]) == 1
    assert entry(pipeline) == ErasureRecord(ADA, NOW, DIGEST, before, receipt)
    assert entry(pipeline).completed_at == NOW
    assert not pipeline.signer.signed
    assert unanswered(pipeline) == set()


def test_erasure_under_way_when_the_roll_came_is_completed_by_a_replay() -> None:
    pipeline = Pipeline()
    for event in EVENTS[:-1]:
        note(pipeline, event)
    assert entry(pipeline).receipt is None
    replay_page(pipeline.ledger, pipeline.bus, TRACE, None, 100)
    pipeline.drain()
    assert_receipted(pipeline)


def test_erasure_at_the_end_of_retention_completes_without_any_request_in_the_log() -> None:
    pipeline = Pipeline()
    (item,) = changes(ADA)
    announced = item.model_copy(update={"access_digest": DIGEST})
    for event in (DecisionDeleted(items=(announced,)), *confirmations()):
        note(pipeline, event)
    assert_receipted(pipeline)
    assert pipeline.requests.history(ADA).requests == ()


def test_erasure_answers_itself_and_what_else_was_open_lapses() -> None:
    pipeline = Pipeline()
    ask(pipeline, *RequestKind)
    ask(pipeline, RequestKind.ACCESS, who=GRACE)
    for event in EVENTS:
        note(pipeline, event)
    assert unanswered(pipeline) == set()
    assert unanswered(pipeline, GRACE) == {RequestKind.ACCESS}
    told = pipeline.requests.history(ADA).requests
    answered = {request.kind for request in told if request.completed_at is not None}
    assert answered == {RequestKind.ERASURE, RequestKind.WITHDRAWAL}


def test_packed_confirmations_are_counted_person_by_person() -> None:
    pipeline = Pipeline()
    note(pipeline, asked(who=ADA))
    assert [note(pipeline, event) for event in confirmations(ADA, GRACE)] == [0, 0, 0, 1]
    assert note(pipeline, asked(who=GRACE)) == 1
    assert len(pipeline.signer.signed) == 2


class Unwilling(MemoryReceiptSigner):
    """Signs only when it is told to."""

    willing = False

    def sign(self, document: bytes) -> bytes:
        if not self.willing:
            raise KeyServiceUnavailable
        return super().sign(document)


@pytest.mark.parametrize("again", range(5))
def test_signer_that_fails_leaves_the_receipt_to_the_next_delivery(again: int) -> None:
    pipeline = Pipeline()
    signer = pipeline.signer = Unwilling()
    pipeline.accountability = replace(pipeline.accountability, signer=signer)
    ask(pipeline, ERASURE)
    for event in EVENTS[:-1]:
        note(pipeline, event)
    with pytest.raises(KeyServiceUnavailable):
        note(pipeline, EVENTS[-1])
    assert entry(pipeline).receipt is None
    assert unanswered(pipeline) == {ERASURE}
    signer.willing = True
    assert note(pipeline, EVENTS[again]) == 1
    assert_receipted(pipeline)
    assert unanswered(pipeline) == set()


@pytest.mark.parametrize("call", range(1, 21))
@pytest.mark.parametrize("after", [False, True])
def test_crash_at_any_call_and_redelivery_ends_with_one_receipt(call: int, *, after: bool) -> None:
    pipeline = Pipeline(Faults(call, after=after))
    ask(pipeline, ERASURE)
    for event in EVENTS:
        try:
            note(pipeline, event)
        except Crash:
            note(pipeline, event)
    record = entry(pipeline)
    assert record.receipt is not None
    assert record.receipt.document == receipt_document(record, pipeline.signer.public_key())
    assert unanswered(pipeline) == set()


def test_two_who_sign_at_once_keep_the_first_receipt() -> None:
    pipeline = Pipeline()
    for event in EVENTS[:-1]:
        note(pipeline, event)

    class Beaten(MemoryReceiptSigner):
        """While it signs, another environment has signed and sealed."""

        def sign(self, document: bytes) -> bytes:
            note(pipeline, EVENTS[-1])
            return super().sign(document)

    last = confirmations()[-1]
    beaten = replace(pipeline.accountability, signer=Beaten())
    note_erased(beaten, stores_of(last), last.items)
    assert_receipted(pipeline)


def test_stored_correction_is_answered_with_those_before_it() -> None:
    pipeline = Pipeline()
    for revision in (2, 3, 4):
        pipeline.requests.note_request(
            SubjectRequest(ADA, RequestKind.RECTIFICATION, NOW, Revision(revision))
        )
    pipeline.now += timedelta(hours=1)
    note_rectified(pipeline.accountability, changes(ADA, GRACE, revision=3))
    answered = {one.revision: one.completed_at for one in pipeline.requests.history(ADA).requests}
    assert answered == {2: pipeline.now, 3: pipeline.now, 4: None}


def test_correction_answers_nothing_else() -> None:
    pipeline = Pipeline()
    ask(pipeline, RequestKind.REVIEW, RequestKind.ACCESS)
    note_rectified(pipeline.accountability, changes(ADA, revision=3))
    assert unanswered(pipeline) == {RequestKind.REVIEW, RequestKind.ACCESS}


def test_honoured_objection_is_answered_and_nothing_else() -> None:
    pipeline = Pipeline()
    for who in (ADA, GRACE):
        ask(pipeline, RequestKind.OBJECTION, RequestKind.ACCESS, who=who)
    note_objections(pipeline.accountability, changes(ADA, GRACE))
    assert unanswered(pipeline) == unanswered(pipeline, GRACE) == {RequestKind.ACCESS}
