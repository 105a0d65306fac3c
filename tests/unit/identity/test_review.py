"""What staff see: who waits, and the record of a case; every look is logged first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import Revision
from civic.identity.errors import (
    NotYetStored,
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
    WrappingKeyMissing,
)
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import StaffView
from civic.identity.model.review import ReviewCause
from civic.identity.usecases.review import list_cases
from civic.identity.usecases.rights import lift_restriction, request_review, restrict
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import (
    DOUBTFUL,
    HOPELESS,
    JANE,
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


def test_who_waits_are_those_the_rules_leave_to_people_and_who_contest() -> None:
    pipeline = Pipeline()
    doubtful, rejected = in_doubt(pipeline), contested(pipeline)
    pipeline.register(person())
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
    receipt = pipeline.register(person())
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
