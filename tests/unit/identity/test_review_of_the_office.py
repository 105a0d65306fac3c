"""The office takes somebody off the roll, or puts them back: two people, and the person is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision, RetentionEnded
from civic.identity.errors import (
    AnotherPersonNeeded,
    AreaUnknown,
    ReasonNeeded,
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
)
from civic.identity.http.bodies import access_notes, status_of
from civic.identity.model.receipt import Receipt
from civic.identity.model.review import (
    DECIDED_BY_PEOPLE,
    Judgement,
    OfficeReason,
    ReviewCause,
)
from civic.identity.usecases.deadlines import end_retention
from civic.identity.usecases.ending import end
from civic.identity.usecases.review import decide_case, list_cases, propose, show_case
from civic.identity.usecases.rights import request_review
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import TRACE, Pipeline
from tests.fakes.reviewing import (
    DOUBTFUL,
    HOPELESS,
    JANE,
    JOHN,
    contested,
    listed,
    open_requests,
    restricted,
    standing,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

ACCEPTED, REJECTED = Decision.ACCEPTED, Decision.REJECTED
DIED = Judgement(REJECTED, reason=OfficeReason.DIED)
PUT_BACK = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK)


def voter(pipeline: Pipeline) -> Receipt:
    receipt = pipeline.register(person())
    pipeline.drain()
    assert on_the_roll(pipeline, receipt)
    return receipt


def on_the_roll(pipeline: Pipeline, receipt: Receipt) -> bool:
    entry = pipeline.roll.get(receipt.id)
    return entry is not None and entry.standing.accepted


def decide(pipeline: Pipeline, receipt: Receipt, judgement: Judgement, by: str) -> bool:
    record = decision_of(pipeline, receipt.id).record
    decided = decide_case(pipeline.review, record, judgement, by, TRACE)
    pipeline.drain()
    return decided is not None


def codes(pipeline: Pipeline, receipt: Receipt) -> list[str]:
    verdict = decision_of(pipeline, receipt.id).verdict
    return [reason.code for reason in verdict.reasons] if verdict else []


def test_two_people_take_somebody_off_the_roll_and_put_them_back() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    propose(pipeline.review, receipt.id, DIED, JANE)
    assert listed(pipeline) == {receipt.id}
    assert on_the_roll(pipeline, receipt)
    assert decide(pipeline, receipt, DIED, JOHN)
    assert not on_the_roll(pipeline, receipt)
    assert codes(pipeline, receipt) == [DECIDED_BY_PEOPLE, "died"]
    assert listed(pipeline) == set()
    propose(pipeline.review, receipt.id, PUT_BACK, JOHN)
    assert decide(pipeline, receipt, PUT_BACK, JANE)
    assert on_the_roll(pipeline, receipt)
    assert codes(pipeline, receipt) == [DECIDED_BY_PEOPLE, "put_back"]


def test_one_member_of_staff_takes_nobody_off_however_often_they_say_so() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    assert pipeline.review.people_needed == 1
    for _ in range(2):
        propose(pipeline.review, receipt.id, DIED, JANE)
        assert not decide(pipeline, receipt, DIED, JANE)
    assert on_the_roll(pipeline, receipt)
    # The rules' decision is as it was, and a clerk who disagrees changes nothing either.
    assert not decide(pipeline, receipt, PUT_BACK, JOHN)
    assert standing(pipeline, receipt) == (ACCEPTED, 0)


def correction_that_waits(pipeline: Pipeline) -> Receipt:
    receipt = voter(pipeline)
    pipeline.rectify(receipt, DOUBTFUL)
    pipeline.drain()
    assert on_the_roll(pipeline, receipt)
    assert listed(pipeline) == {receipt.id}
    return receipt


@pytest.mark.parametrize("reason", [None, OfficeReason.DIED])
def test_one_member_of_staff_takes_nobody_off_by_rejecting_their_correction(
    reason: OfficeReason | None,
) -> None:
    pipeline = Pipeline()
    receipt = correction_that_waits(pipeline)
    rejected = Judgement(REJECTED, reason=reason)
    for _ in range(2):
        assert not decide(pipeline, receipt, rejected, JANE)
    assert on_the_roll(pipeline, receipt)
    assert decide(pipeline, receipt, rejected, JOHN)
    assert not on_the_roll(pipeline, receipt)


def test_one_member_of_staff_accepts_a_correction() -> None:
    pipeline = Pipeline()
    receipt = correction_that_waits(pipeline)
    assert decide(pipeline, receipt, Judgement(ACCEPTED), JANE)
    assert on_the_roll(pipeline, receipt)


@pytest.mark.parametrize("judgement", [DIED, PUT_BACK])
def test_reason_is_the_office_s_in_any_case(judgement: Judgement) -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    assert not decide(pipeline, receipt, judgement, JANE)
    assert decide(pipeline, receipt, judgement, JOHN)


def test_proposal_about_somebody_whose_case_waits_makes_it_the_office_s() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    propose(pipeline.review, receipt.id, PUT_BACK, JANE)
    with pytest.raises(AnotherPersonNeeded):
        show_case(pipeline.review, receipt.id, JANE)
    with pytest.raises(ReasonNeeded):
        decide(pipeline, receipt, Judgement(ACCEPTED), JANE)
    assert not decide(pipeline, receipt, PUT_BACK, JANE)
    assert decide(pipeline, receipt, PUT_BACK, JOHN)
    assert open_requests(pipeline, receipt) == set()
    assert on_the_roll(pipeline, receipt)


def test_contesting_a_correction_leaves_to_the_office_what_it_has_brought_up() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(HOPELESS)
    pipeline.drain()
    propose(pipeline.review, receipt.id, PUT_BACK, JANE)
    pipeline.rectify(receipt, HOPELESS)
    pipeline.drain()
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    with pytest.raises(ReasonNeeded):
        decide(pipeline, receipt, Judgement(ACCEPTED), JANE)
    assert not decide(pipeline, receipt, PUT_BACK, JANE)
    assert decide(pipeline, receipt, PUT_BACK, JOHN)
    # Who contested it has their answer.
    assert open_requests(pipeline, receipt) == set()


def test_proposal_that_is_repeated_is_one() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    for _ in range(3):
        propose(pipeline.review, receipt.id, DIED, JANE)
    (case,) = list_cases(pipeline.review)
    assert case.cause is ReviewCause.OFFICE
    assert [opinion.by for opinion in case.opinions] == [JANE]


def test_what_was_proposed_last_counts_though_it_was_proposed_before() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    moved = replace(DIED, reason=OfficeReason.MOVED_AWAY)
    for judgement in (DIED, moved, DIED):
        propose(pipeline.review, receipt.id, judgement, JANE)
    (newest,) = show_case(pipeline.review, receipt.id, JOHN).case.newest
    assert newest.judgement == DIED
    assert not decide(pipeline, receipt, moved, JOHN)
    assert decide(pipeline, receipt, DIED, JOHN)


def test_who_proposes_does_not_look_and_another_does() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    propose(pipeline.review, receipt.id, DIED, JANE)
    with pytest.raises(AnotherPersonNeeded):
        show_case(pipeline.review, receipt.id, JANE)
    assert show_case(pipeline.review, receipt.id, JOHN).registration == person()
    history = pipeline.requests.history(receipt.id)
    # For the controller, who proposed; for the data subject, who looked.
    noted = [(view.by, view.purpose) for view in history.views]
    assert noted == [(JANE, "proposal"), (JOHN, "review")]
    assert [note.purpose for note in access_notes(history)] == ["review"]


def test_office_says_why() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    with pytest.raises(ReasonNeeded):
        propose(pipeline.review, receipt.id, replace(DIED, reason=None), JANE)
    propose(pipeline.review, receipt.id, DIED, JANE)
    with pytest.raises(ReasonNeeded):
        decide(pipeline, receipt, replace(DIED, reason=None), JOHN)
    # Another reason is another judgement.
    moved = replace(DIED, reason=OfficeReason.MOVED_AWAY)
    assert not decide(pipeline, receipt, moved, JOHN)
    assert on_the_roll(pipeline, receipt)


def test_correction_does_not_get_rid_of_what_the_office_has_brought_up() -> None:
    pipeline = Pipeline()
    receipt = voter(pipeline)
    propose(pipeline.review, receipt.id, DIED, JANE)
    pipeline.rectify(receipt, person(username="corrected"))
    with pytest.raises(ReviewOutdated):
        decide(pipeline, receipt, DIED, JOHN)
    pipeline.drain()
    list(list_cases(pipeline.review))
    (case,) = list_cases(pipeline.review)
    assert (case.record.revision, case.cause, case.opinions) == (2, ReviewCause.OFFICE, ())
    # Both have to agree on what is there now.
    assert not decide(pipeline, receipt, DIED, JOHN)
    assert decide(pipeline, receipt, DIED, JANE)
    assert not on_the_roll(pipeline, receipt)


def test_nothing_is_proposed_about_nobody_or_about_what_is_not_decided() -> None:
    pipeline = Pipeline()
    with pytest.raises(RegistrationNotFound):
        propose(pipeline.review, UNKNOWN, DIED, JANE)
    receipt = pipeline.register(person())
    with pytest.raises(ReviewOutdated):
        propose(pipeline.review, receipt.id, DIED, JANE)
    pipeline.drain()
    with pytest.raises(AreaUnknown):
        propose(pipeline.review, receipt.id, replace(PUT_BACK, areas=("ATLANTIS",)), JANE)
    restricted(pipeline, receipt)
    with pytest.raises(RegistrationRestricted):
        propose(pipeline.review, receipt.id, DIED, JANE)
    assert not pipeline.reviews.rows


def test_what_the_office_brings_up_stops_the_retention_and_is_not_told() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(HOPELESS)
    pipeline.drain()
    propose(pipeline.review, receipt.id, PUT_BACK, JANE)
    pipeline.now += timedelta(days=91)
    row = decision_of(pipeline, receipt.id)
    end_retention(pipeline.deadlines)
    orders = pipeline.bus.of(RetentionEnded)
    assert [end(pipeline.endings, one) for one in orders] == [None]
    assert decision_of(pipeline, receipt.id) == row
    assert status_of(row, timedelta(days=90)).held == ()
