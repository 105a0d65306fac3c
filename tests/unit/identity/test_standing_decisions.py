"""A decision outlives a correction: what the rules doubt, and what people decided before."""

from dataclasses import replace

import pytest

from civic.contracts.events import Decision, ReviewDecided, ValidationResult
from civic.identity.http.bodies import status_of
from civic.identity.model.eligibility import REJECTED_BY_PEOPLE
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Address
from civic.identity.model.rows import DecisionRow
from civic.identity.usecases.access import open_record
from tests.fakes.pipeline import RETENTION, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    JANE,
    JOHN,
    REJECTED,
    counted,
    decide,
    in_doubt,
    listed,
    standing,
    take_off,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

REVIEW = Decision.REVIEW
NOT_AN_ID = {"national_id": "not one"}
HALF_AN_ADDRESS = {
    "address": Address(lines=("Karl-Marx-Allee 1",), city="Berlin", country="DE", postcode="1")
}


def accepted(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person())
    pipeline.drain()
    assert standing(pipeline, receipt) == (ACCEPTED, 0)
    return receipt


def corrected(pipeline: Pipeline, receipt: Receipt, **changes: object) -> DecisionRow:
    pipeline.rectify(receipt, person(**changes))
    pipeline.drain()
    return decision_of(pipeline, receipt.id)


def on_the_roll(pipeline: Pipeline, receipt: Receipt) -> bool:
    entry = pipeline.roll.get(receipt.id)
    return entry is not None and entry.standing.accepted


@pytest.mark.parametrize(
    ("changes", "decision"), [(HALF_AN_ADDRESS, REJECTED), (NOT_AN_ID, REVIEW)]
)
def test_correction_that_fails_leaves_the_acceptance_in_force_and_says_so(
    changes: dict[str, object], decision: Decision
) -> None:
    pipeline = Pipeline()
    receipt = accepted(pipeline)
    row = corrected(pipeline, receipt, **changes)
    assert standing(pipeline, receipt) == (decision, 0)
    told = status_of(row, RETENTION)
    assert (told.revision, told.decision, told.erased_after) == (2, decision, None)
    assert told.standing is ACCEPTED
    assert pipeline.bus.of(ValidationResult)[-1].results[0].standing is ACCEPTED
    assert on_the_roll(pipeline, receipt)
    assert counted(pipeline) == [ACCEPTED]


@pytest.mark.parametrize("changes", [HALF_AN_ADDRESS, NOT_AN_ID])
def test_acceptance_survives_any_number_of_failed_corrections(changes: dict[str, object]) -> None:
    pipeline = Pipeline()
    receipt = accepted(pipeline)
    for _ in range(3):
        row = corrected(pipeline, receipt, **changes)
    assert (row.record.revision, row.standing) == (4, ACCEPTED)
    assert on_the_roll(pipeline, receipt)
    assert corrected(pipeline, receipt).standing is None
    assert standing(pipeline, receipt) == (ACCEPTED, 0)


def test_first_rejection_leaves_nothing_in_force_and_tells_until_when_it_is_kept() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person(**HALF_AN_ADDRESS))
    pipeline.drain()
    row = decision_of(pipeline, receipt.id)
    told = status_of(row, RETENTION)
    assert told.standing is None
    assert told.erased_after == row.updated + RETENTION
    assert not on_the_roll(pipeline, receipt)


def test_what_would_take_the_accepted_off_the_roll_is_for_people_to_decide() -> None:
    pipeline = Pipeline()
    receipt = accepted(pipeline)
    corrected(pipeline, receipt, citizenship_attestation=False)
    assert standing(pipeline, receipt) == (REVIEW, 0)
    assert on_the_roll(pipeline, receipt)
    take_off(pipeline, receipt)
    pipeline.drain()
    assert not on_the_roll(pipeline, receipt)
    assert counted(pipeline) == [REJECTED]
    assert decision_of(pipeline, receipt.id).standing is None


