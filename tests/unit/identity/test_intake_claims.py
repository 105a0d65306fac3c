"""Claiming a revision: no outage uses up anybody's chances, and only a race is tried again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from civic.contracts.events import ValidationRequest
from civic.contracts.identifiers import Revision
from civic.identity.errors import (
    DigestsDisagree,
    RegistrationNotFound,
    StoreUnavailable,
    TooManyRevisions,
)
from civic.identity.model.keys import AccessDigest, RecordId, StoredSubjectKey
from civic.identity.model.rows import VaultRow
from civic.identity.usecases.intake import Intake, rectify, register
from civic.lab.memory.identity import MemorySubjectKeys
from civic.runtime.publisher import PublishFailed
from tests.fakes.faults import Faults, How
from tests.fakes.pipeline import TRACE, Pipeline, with_entropy
from tests.fakes.views import decision_of, opened
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"
MANY = 25
CORRECTED = person(username="corrected")


def without_bus(pipeline: Pipeline) -> Intake:
    """Return the gateway while the bus refuses everything."""
    refusing = Faults(*range(1, 10 * MANY), how=How.REFUSED)
    return replace(pipeline.intake, events=refusing.guard(pipeline.bus, PublishFailed))


def stored(pipeline: Pipeline, record: RecordId) -> bool:
    row = pipeline.vault.rows[record.id]
    return isinstance(row, VaultRow) and row.record == record


class ContestedKeys(MemorySubjectKeys):
    """Lets something happen just before each claim."""

    def __init__(self, meanwhile: Callable[[StoredSubjectKey], None]) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.claims = 0

    def put(self, row: StoredSubjectKey) -> None:
        self.claims += 1
        self.meanwhile(row)
        super().put(row)


def contested(pipeline: Pipeline, times: int) -> ContestedKeys:
    """Let somebody else take the number that is about to be claimed, so often."""

    def take(row: StoredSubjectKey) -> None:
        if keys.claims <= times:
            MemorySubjectKeys.put(keys, row)

    keys = ContestedKeys(take)
    keys.rows = pipeline.subject_keys.rows
    pipeline.intake = replace(pipeline.intake, subject_keys=keys)
    return keys


def test_corrections_that_never_went_out_cost_nobody_the_next_one() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    broken = without_bus(pipeline)
    for _ in range(MANY):
        with pytest.raises(PublishFailed):
            rectify(broken, receipt.id, receipt.access_token, CORRECTED, TRACE)
    row = pipeline.rectify(receipt, CORRECTED)
    request = pipeline.bus.of(ValidationRequest)[-1]
    assert row.record.revision == request.revision == MANY + 2
    assert opened(pipeline, request) == CORRECTED
    pipeline.drain(1)
    assert stored(pipeline, row.record)
    assert decision_of(pipeline, receipt.id).record == row.record
    assert list(pipeline.subject_keys.rows) == [row.record]


def test_registrations_that_never_went_out_cost_nobody_the_next_try() -> None:
    pipeline = Pipeline()
    broken = without_bus(pipeline)
    for _ in range(MANY):
        with pytest.raises(PublishFailed):
            register(broken, person(), KEY, TRACE)
    receipt = pipeline.register(person(), KEY)
    pipeline.drain()
    row = decision_of(pipeline, receipt.id)
    assert row.verdict is not None
    assert stored(pipeline, row.record)
    assert list(pipeline.subject_keys.rows) == [row.record]


def test_claims_that_may_have_been_made_cost_nobody_the_next_one() -> None:
    # DynamoDB's answer was lost: the key is there, and the request that brought it does not know.
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    lost = range(2, 2 * MANY + 1, 2)
    unanswered = Faults(*lost, how=How.UNANSWERED).guard(pipeline.subject_keys)
    broken = replace(pipeline.intake, subject_keys=unanswered)
    for _ in lost:
        with pytest.raises(StoreUnavailable):
            rectify(broken, receipt.id, receipt.access_token, CORRECTED, TRACE)
    assert len(pipeline.subject_keys.rows) == MANY + 1
    row = pipeline.rectify(receipt, CORRECTED)
    pipeline.drain()
    assert list(pipeline.subject_keys.rows) == [row.record]


@pytest.mark.parametrize("times", [1, 7])
def test_number_taken_at_the_same_moment_is_tried_again_with_the_next(times: int) -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    keys = contested(pipeline, times)
    assert pipeline.rectify(receipt, CORRECTED).record.revision == 2 + times
    assert keys.claims == times + 1


def test_number_that_is_always_taken_at_the_same_moment_is_given_up() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    contested(pipeline, MANY)
    with pytest.raises(TooManyRevisions):
        pipeline.rectify(receipt, CORRECTED)
    assert len(pipeline.bus.events) == 1


def test_number_claimed_by_a_duplicate_is_tried_again() -> None:
    pipeline = Pipeline()
    broken = without_bus(pipeline)
    with pytest.raises(PublishFailed):
        register(broken, person(), KEY, TRACE)
    keys = contested(pipeline, 2)
    receipt = register(
        replace(with_entropy(pipeline, "twin"), subject_keys=keys), person(), KEY, TRACE
    )
    assert decision_of(pipeline, receipt.id).record.revision == 3


def test_claim_costs_one_attempt_however_many_numbers_were_lost() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    first = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    for revision in range(2, MANY):
        record = RecordId(receipt.id, Revision(revision))
        pipeline.subject_keys.put(replace(first, record=record))
    calls = Faults()
    pipeline.intake = replace(pipeline.intake, subject_keys=calls.guard(pipeline.subject_keys))
    assert pipeline.rectify(receipt, CORRECTED).record.revision == MANY
    assert calls.names == ["MemorySubjectKeys.owners", "MemorySubjectKeys.put"]


def test_key_planted_under_another_digest_does_not_stop_a_correction() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.drain()
    first = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    planted = RecordId(receipt.id, Revision(9))
    pipeline.subject_keys.put(StoredSubjectKey(planted, first.wrapped, AccessDigest(bytes(32))))
    row = pipeline.rectify(receipt, CORRECTED)
    pipeline.drain(1)
    assert row.record.revision == 10
    assert stored(pipeline, row.record)
    assert list(pipeline.subject_keys.rows) == [row.record]


def test_row_whose_digest_no_key_is_under_is_nobodys() -> None:
    pipeline = Pipeline()
    receipt, other = pipeline.register(person()), pipeline.register(person())
    pipeline.drain()
    row = decision_of(pipeline, receipt.id)
    pipeline.decisions.rows[receipt.id] = replace(row, access_digest=other.access_digest)
    attacker = replace(receipt, access_token=other.access_token)
    with pytest.raises(DigestsDisagree):
        pipeline.status(attacker)
    with pytest.raises(DigestsDisagree):
        pipeline.rectify(attacker, CORRECTED)
    with pytest.raises(RegistrationNotFound):
        pipeline.status(receipt)
    assert len(pipeline.bus.of(ValidationRequest)) == 2


def test_correction_whose_row_gets_another_digest_meanwhile_is_not_acknowledged() -> None:
    pipeline = Pipeline()
    receipt, other = pipeline.register(person()), pipeline.register(person())
    row = decision_of(pipeline, receipt.id)

    def swapped(_row: StoredSubjectKey) -> None:
        pipeline.decisions.rows[receipt.id] = replace(row, access_digest=other.access_digest)

    keys = ContestedKeys(swapped)
    keys.rows = pipeline.subject_keys.rows
    pipeline.intake = replace(pipeline.intake, subject_keys=keys)
    with pytest.raises(DigestsDisagree):
        pipeline.rectify(receipt, CORRECTED)
