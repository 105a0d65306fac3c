"""What staff decide, alone or two together, and that the decision is final."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from civic.contracts.events import Decision, Reason, ReviewDecided
from civic.contracts.identifiers import Revision
from civic.identity.errors import (
    RegistrationNotFound,
    RegistrationRestricted,
    ReviewOutdated,
)
from civic.identity.model.areas import residence
from civic.identity.model.eligibility import placement_of
from civic.identity.model.likeness import Place
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind
from civic.identity.model.review import DECIDED_BY_PEOPLE
from civic.identity.model.rows import Acceptance, Verdict
from civic.identity.usecases.rights import request_review
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.pipeline import NOW, RULES, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    DOUBTFUL,
    JANE,
    JOHN,
    REJECTED,
    contested,
    correct,
    counted,
    decide,
    in_doubt,
    listed,
    open_requests,
    restricted,
    standing,
    two_people,
)
from tests.fakes.views import decision_of


@pytest.mark.parametrize("decision", [ACCEPTED, REJECTED])
@pytest.mark.parametrize("waiting", [in_doubt, contested])
def test_decision_of_people_takes_the_place_of_that_of_the_rules(
    waiting: Callable[[Pipeline], Receipt], decision: Decision
) -> None:
    pipeline = Pipeline()
    receipt = waiting(pipeline)
    before = decision_of(pipeline, receipt.id)
    pipeline.now += timedelta(days=2)
    row = decide(pipeline, receipt, decision)
    assert row == decision_of(pipeline, receipt.id)
    reasons = (Reason(code=DECIDED_BY_PEOPLE, pointer=""),)
    verdict = Verdict(decision, reasons, RULES.version, 1)
    assert row is not None
    assert row.ruling is not None
    assert (row.ruling.number, row.ruling.decision) == (1, decision)
    ruled = replace(before, updated=pipeline.now, verdict=verdict, contested=None)
    placement = placement_of(DOUBTFUL, RULES, residence(DOUBTFUL.address), NOW)
    of = before.likeness, before.weak_keys
    acceptance = Acceptance.of(Revision(1), placement, *of)
    expected = acceptance if decision is ACCEPTED else None
    assert row.likeness is not None
    listed = (Place(row.likeness),) if row.accepted else ()
    assert row == replace(ruled, acceptance=expected, ruling=row.ruling, listed=listed)


def test_decision_is_announced_with_the_cohort_of_the_record() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    pipeline.now += timedelta(days=2)
    decide(pipeline, receipt)
    (event,) = pipeline.bus.of(ReviewDecided)
    (made,) = event.results
    row = decision_of(pipeline, receipt.id)
    assert row.verdict is not None
    assert (made.id, made.revision, made.round) == (receipt.id, 1, 1)
    assert (made.decision, made.reasons) == (ACCEPTED, row.verdict.reasons)
    assert (made.rule_set, made.decided_at) == (row.verdict.rule_set, pipeline.now)
    assert made.cohort == placement_of(DOUBTFUL, RULES, residence(DOUBTFUL.address), NOW).cohort
    assert made.traceparent == TRACE.traceparent


def test_decided_case_is_closed_and_its_request_answered() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    assert open_requests(pipeline, receipt) == {RequestKind.REVIEW}
    decide(pipeline, receipt)
    assert listed(pipeline) == set()
    assert open_requests(pipeline, receipt) == set()


def test_decision_is_what_releases_count() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    assert counted(pipeline) == [Decision.REVIEW]
    published = len(pipeline.bus.events)
    decide(pipeline, receipt)
    pipeline.drain(published)
    assert counted(pipeline) == [ACCEPTED]


def test_decision_survives_every_event_that_is_replayed() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt)
    row, published = decision_of(pipeline, receipt.id), len(pipeline.bus.events)
    pipeline.now += timedelta(days=1)
    pipeline.drain()
    assert decision_of(pipeline, receipt.id) == row
    assert counted(pipeline) == [ACCEPTED]
    assert listed(pipeline) == set()
    assert len(pipeline.bus.events) > published


def test_decision_can_be_contested_and_decided_again() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    decide(pipeline, receipt, REJECTED)
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    decide(pipeline, receipt, ACCEPTED, JOHN)
    pipeline.drain()
    assert standing(pipeline, receipt) == (ACCEPTED, 2)
    assert counted(pipeline) == [ACCEPTED]


def test_opinions_of_an_earlier_review_do_not_count_in_the_next() -> None:
    pipeline = two_people(Pipeline())
    receipt = in_doubt(pipeline)
    for by in (JANE, JOHN):
        decide(pipeline, receipt, REJECTED, by)
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    assert decide(pipeline, receipt, REJECTED, JANE) is None


def test_opinion_on_an_older_revision_does_not_count() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    correct(pipeline, receipt, national_id="still not one")
    pipeline.drain()
    with pytest.raises(ReviewOutdated):
        decide(pipeline, receipt, revision=1)
    assert pipeline.reviews.rows[receipt.id].opinions == ()
    assert standing(pipeline, receipt) == (Decision.REVIEW, 0)


CALLS = 13
"""The case, its row, the opinion, who is like them, the log, record, key and its unwrapping, areas,
decision, event, answer, and the case again."""
WRITTEN = 10


@pytest.mark.parametrize("call", range(1, CALLS + 1))
def test_correction_at_any_moment_is_not_decided_by_the_case_before(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = in_doubt(pipeline)

    def correction() -> None:
        published = len(pipeline.bus.events)
        correct(pipeline, receipt, national_id="still not one")
        pipeline.drain(published)

    meanwhile.action = correction
    meanwhile.at = {meanwhile.calls + call}
    try:
        decide(pipeline, receipt)
    except (ReviewOutdated, RegistrationNotFound):
        assert call <= WRITTEN
    for event in pipeline.bus.of(ReviewDecided):
        pipeline.deliver(Consumer.ANALYTICS, event)
    assert standing(pipeline, receipt) == (Decision.REVIEW, 0)
    # What people accepted before the correction stays in force.
    assert counted(pipeline) == [Decision.REVIEW if call <= WRITTEN else Decision.ACCEPTED]
    assert listed(pipeline) == {receipt.id}


@pytest.mark.parametrize("call", range(1, WRITTEN + 1))
def test_restriction_before_the_decision_is_written_prevents_it(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = in_doubt(pipeline)
    meanwhile.action = lambda: restricted(pipeline, receipt)
    meanwhile.at = {meanwhile.calls + call}
    with pytest.raises((RegistrationRestricted, ReviewOutdated)):
        decide(pipeline, receipt)
    assert standing(pipeline, receipt) == (Decision.REVIEW, 0)
    assert not pipeline.bus.of(ReviewDecided)


@pytest.mark.parametrize("call", range(1, WRITTEN + 1))
def test_of_two_who_decide_at_once_one_is_told_to_look_again(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = in_doubt(pipeline)
    meanwhile.action = lambda: decide(pipeline, receipt, REJECTED, JOHN)
    meanwhile.at = {meanwhile.calls + call}
    with pytest.raises((ReviewOutdated, RegistrationNotFound)):
        decide(pipeline, receipt, ACCEPTED, JANE)
    assert standing(pipeline, receipt) == (REJECTED, 1)
    assert len(pipeline.bus.of(ReviewDecided)) == 1


@pytest.mark.parametrize("call", range(1, CALLS + 1))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("people", [1, 2])
def test_crash_at_any_call_and_retry_ends_decided(call: int, people: int, *, after: bool) -> None:
    faults = Faults(after=after)
    pipeline = Pipeline(faults)
    receipt = contested(pipeline)
    pipeline.review = replace(pipeline.review, people_needed=people)
    for by in (JANE, JOHN)[2 - people : -1]:
        decide(pipeline, receipt, ACCEPTED, by)
    published = len(pipeline.bus.events)
    faults.at = {faults.calls + call}
    with pytest.raises(Crash):
        decide(pipeline, receipt, ACCEPTED, JOHN)
    if receipt.id in pipeline.reviews.rows:
        decide(pipeline, receipt, ACCEPTED, JOHN)
    pipeline.drain(published)
    decided = standing(pipeline, receipt)
    assert decided is not None
    assert decided[0] == ACCEPTED
    assert pipeline.bus.of(ReviewDecided)[-1].results[0].round == decided[1]
    assert counted(pipeline) == [ACCEPTED]
    assert listed(pipeline) == set()
    assert open_requests(pipeline, receipt) == set()


def test_one_of_two_people_decides_nothing() -> None:
    pipeline = two_people(Pipeline())
    receipt = in_doubt(pipeline)
    assert decide(pipeline, receipt) is None
    assert standing(pipeline, receipt) == (Decision.REVIEW, 0)
    assert not pipeline.bus.of(ReviewDecided)
    assert listed(pipeline) == {receipt.id}


def test_first_opinion_opens_nothing() -> None:
    pipeline = two_people(Pipeline())
    receipt = in_doubt(pipeline)
    pipeline.subject_keys.rows.clear()
    decide(pipeline, receipt)
    assert pipeline.requests.views == []


@pytest.mark.parametrize(
    ("opinions", "settles"),
    [
        ([(JANE, ACCEPTED), (JOHN, ACCEPTED)], True),
        ([(JANE, REJECTED), (JOHN, REJECTED)], True),
        ([(JANE, ACCEPTED), (JANE, ACCEPTED)], False),
        ([(JANE, ACCEPTED), (JOHN, REJECTED)], False),
        ([(JANE, ACCEPTED), (JANE, REJECTED), (JOHN, ACCEPTED)], False),
        ([(JANE, ACCEPTED), (JANE, REJECTED), (JOHN, REJECTED)], True),
        ([(JANE, ACCEPTED), (JOHN, REJECTED), (JANE, REJECTED)], True),
        ([(JANE, ACCEPTED), (JOHN, REJECTED), (JOHN, REJECTED)], False),
    ],
)
def test_two_different_people_have_to_agree_in_the_end(
    opinions: list[tuple[str, Decision]], *, settles: bool
) -> None:
    pipeline = two_people(Pipeline())
    receipt = in_doubt(pipeline)
    outcomes = [decide(pipeline, receipt, decision, by) for by, decision in opinions]
    assert [one is not None for one in outcomes] == [False] * (len(opinions) - 1) + [settles]
    last = opinions[-1][1]
    assert standing(pipeline, receipt) == ((last, 1) if settles else (Decision.REVIEW, 0))