def test_what_people_accepted_holds_for_what_did_not_change() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt)
    pipeline.drain()
    row = corrected(pipeline, receipt, **NOT_AN_ID, phone_number="+493022730027")
    assert row.verdict is not None
    assert (row.verdict.decision, row.verdict.reasons) == (ACCEPTED, ())
    assert corrected(pipeline, receipt, national_id="nor this").standing is ACCEPTED
    assert standing(pipeline, receipt) == (REVIEW, 0)


def test_what_people_rejected_goes_back_to_people_whatever_is_left_out() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, REJECTED)
    pipeline.drain()
    for revision in (2, 3):
        row = corrected(pipeline, receipt)
        assert row.verdict is not None
        assert (row.record.revision, row.verdict.decision) == (revision, REVIEW)
        assert [reason.code for reason in row.verdict.reasons] == [REJECTED_BY_PEOPLE]
        assert listed(pipeline) == {receipt.id}
        assert not on_the_roll(pipeline, receipt)
    decide(pipeline, receipt, ACCEPTED, revision=3)
    pipeline.drain()
    assert on_the_roll(pipeline, receipt)
    corrected(pipeline, receipt, phone_number="+493022730027")
    assert standing(pipeline, receipt) == (ACCEPTED, 0)


def test_acceptance_that_people_ended_is_not_in_force_any_more() -> None:
    pipeline = Pipeline()
    receipt = accepted(pipeline)
    corrected(pipeline, receipt, **NOT_AN_ID)
    take_off(pipeline, receipt)
    pipeline.drain()
    row = corrected(pipeline, receipt, **HALF_AN_ADDRESS)
    assert (row.acceptance, row.standing) == (None, None)
    assert not on_the_roll(pipeline, receipt)


def test_nothing_makes_somebody_who_registered_in_time_late() -> None:
    pipeline = Pipeline()
    registered = pipeline.now
    receipt = pipeline.register(person(**HALF_AN_ADDRESS))
    pipeline.drain()
    for changes in (NOT_AN_ID, NOT_AN_ID, HALF_AN_ADDRESS, NOT_AN_ID):
        pipeline.now += RETENTION / 20
        corrected(pipeline, receipt, **changes)
    pipeline.now += RETENTION / 2
    for revision, decision in ((5, ACCEPTED), (6, REJECTED), (7, ACCEPTED)):
        for by in (JANE, JOHN) if decision is REJECTED else (JANE,):
            decide(pipeline, receipt, decision, by, revision)
        (made,) = pipeline.bus.of(ReviewDecided)[-1].results
        in_time = registered if decision is ACCEPTED else None
        assert (made.decision, made.registered_at) == (decision, in_time)
        corrected(pipeline, receipt, national_id=f"another {revision}")


def test_time_of_creation_that_was_changed_in_the_row_reaches_the_roll_with_a_correction() -> None:
    # What the threat model says of the functions that may write it.
    pipeline = Pipeline()
    receipt = accepted(pipeline)
    changed = pipeline.now - RETENTION
    row = decision_of(pipeline, receipt.id)
    pipeline.decisions.rows[receipt.id] = replace(row, created=changed)
    corrected(pipeline, receipt, phone_number="+493022730027")
    assert standing(pipeline, receipt) == (ACCEPTED, 0)
    entry = pipeline.roll.get(receipt.id)
    assert entry is not None
    assert (entry.standing.revision, entry.standing.registered_at) == (2, changed)


def test_record_of_an_earlier_release_counts_as_changed_altogether() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt)
    row = decision_of(pipeline, receipt.id)
    assert row.ruling is not None
    opened, _ = open_record(pipeline.access.records, receipt.id, receipt.access_digest)
    assert row.ruling.settles(opened.fingerprints) == opened.fingerprints.keys()
    assert row.ruling.settles({}) == frozenset()
    assert replace(row.ruling, decision=REJECTED).settles(opened.fingerprints) == frozenset()
