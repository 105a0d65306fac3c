"""What staff see: who waits, and the record of a case; every look is logged first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision, ReviewDecided
from civic.contracts.identifiers import Revision
from civic.identity.errors import (
    NotYetStored,
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
    WrappingKeyMissing,
)
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind, StaffView
from civic.identity.model.review import ReviewCause
from civic.identity.usecases.review import Backlog, list_cases, put_cases_right
from civic.identity.usecases.rights import lift_restriction, request_review, restrict
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    DOUBTFUL,
    HOPELESS,
    JANE,
    JOHN,
    REJECTED,
    contested,
    correct,
    decide,
    in_doubt,
    listed,
    open_requests,
    restricted,
    show,
    standing,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

WRITTEN = 10
"""The calls of a decision of which the last writes it; the next two publish and note it."""


def test_who_waits_are_those_the_rules_leave_to_people_and_who_contest() -> None:
    pipeline = Pipeline()
    doubtful, rejected = in_doubt(pipeline), contested(pipeline)
    pipeline.register(person(full_name="Another"))
    pipeline.register(HOPELESS)
    pipeline.drain()
    causes = {case.record.id: case.cause for case in list_cases(pipeline.review)}
    assert causes == {
        doubtful.id: ReviewCause.RULES,
        rejected.id: ReviewCause.DATA_SUBJECT,
    }


def test_contesting_what_waits_already_keeps_the_case() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    pipeline.now += timedelta(days=1)
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    (case,) = list_cases(pipeline.review)
    assert (case.since, case.cause) == (NOW, ReviewCause.RULES)


def test_restricted_case_waits_unseen_until_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    assert listed(pipeline) == set()
    lift_restriction(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    assert listed(pipeline) == {receipt.id}


def test_outdated_case_is_closed_by_the_list() -> None:
    pipeline = Pipeline()
    corrected, erased = in_doubt(pipeline), in_doubt(pipeline)
    correct(pipeline, corrected)
    pipeline.erase(erased)
    assert listed(pipeline) == set()
    assert not pipeline.reviews.rows


def test_case_ahead_of_the_decision_is_neither_shown_nor_closed() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    pipeline.reviews.close(receipt.id)
    row = decision_of(pipeline, receipt.id)
    later = replace(row, record=replace(row.record, revision=Revision(2)))
    pipeline.decisions.rows[receipt.id] = later
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    pipeline.decisions.rows[receipt.id] = row
    assert listed(pipeline) == set()
    assert pipeline.reviews.rows


def test_list_leaves_a_case_that_was_added_meanwhile() -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = in_doubt(pipeline)
    request = correct(pipeline, receipt, national_id="still not one")
    meanwhile.action = lambda: pipeline.deliver(Consumer.VALIDATOR, request)
    # After the row of the outdated case was read, and before the case is closed.
    meanwhile.at = {meanwhile.calls + 3}
    assert listed(pipeline) == set()
    assert listed(pipeline) == {receipt.id}


def test_list_opens_nothing() -> None:
    pipeline = Pipeline()
    in_doubt(pipeline)
    pipeline.ring.secrets.clear()
    pipeline.subject_keys.rows.clear()
    assert len(listed(pipeline)) == 1
    assert pipeline.requests.views == []


def test_review_of_a_decision_that_was_corrected_is_no_longer_due() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    correct(pipeline, receipt)
    pipeline.drain()
    assert listed(pipeline) == set()
    assert open_requests(pipeline, receipt) == set()


def rejected_again(pipeline: Pipeline, receipt: Receipt) -> None:
    published = len(pipeline.bus.events)
    correct(pipeline, receipt, citizenship_attestation=False, username="corrected")
    pipeline.drain(published)


def test_correction_that_is_rejected_as_well_answers_no_review() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    decide_other = in_doubt(pipeline)
    rejected_again(pipeline, receipt)
    assert listed(pipeline) == {decide_other.id}
    assert listed(pipeline) == {decide_other.id, receipt.id}
    assert open_requests(pipeline, receipt) == {RequestKind.REVIEW}
    (case,) = (one for one in list_cases(pipeline.review) if one.record.id == receipt.id)
    assert (case.record.revision, case.since, case.opinions) == (2, NOW, ())
    pipeline.now += timedelta(days=1)
    decide(pipeline, receipt, revision=2)
    assert standing(pipeline, receipt) == (Decision.ACCEPTED, 1)
    assert open_requests(pipeline, receipt) == set()
    assert receipt.id not in listed(pipeline)


def test_correction_that_nobody_has_decided_on_yet_answers_no_review() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    correct(pipeline, receipt)
    assert listed(pipeline) == set()
    assert RequestKind.REVIEW in open_requests(pipeline, receipt)
    assert pipeline.reviews.rows
    pipeline.drain()
    assert listed(pipeline) == set()
    assert open_requests(pipeline, receipt) == set()
    assert not pipeline.reviews.rows


def left_open(pipeline: Pipeline, faults: Faults) -> Receipt:
    """Have a contested case decided by somebody whose closing of it fails."""
    receipt = contested(pipeline)
    pipeline.now += timedelta(hours=1)
    # The event is out; the answer and the case remain.
    faults.at = {faults.calls + WRITTEN + 2}
    with pytest.raises(Crash):
        decide(pipeline, receipt, REJECTED)
    faults.at = set()
    pipeline.now += timedelta(days=2)
    assert standing(pipeline, receipt) == (Decision.REJECTED, 1)
    return receipt


def test_case_that_was_decided_days_ago_is_not_decided_the_other_way() -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = left_open(pipeline, faults)
    with pytest.raises(ReviewOutdated):
        show(pipeline, receipt)
    with pytest.raises(ReviewOutdated):
        decide(pipeline, receipt, ACCEPTED, JOHN)
    assert standing(pipeline, receipt) == (Decision.REJECTED, 1)
    assert len(pipeline.bus.of(ReviewDecided)) == 1


def test_case_that_was_decided_is_closed_by_the_next_list() -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = left_open(pipeline, faults)
    assert open_requests(pipeline, receipt) == {RequestKind.REVIEW}
    assert put_cases_right(pipeline.review) == Backlog(0, 0, 0)
    assert open_requests(pipeline, receipt) == set()
    assert not pipeline.reviews.rows


def test_same_decision_once_more_finishes_what_was_interrupted() -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = left_open(pipeline, faults)
    row = decide(pipeline, receipt, REJECTED, JOHN)
    assert row == decision_of(pipeline, receipt.id)
    first, again = (event.results[0] for event in pipeline.bus.of(ReviewDecided))
    assert first == again
    assert standing(pipeline, receipt) == (Decision.REJECTED, 1)
    assert open_requests(pipeline, receipt) == set()
    assert not pipeline.reviews.rows


def test_who_contests_what_was_decided_is_not_taken_for_answered() -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = left_open(pipeline, faults)
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    assert listed(pipeline) == {receipt.id}
    decide(pipeline, receipt, ACCEPTED, JOHN)
    assert standing(pipeline, receipt) == (Decision.ACCEPTED, 2)
    assert not pipeline.reviews.rows


@pytest.mark.parametrize(("since", "closed"), [(timedelta(0), False), (timedelta(1), True)])
def test_case_of_an_earlier_release_is_closed_if_it_is_older_than_the_decision(
    since: timedelta, *, closed: bool
) -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = left_open(pipeline, faults)
    case = pipeline.reviews.rows[receipt.id]
    decided_at = decision_of(pipeline, receipt.id).updated
    pipeline.reviews.rows[receipt.id] = replace(case, round=None, since=decided_at - since)
    assert listed(pipeline) == (set() if closed else {receipt.id})


def test_shown_case_is_the_record_with_the_decision_that_stands() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    opened = show(pipeline, receipt)
    assert opened.registration == DOUBTFUL
    assert opened.decision == decision_of(pipeline, receipt.id)
    assert opened.case == pipeline.reviews.rows[receipt.id]


def test_look_is_logged() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    pipeline.now += timedelta(minutes=3)
    show(pipeline, receipt)
    assert pipeline.requests.views == [StaffView(receipt.id, pipeline.now, JANE, "review")]


@pytest.mark.parametrize("look", [show, decide])
def test_look_is_logged_even_if_the_record_does_not_open(
    look: Callable[[Pipeline, Receipt], object],
) -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    pipeline.ring.secrets.clear()
    with pytest.raises(WrappingKeyMissing):
        look(pipeline, receipt)
    assert len(pipeline.requests.views) == 1


@pytest.mark.parametrize("look", [show, decide])
def test_record_is_not_opened_if_the_look_cannot_be_logged(
    look: Callable[[Pipeline, Receipt], object],
) -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    reads = Faults()
    pipeline.review = replace(
        pipeline.review,
        requests=Faults(1).guard(pipeline.requests),
        records=replace(pipeline.review.records, vault=reads.guard(pipeline.vault)),
    )
    with pytest.raises(Crash):
        look(pipeline, receipt)
    assert reads.calls == 0


def unknown(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, id=UNKNOWN)


def never_in_doubt(pipeline: Pipeline, _receipt: Receipt) -> Receipt:
    receipt = pipeline.register(person(full_name="Another"))
    pipeline.drain()
    return receipt


def corrected(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    correct(pipeline, receipt)
    return receipt


def erased(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    pipeline.erase(receipt)
    return receipt


def erased_everywhere(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    pipeline.erase(receipt)
    pipeline.drain()
    return receipt


@pytest.mark.parametrize("look", [show, decide])
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (unknown, RegistrationNotFound),
        (never_in_doubt, RegistrationNotFound),
        (erased_everywhere, RegistrationNotFound),
        (corrected, ReviewOutdated),
        (erased, ReviewOutdated),
        (restricted, RegistrationRestricted),
    ],
)
def test_case_that_is_not_to_be_looked_at_stays_closed(
    look: Callable[[Pipeline, Receipt], object],
    change: Callable[[Pipeline, Receipt], Receipt],
    error: type[Exception],
) -> None:
    pipeline = Pipeline()
    receipt = change(pipeline, in_doubt(pipeline))
    published, rows = len(pipeline.bus.events), dict(pipeline.decisions.rows)
    with pytest.raises(error):
        look(pipeline, receipt)
    assert pipeline.requests.views == []
    assert len(pipeline.bus.events) == published
    assert pipeline.decisions.rows == rows


@pytest.mark.parametrize(
    "look", [show, lambda pipeline, receipt: decide(pipeline, receipt, revision=2)]
)
def test_record_of_an_earlier_revision_is_not_taken_for_the_case(
    look: Callable[[Pipeline, Receipt], object],
) -> None:
    # The validator was faster than PII storage: the correction is decided and not yet stored.
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    request = correct(pipeline, receipt, national_id="still not one")
    pipeline.deliver(Consumer.VALIDATOR, request)
    with pytest.raises(NotYetStored):
        look(pipeline, receipt)
    pipeline.deliver(Consumer.STORAGE, request)
    look(pipeline, receipt)


@pytest.mark.parametrize("look", [show, decide])
def test_record_of_a_later_revision_is_not_taken_for_the_case(
    look: Callable[[Pipeline, Receipt], object],
) -> None:
    # The gateway crashed before its last step, and the validator has not handled it yet.
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    before = pipeline.decisions.rows[receipt.id]
    request = correct(pipeline, receipt, username="corrected")
    pipeline.decisions.rows[receipt.id] = before
    pipeline.deliver(Consumer.STORAGE, request)
    with pytest.raises(ReviewOutdated):
        look(pipeline, receipt)
    assert standing(pipeline, receipt) == (Decision.REVIEW, 0)


def test_case_is_overdue_a_month_after_it_began() -> None:
    pipeline = Pipeline()
    in_doubt(pipeline)
    pipeline.now += timedelta(days=31)
    assert put_cases_right(pipeline.review) == Backlog(waiting=1, overdue=0, pairs=0)
    pipeline.now += timedelta(seconds=1)
    assert put_cases_right(pipeline.review) == Backlog(waiting=1, overdue=1, pairs=0)
