"""Who differs too much to be compared at once is found by a search, and two people compare."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest

from civic.contracts.events import Decision
from civic.identity.errors import NothingToReview, ReasonNeeded, ReviewOutdated
from civic.identity.model.likeness import Kind
from civic.identity.model.pairs import HELD_FOR, LEFT_TO_VOTE, MOST_HOLDERS, NO_PAIRS, holds_back
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Address
from civic.identity.model.requests import COMPARING
from civic.identity.model.review import Judgement, OfficeReason, ReviewCause
from civic.identity.usecases.matching import search
from civic.identity.usecases.review import propose, put_cases_right
from civic.identity.usecases.rights import lift_restriction, request_review
from tests.fakes.pipeline import NOW, TRACE, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    JANE,
    JOHN,
    REJECTED,
    decide,
    listed,
    restricted,
    show,
    standing,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

TWICE = OfficeReason.REGISTERED_TWICE
MARRIED = {"full_name": "Erika Gabler", "phone_number": None}
TYPING_ERROR = {"full_name": "Erika Mustarbann", "phone_number": None}
OTHER_DAY = {"date_of_birth": date(1984, 8, 21), "phone_number": None}
MOVED = {"full_name": "Erika Gabler"} | {
    "address": Address(lines=("Am Markt 3",), city="Leipzig", country="DE", postcode="04109")
}
DIFFERENT = [MARRIED, TYPING_ERROR, OTHER_DAY, MOVED]


def registered(pipeline: Pipeline, **changes: object) -> Receipt:
    pipeline.now += timedelta(seconds=1)
    receipt = pipeline.register(person(**changes))
    pipeline.drain()
    return receipt


def two(pipeline: Pipeline) -> tuple[Receipt, Receipt]:
    """Register somebody, and again after a marriage."""
    receipts = registered(pipeline), registered(pipeline, **MARRIED)
    assert pipeline.search() == 1
    return receipts


def both_say(
    pipeline: Pipeline, receipt: Receipt, decision: Decision, reason: OfficeReason | None = None
) -> None:
    for by in (JANE, JOHN):
        done = decide(pipeline, receipt, decision, by, reason=reason)
        assert (done is not None) == (by == JOHN)
    pipeline.drain()


def on_the_roll(pipeline: Pipeline, receipt: Receipt) -> bool:
    entry = pipeline.roll.get(receipt.id)
    return entry is not None and entry.standing.accepted


def is_held(pipeline: Pipeline, receipt: Receipt) -> bool:
    closes = pipeline.now + timedelta(days=30)
    until = decision_of(pipeline, receipt.id).pairs.held_until
    return holds_back([until], closes, pipeline.now) is not None


@pytest.mark.parametrize("changes", DIFFERENT)
def test_who_differs_too_much_to_be_compared_at_once_is_found(changes: dict[str, object]) -> None:
    pipeline = Pipeline()
    first, second = registered(pipeline), registered(pipeline, **changes)
    assert on_the_roll(pipeline, second)
    assert pipeline.search() == 1
    assert [is_held(pipeline, one) for one in (first, second)] == [False, True]
    assert listed(pipeline) == {second.id}
    assert pipeline.reviews.rows[second.id].cause is ReviewCause.PAIR
    assert [on_the_roll(pipeline, one) for one in (first, second)] == [True, True]


def test_a_search_finds_nobody_among_different_people() -> None:
    pipeline = Pipeline()
    registered(pipeline)
    registered(
        pipeline, full_name="Paula Muster", date_of_birth=date(1950, 1, 2), phone_number=None
    )
    assert pipeline.search() == 0
    assert listed(pipeline) == set()


def test_staff_see_both_and_both_find_the_look() -> None:
    pipeline = Pipeline()
    first, second = two(pipeline)
    opened = show(pipeline, second)
    assert opened.beside == {first.id: person()}
    assert [one.purpose for one in pipeline.requests.history(first.id).views] == [COMPARING]


def test_the_same_person_is_taken_off_the_roll_by_two_and_may_contest() -> None:
    pipeline = Pipeline()
    first, second = two(pipeline)
    with pytest.raises(ReasonNeeded):
        decide(pipeline, second, REJECTED)
    both_say(pipeline, second, REJECTED, TWICE)
    assert [on_the_roll(pipeline, one) for one in (first, second)] == [True, False]
    assert listed(pipeline) == set()
    request_review(pipeline.rights, second.id, second.access_token)
    # Whoever looks again sees both again.
    assert list(show(pipeline, second).beside) == [first.id]
    assert pipeline.search() == 0


def test_two_people_are_told_apart_for_good() -> None:
    pipeline = Pipeline()
    _, second = two(pipeline)
    both_say(pipeline, second, ACCEPTED)
    assert standing(pipeline, second) == (ACCEPTED, 1)
    assert not is_held(pipeline, second)
    assert pipeline.search() == 0
    assert listed(pipeline) == set()


def test_who_shares_more_than_when_they_were_told_apart_is_compared_again() -> None:
    pipeline = Pipeline()
    first, second = two(pipeline)
    both_say(pipeline, second, ACCEPTED)
    pipeline.rectify(second, person(full_name="Erika Gabler"))
    pipeline.drain()
    shared = decision_of(pipeline, second.id).weak_keys & decision_of(pipeline, first.id).weak_keys
    assert Kind.PHONE_AND_BIRTH in {key[0] for key in shared}
    assert pipeline.search() == 1


def test_namesakes_who_were_told_apart_are_no_pair() -> None:
    pipeline = Pipeline()
    registered(pipeline)
    namesake = registered(pipeline)
    both_say(pipeline, namesake, ACCEPTED)
    assert pipeline.search() == 0


def test_one_opinion_decides_nothing() -> None:
    pipeline = Pipeline()
    _, second = two(pipeline)
    assert decide(pipeline, second, by=JANE) is None
    assert decide(pipeline, second, by=JANE) is None
    assert is_held(pipeline, second)


def test_an_opinion_without_the_other_does_not_count() -> None:
    pipeline = Pipeline()
    _, second = two(pipeline)
    with pytest.raises(ReviewOutdated):
        decide(pipeline, second, by=JANE, beside=frozenset())


def test_nobody_is_held_back_for_longer_than_the_office_has() -> None:
    pipeline = Pipeline()
    _, second = two(pipeline)
    pipeline.now += HELD_FOR
    assert not is_held(pipeline, second)
    assert put_cases_right(pipeline.review).overdue == 0
    pipeline.now += timedelta(seconds=1)
    assert put_cases_right(pipeline.review).overdue == 1


def test_nobody_is_held_back_when_an_election_is_about_to_close() -> None:
    until, earlier = NOW + HELD_FOR, NOW + timedelta(days=1)
    last_days = NOW + timedelta(hours=1)
    assert holds_back([until, earlier], NOW + timedelta(days=30), NOW) == until
    assert holds_back([until, None], last_days + LEFT_TO_VOTE, NOW) == last_days
    assert holds_back([until], NOW + LEFT_TO_VOTE, NOW) is None
    assert holds_back([None], NOW + timedelta(days=30), NOW) is None


def test_one_more_pair_holds_nobody_back_for_longer() -> None:
    pipeline = Pipeline()
    _, second = two(pipeline)
    until = decision_of(pipeline, second.id).pairs.held_until
    pipeline.now += timedelta(days=1)
    third = registered(pipeline, full_name="Erika Gabler", email="e@example.org")
    pipeline.rectify(second, person(full_name="Erika Schmidt", email="e@example.org"))
    pipeline.drain()
    assert pipeline.search() >= 1
    assert decision_of(pipeline, third.id).pairs.open
    assert decision_of(pipeline, second.id).pairs.held_until == until


@pytest.mark.parametrize("gone", ["erased", "taken off"])
def test_once_the_other_is_gone_nobody_is_held_back(gone: str) -> None:
    pipeline = Pipeline()
    first, second = two(pipeline)
    if gone == "erased":
        pipeline.erase(first)
    else:
        _taken_off(pipeline, first)
    pipeline.drain()
    assert put_cases_right(pipeline.review).waiting == 0
    assert decision_of(pipeline, second.id).pairs == NO_PAIRS
    assert on_the_roll(pipeline, second)


def _taken_off(pipeline: Pipeline, receipt: Receipt) -> None:
    died = Judgement(REJECTED, reason=OfficeReason.DIED)
    propose(pipeline.review, receipt.id, died, JANE)
    decide(pipeline, receipt, REJECTED, JOHN, reason=OfficeReason.DIED)


def test_once_the_later_is_erased_nothing_is_left() -> None:
    pipeline = Pipeline()
    first, second = two(pipeline)
    pipeline.erase(second)
    pipeline.drain()
    assert put_cases_right(pipeline.review).waiting == 0
    assert pipeline.search() == 0
    assert decision_of(pipeline, first.id).pairs == NO_PAIRS


def test_no_correction_gets_anybody_by() -> None:
    pipeline = Pipeline()
    first, second = two(pipeline)
    pipeline.rectify(second, person(**MOVED | {"email": "other@example.org"}))
    pipeline.drain()
    assert is_held(pipeline, second)
    assert listed(pipeline) == set()
    assert listed(pipeline) == {second.id}
    assert pipeline.reviews.rows[second.id].cause is ReviewCause.PAIR
    assert list(show(pipeline, second).beside) == [first.id]


def test_who_restricts_the_processing_is_found_once_that_is_lifted() -> None:
    pipeline = Pipeline()
    registered(pipeline)
    second = restricted(pipeline, registered(pipeline, **MARRIED))
    assert pipeline.search() == 0
    lift_restriction(pipeline.rights, second.id, second.access_token, TRACE)
    pipeline.drain()
    assert pipeline.search() == 1


def test_who_is_on_the_roll_is_not_held_back_by_who_is_not() -> None:
    pipeline = Pipeline()
    waiting = registered(pipeline, national_id="not one")
    second = registered(pipeline, **MARRIED)
    assert pipeline.search() == 1
    assert [is_held(pipeline, one) for one in (waiting, second)] == [True, False]
    assert list(show(pipeline, waiting).beside) == [second.id]


def test_whom_the_rules_reject_is_nobodys_pair() -> None:
    pipeline = Pipeline()
    registered(pipeline, citizenship_attestation=False)
    registered(pipeline, **MARRIED)
    assert pipeline.search() == 0


def test_a_key_that_a_crowd_shares_pairs_nobody_and_is_counted() -> None:
    pipeline = Pipeline()
    names = [chr(ord("A") + number) for number in range(MOST_HOLDERS + 1)]
    for name in names:
        town = Address(lines=(f"{name}weg 1",), city="Ulm", country="DE", postcode="89073")
        registered(
            pipeline,
            full_name=f"{name}a {name}b",
            address=town,
            phone_number=None,
            email="crowd@example.org",
        )
    whole = replace(pipeline.matching, budget=timedelta(hours=1))
    done = search(whole, from_the_start=True)
    assert (done.found, done.crowded, done.registrations) == (0, 1, MOST_HOLDERS + 1)
    assert listed(pipeline) == set()


def test_somebody_accepted_may_not_contest_a_pair_that_people_look_at_anyway() -> None:
    pipeline = Pipeline()
    _, second = two(pipeline)
    with pytest.raises(NothingToReview):
        request_review(pipeline.rights, second.id, second.access_token)


@pytest.mark.parametrize("order", list(permutations(["erase", "search", "correct", "restrict"])))
def test_whatever_the_order_nothing_is_left_of_the_erased(order: tuple[str, ...]) -> None:
    pipeline = Pipeline()
    first, second = registered(pipeline), registered(pipeline, **MARRIED)
    erased = False
    for step in order:
        if step == "erase":
            pipeline.erase(second)
            erased = True
        elif step == "search":
            pipeline.search()
        elif not erased and step == "correct":
            pipeline.rectify(second, person(**MARRIED | {"username": "other"}))
        elif not erased:
            restricted(pipeline, second)
            lift_restriction(pipeline.rights, second.id, second.access_token, TRACE)
        pipeline.drain()
    pipeline.search()
    put_cases_right(pipeline.review)
    assert listed(pipeline) == set()
    assert decision_of(pipeline, first.id).pairs == NO_PAIRS
