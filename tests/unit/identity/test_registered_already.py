"""Who registers a second time waits for people; whoever was there first does not."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest

from civic.contracts.events import Decision, ValidationRequest
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import ReviewOutdated
from civic.identity.model.codes import Code
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Address
from civic.identity.model.requests import COMPARING
from civic.identity.model.review import Judgement, OfficeReason
from civic.identity.model.rows import Tombstone, VaultRow
from civic.identity.usecases.review import decide_case, propose, show_case
from civic.identity.usecases.rights import request_review
from tests.fakes.faults import Crash, Faults, How, Meanwhile
from tests.fakes.pipeline import TRACE, Consumer, Pipeline
from tests.fakes.reviewing import (
    ACCEPTED,
    JANE,
    JOHN,
    REJECTED,
    decide,
    like,
    listed,
    restricted,
    show,
    standing,
)
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

REVIEW = Decision.REVIEW
TWICE = Code.REGISTERED_ALREADY
MARRIED = {"full_name": "Erika Gabler"}
UNACCEPTABLE = {"address": Address(lines=("x",), city="Berlin", country="DE", postcode="1")}

CALLS_BEFORE_OVERRULING = 10
"""The case, its row, who is like them, the opinion, the log, record, key and its unwrapping, areas,
and the decision."""


class Crossing(Meanwhile):
    """Makes something else happen just before a call, which then does not return."""

    def strike(self) -> How | None:
        self.action()
        return How.DIED_BEFORE


def registered(pipeline: Pipeline, **changes: object) -> Receipt:
    receipt = pipeline.register(person(**changes))
    pipeline.drain()
    return receipt


def on_the_roll(pipeline: Pipeline, receipt: Receipt) -> bool:
    entry = pipeline.roll.get(receipt.id)
    return entry is not None and entry.standing.accepted


def again(pipeline: Pipeline, receipt: Receipt) -> None:
    """Deliver the request of somebody once more, as a queue may."""
    for request in pipeline.bus.of(ValidationRequest):
        if request.id == receipt.id:
            assert pipeline.deliver(Consumer.VALIDATOR, request)


def contest(pipeline: Pipeline, receipt: Receipt) -> None:
    request_review(pipeline.rights, receipt.id, receipt.access_token)


def compared_with(pipeline: Pipeline, receipt: Receipt) -> list[RegistrationId]:
    return list(show(pipeline, receipt).beside)


def listings(pipeline: Pipeline) -> list[tuple[RegistrationId, ...]]:
    return [listing.ids for listing in pipeline.likenesses.rows.values()]


def codes(pipeline: Pipeline, receipt: Receipt) -> list[str]:
    verdict = decision_of(pipeline, receipt.id).verdict
    return [reason.code for reason in verdict.reasons] if verdict else []


def test_three_identical_registrations_put_one_on_the_roll() -> None:
    pipeline = Pipeline()
    receipts = [registered(pipeline) for _ in range(3)]
    assert [on_the_roll(pipeline, one) for one in receipts] == [True, False, False]
    assert [codes(pipeline, one) for one in receipts] == [[], [TWICE], [TWICE]]
    assert listed(pipeline) == {one.id for one in receipts[1:]}


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "MUSTERMANN Erika"},
        {"username": "another", "phone_number": None, "email": "erika@example.org"},
        {"address": Address(lines=("Am Markt 1",), city="Ulm", country="DE", postcode="89073")},
    ],
)
def test_a_different_spelling_order_or_address_hides_nobody(changes: dict[str, object]) -> None:
    pipeline = Pipeline()
    registered(pipeline)
    again = registered(pipeline, **changes)
    assert codes(pipeline, again) == [TWICE]
    assert not on_the_roll(pipeline, again)


@pytest.mark.parametrize(
    "changes", [{"full_name": "Paula Mustermann"}, {"date_of_birth": date(1984, 8, 13)}]
)
def test_twins_and_namesakes_of_another_day_are_two_people(changes: dict[str, object]) -> None:
    pipeline = Pipeline()
    registered(pipeline)
    assert on_the_roll(pipeline, registered(pipeline, **changes))


def test_who_was_there_first_stays_accepted_whatever_others_register_and_they_correct() -> None:
    pipeline = Pipeline()
    first = registered(pipeline)
    registered(pipeline)
    pipeline.rectify(first, person(phone_number="+493022730027"))
    pipeline.drain()
    assert standing(pipeline, first) == (ACCEPTED, 0)
    assert len(listed(pipeline)) == 1


def test_whom_the_rules_reject_stands_in_nobodys_way() -> None:
    pipeline = Pipeline()
    rejected = registered(pipeline, **UNACCEPTABLE)
    assert standing(pipeline, rejected) == (REJECTED, 0)
    second = registered(pipeline)
    assert on_the_roll(pipeline, second)
    # They are two now, and the one who was passed over is behind the other.
    pipeline.rectify(rejected, person())
    pipeline.drain()
    assert codes(pipeline, rejected) == [TWICE]
    again(pipeline, second)
    assert standing(pipeline, second) == (ACCEPTED, 0)


def test_whoever_contests_a_rejection_is_compared_with_who_came_meanwhile() -> None:
    pipeline = Pipeline()
    rejected = registered(pipeline, **UNACCEPTABLE)
    second = registered(pipeline)
    contest(pipeline, rejected)
    assert compared_with(pipeline, rejected) == [second.id]
    assert decide(pipeline, rejected, by=JANE, areas=("DE-BE",)) is None
    again(pipeline, second)
    assert standing(pipeline, second) == (ACCEPTED, 0)


def test_whom_people_accepted_after_a_rejection_was_there_before() -> None:
    pipeline = Pipeline()
    rejected = registered(pipeline, **UNACCEPTABLE)
    contest(pipeline, rejected)
    decide(pipeline, rejected, areas=("DE-BE",))
    pipeline.drain()
    assert on_the_roll(pipeline, rejected)
    assert codes(pipeline, registered(pipeline)) == [TWICE]


def test_of_two_who_wait_the_one_accepted_last_needs_two_people() -> None:
    pipeline = Pipeline()
    one = registered(pipeline, national_id="not one")
    other = registered(pipeline, national_id="not one either")
    assert decide(pipeline, other, by=JANE) is not None
    assert decide(pipeline, one, by=JANE) is None
    assert decide(pipeline, one, by=JOHN) is not None


def test_whoever_is_accepted_while_a_case_is_decided_has_it_looked_at_again() -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    waiting = registered(pipeline, national_id="not one")
    receipt = pipeline.register(person())
    request = pipeline.bus.of(ValidationRequest)[-1]
    meanwhile.action = lambda: pipeline.deliver(Consumer.VALIDATOR, request)
    meanwhile.at = {meanwhile.calls + CALLS_BEFORE_OVERRULING}
    with pytest.raises(ReviewOutdated):
        decide(pipeline, waiting)
    assert decision_of(pipeline, receipt.id).accepted
    assert standing(pipeline, waiting) == (REVIEW, 0)
    assert compared_with(pipeline, waiting) == [receipt.id]


def test_whoever_comes_back_from_a_rejection_is_compared_with_whom_people_accepted() -> None:
    pipeline = Pipeline()
    one = registered(pipeline, national_id="not one")
    other = registered(pipeline, national_id="not one either")
    pipeline.rectify(one, person(national_id="not one", **UNACCEPTABLE))
    pipeline.drain()
    assert decide(pipeline, other) is not None
    pipeline.rectify(one, person())
    pipeline.drain()
    assert codes(pipeline, one) == [TWICE]
    assert not on_the_roll(pipeline, one)


@pytest.mark.parametrize("call", range(1, 16))
def test_a_correction_during_the_decision_gets_nobody_by(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    registered(pipeline)
    second = pipeline.register(person())
    request = pipeline.bus.of(ValidationRequest)[-1]
    meanwhile.action = lambda: pipeline.rectify(second, person(phone_number=None))
    meanwhile.at = {meanwhile.calls + call}
    pipeline.deliver(Consumer.VALIDATOR, request)
    pipeline.drain()
    assert decision_of(pipeline, second.id).acceptance is None
    assert not on_the_roll(pipeline, second)


def test_a_request_that_comes_again_leaves_what_was_contested() -> None:
    pipeline = Pipeline()
    rejected = registered(pipeline, **UNACCEPTABLE)
    registered(pipeline)
    contest(pipeline, rejected)
    before = decision_of(pipeline, rejected.id)
    pipeline.now += timedelta(days=1)
    again(pipeline, rejected)
    assert decision_of(pipeline, rejected.id) == before


def test_going_back_to_an_earlier_name_compares_with_those_of_that_name() -> None:
    pipeline = Pipeline()
    registered(pipeline, **MARRIED)
    first = registered(pipeline)
    second = registered(pipeline)
    pipeline.rectify(second, person(**MARRIED))
    pipeline.drain()
    pipeline.rectify(second, person())
    pipeline.drain()
    assert compared_with(pipeline, second) == [first.id]


def test_a_correction_under_a_name_that_waits_does_not_get_by() -> None:
    pipeline = Pipeline()
    registered(pipeline, **MARRIED)
    second = registered(pipeline)
    for phone in (None, "+493022730027"):
        pipeline.rectify(second, person(phone_number=phone, **MARRIED))
        pipeline.drain()
        assert codes(pipeline, second) == [TWICE]
    assert on_the_roll(pipeline, second)


def test_whoever_is_put_back_is_compared_with_who_came_meanwhile() -> None:
    pipeline = Pipeline()
    first = registered(pipeline)
    died = Judgement(REJECTED, reason=OfficeReason.DIED)
    propose(pipeline.review, first.id, died, JANE)
    decide_case(pipeline.review, decision_of(pipeline, first.id).record, died, JOHN, TRACE)
    pipeline.drain()
    second = registered(pipeline)
    assert on_the_roll(pipeline, second)
    put_back = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK)
    propose(pipeline.review, first.id, put_back, JANE)
    assert list(show_case(pipeline.review, first.id, JOHN).beside) == [second.id]


def test_opinion_counts_only_beside_those_who_are_there() -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    waiting = registered(pipeline, national_id="not one")
    receipt = pipeline.register(person())
    request = pipeline.bus.of(ValidationRequest)[-1]
    meanwhile.action = lambda: pipeline.deliver(Consumer.VALIDATOR, request)
    meanwhile.at = {meanwhile.calls + CALLS_BEFORE_OVERRULING}
    with pytest.raises(ReviewOutdated):
        decide(pipeline, waiting, by=JANE)
    # Jane's opinion is of nobody beside, and is not John's second.
    with pytest.raises(ReviewOutdated):
        decide(pipeline, waiting, by=JOHN, beside=frozenset())
    assert decide(pipeline, waiting, by=JOHN, beside=frozenset({receipt.id})) is None
    assert decide(pipeline, waiting, by=JANE) is not None


def taken_off_after_marrying(pipeline: Pipeline) -> Receipt:
    first = registered(pipeline)
    pipeline.rectify(first, person(**MARRIED))
    pipeline.drain()
    died = Judgement(REJECTED, reason=OfficeReason.DIED)
    propose(pipeline.review, first.id, died, JANE)
    decide_case(pipeline.review, decision_of(pipeline, first.id).record, died, JOHN, TRACE)
    pipeline.drain()
    return first


def test_back_under_an_earlier_name_is_compared_with_who_was_accepted_meanwhile() -> None:
    pipeline = Pipeline()
    first = taken_off_after_marrying(pipeline)
    second = registered(pipeline)
    assert on_the_roll(pipeline, second)
    beside = frozenset({second.id})
    put_back = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK, beside=beside)
    propose(pipeline.review, first.id, replace(put_back, beside=frozenset()), JANE)
    record = decision_of(pipeline, first.id).record
    assert decide_case(pipeline.review, record, put_back, JOHN, TRACE) is None
    assert decide_case(pipeline.review, record, put_back, JANE, TRACE) is not None
    pipeline.rectify(first, person())
    pipeline.drain()
    assert codes(pipeline, first) == [TWICE]


def test_whoever_was_taken_off_is_compared_under_the_names_of_before() -> None:
    pipeline = Pipeline()
    first = taken_off_after_marrying(pipeline)
    second = registered(pipeline)
    assert on_the_roll(pipeline, second)
    contest(pipeline, first)
    assert compared_with(pipeline, first) == [second.id]
    beside = frozenset({second.id})
    assert decide(pipeline, first, by=JANE, revision=2, beside=beside) is None
    assert decide(pipeline, first, by=JOHN, revision=2, beside=beside) is not None


@pytest.mark.parametrize("call", range(1, 20))
def test_whoever_goes_back_to_a_name_meets_who_is_accepted_at_that_moment(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    first = taken_off_after_marrying(pipeline)
    second = pipeline.register(person())
    request = pipeline.bus.of(ValidationRequest)[-1]

    def back() -> None:
        put_back = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK)
        propose(pipeline.review, first.id, put_back, JANE)
        with suppress(ReviewOutdated):
            decide_case(
                pipeline.review, decision_of(pipeline, first.id).record, put_back, JOHN, TRACE
            )
        pipeline.rectify(first, person())
        assert pipeline.deliver(Consumer.VALIDATOR, pipeline.bus.of(ValidationRequest)[-1])

    meanwhile.action = back
    meanwhile.at = {meanwhile.calls + call}
    pipeline.deliver(Consumer.VALIDATOR, request)
    pipeline.drain()
    listed_now = [decision_of(pipeline, one.id) for one in (first, second)]
    assert [row.accepted for row in listed_now] != [True, True]


def of_an_earlier_release(pipeline: Pipeline, *receipts: Receipt) -> None:
    """Make it that nobody has compared people who are accepted."""
    for receipt in receipts:
        row = decision_of(pipeline, receipt.id)
        assert row.acceptance is not None
        acceptance = replace(row.acceptance, likeness=None, weak_keys=frozenset())
        pipeline.decisions.rows[receipt.id] = replace(
            row, acceptance=acceptance, likeness=None, weak_keys=frozenset(), listed=()
        )
    pipeline.likenesses.rows.clear()
    pipeline.now += timedelta(hours=2)


def test_whom_an_earlier_release_accepted_the_sweep_has_listed() -> None:
    pipeline = Pipeline()
    there = registered(pipeline)
    before = decision_of(pipeline, there.id)
    of_an_earlier_release(pipeline, there)
    published = len(pipeline.bus.events)
    assert pipeline.sweep() == {"ListedLater": 1}
    pipeline.drain(published)
    assert decision_of(pipeline, there.id) == before
    assert pipeline.sweep() == {}
    assert codes(pipeline, registered(pipeline)) == [TWICE]


@pytest.mark.parametrize("first", [0, 1])
def test_two_of_one_name_whom_an_earlier_release_accepted_stay_accepted(first: int) -> None:
    pipeline = Pipeline()
    pair = registered(pipeline), registered(pipeline)
    accepted_by_two(pipeline, pair[1])
    of_an_earlier_release(pipeline, *pair)
    for number in (first, 1 - first):
        again(pipeline, pair[number])
    assert sorted(*listings(pipeline)) == sorted(one.id for one in pair)
    assert [on_the_roll(pipeline, one) for one in pair] == [True, True]
    assert len({decision_of(pipeline, one.id).listed for one in pair}) == len(pair)


@pytest.mark.parametrize("call", range(1, 16))
def test_whoever_is_accepted_while_another_is_listed_later_is_beside_them(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    there = registered(pipeline)
    of_an_earlier_release(pipeline, there)
    other = pipeline.register(person())
    request = pipeline.bus.of(ValidationRequest)[-1]
    meanwhile.action = lambda: pipeline.deliver(Consumer.VALIDATOR, request)
    meanwhile.at = {meanwhile.calls + call}
    again(pipeline, there)
    pipeline.drain()
    rows = [decision_of(pipeline, one.id) for one in (there, other)]
    # Whoever came before the other was listed was not compared with them, but is beside them.
    ids = {one.record.id for one in rows if one.accepted}
    assert {*listings(pipeline)[0]} == ids
    assert len({row.listed for row in rows if row.accepted}) == len(ids)


def accepted_by_two(pipeline: Pipeline, receipt: Receipt) -> None:
    for by in (JANE, JOHN):
        decide(pipeline, receipt, by=by)
    pipeline.drain()
    assert on_the_roll(pipeline, receipt)


def back_under_the_name_of_another(pipeline: Pipeline) -> tuple[Receipt, Receipt]:
    """Somebody marries, another is accepted beside them under the name of before, which they take.

    They were compared while they had different names.
    """
    first = registered(pipeline)
    pipeline.rectify(first, person(**MARRIED))
    pipeline.drain()
    other = registered(pipeline)
    accepted_by_two(pipeline, other)
    pipeline.rectify(first, person())
    pipeline.drain()
    assert codes(pipeline, first) == [TWICE]
    return first, other


def test_one_person_does_not_accept_who_goes_back_under_the_name_of_another() -> None:
    pipeline = Pipeline()
    first, other = back_under_the_name_of_another(pipeline)
    assert compared_with(pipeline, first) == [other.id]
    assert decide(pipeline, first, by=JANE, revision=3) is None
    assert decide(pipeline, first, by=JOHN, revision=3) is not None


def test_another_correction_does_not_get_by_who_goes_back_under_the_name_of_another() -> None:
    pipeline = Pipeline()
    first, _ = back_under_the_name_of_another(pipeline)
    pipeline.rectify(first, person(phone_number=None))
    pipeline.drain()
    assert codes(pipeline, first) == [TWICE]


def test_going_back_to_the_name_that_is_in_force_needs_nobodys_leave() -> None:
    pipeline = Pipeline()
    registered(pipeline, **MARRIED)
    first, namesake = registered(pipeline), registered(pipeline)
    accepted_by_two(pipeline, namesake)
    pipeline.rectify(first, person(**MARRIED))
    pipeline.drain()
    assert codes(pipeline, first) == [TWICE]
    pipeline.rectify(first, person())
    pipeline.drain()
    assert standing(pipeline, first) == (ACCEPTED, 0)


def put_back(pipeline: Pipeline, receipt: Receipt) -> None:
    wish = Judgement(ACCEPTED, reason=OfficeReason.PUT_BACK, beside=like(pipeline, receipt))
    propose(pipeline.review, receipt.id, replace(wish, beside=frozenset()), JANE)
    record = decision_of(pipeline, receipt.id).record
    # Where there is nobody beside, the proposal counts as the second opinion.
    if decide_case(pipeline.review, record, wish, JOHN, TRACE) is None:
        decide_case(pipeline.review, record, wish, JANE, TRACE)


def test_whoever_is_put_back_is_known_under_the_names_of_before_again() -> None:
    pipeline = Pipeline()
    first = taken_off_after_marrying(pipeline)
    second = registered(pipeline)
    put_back(pipeline, first)
    pipeline.drain()
    assert on_the_roll(pipeline, first)
    pipeline.erase(second)
    pipeline.drain()
    third = registered(pipeline)
    assert codes(pipeline, third) == [TWICE]
    assert compared_with(pipeline, third) == [first.id]


@pytest.mark.parametrize("call", range(1, 31))
def test_of_one_put_back_and_one_accepted_under_the_name_of_before_one_is_compared(
    call: int,
) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    first = taken_off_after_marrying(pipeline)
    second = pipeline.register(person())
    request = pipeline.bus.of(ValidationRequest)[-1]
    meanwhile.action = lambda: pipeline.deliver(Consumer.VALIDATOR, request)
    meanwhile.at = {meanwhile.calls + call}
    with suppress(ReviewOutdated):
        put_back(pipeline, first)
    pipeline.drain()
    assert [on_the_roll(pipeline, one) for one in (first, second)] != [True, True]


def test_a_record_that_does_not_open_is_named_and_blocks_no_case() -> None:
    pipeline = Pipeline()
    first, second = registered(pipeline), registered(pipeline)
    row = pipeline.vault.rows[first.id]
    assert isinstance(row, VaultRow)
    broken = row.sealed.model_copy(update={"commitment": bytes(32)})
    pipeline.vault.rows[first.id] = replace(row, sealed=broken)
    assert show(pipeline, second).beside == {first.id: None}


def test_all_who_are_there_are_named_and_five_records_opened() -> None:
    pipeline = Pipeline()
    there = [registered(pipeline).id]
    for _ in range(6):
        one = registered(pipeline)
        for by in (JANE, JOHN):
            decide(pipeline, one, by=by)
        there.append(one.id)
    beside = show(pipeline, registered(pipeline)).beside
    assert list(beside) == there
    assert [data is not None for data in beside.values()] == [True] * 5 + [False] * 2


def test_two_people_decide_that_it_is_somebody_else_and_corrections_leave_it_at_that() -> None:
    pipeline = Pipeline()
    registered(pipeline)
    namesake = registered(pipeline)
    decide(pipeline, namesake, by=JANE)
    pipeline.drain()
    assert not on_the_roll(pipeline, namesake)
    decide(pipeline, namesake, by=JOHN)
    pipeline.drain()
    assert on_the_roll(pipeline, namesake)
    pipeline.rectify(namesake, person(phone_number=None))
    pipeline.drain()
    assert standing(pipeline, namesake) == (ACCEPTED, 0)
    # A third is told apart from the first again.
    third = registered(pipeline)
    assert codes(pipeline, third) == [TWICE]


def test_a_ruling_on_one_name_says_nothing_of_another() -> None:
    pipeline = Pipeline()
    registered(pipeline)
    other_day = registered(pipeline, date_of_birth=date(1990, 1, 1))
    namesake = registered(pipeline)
    for member in (JANE, JOHN):
        decide(pipeline, namesake, by=member)
    pipeline.drain()
    pipeline.rectify(namesake, person(date_of_birth=date(1990, 1, 1)))
    pipeline.drain()
    assert codes(pipeline, namesake) == [TWICE]
    assert compared_with(pipeline, namesake) == [other_day.id]
    assert standing(pipeline, namesake) == (REVIEW, 0)
    assert on_the_roll(pipeline, namesake)


def test_staff_see_both_records_and_both_people_find_the_look() -> None:
    pipeline = Pipeline()
    first = registered(pipeline, username="the first")
    again = registered(pipeline, username="the second")
    shown = pipeline.http("GET /reviews/{id}", staff=JANE, path={"id": again.id})
    assert '"the first"' in shown["body"]
    assert '"the second"' in shown["body"]
    looks = pipeline.requests.history(first.id).views
    assert [(look.by, look.purpose) for look in looks] == [(JANE, COMPARING)]


def test_whoever_erases_the_first_registration_leaves_the_second_to_one_person() -> None:
    pipeline = Pipeline()
    first, second = registered(pipeline), registered(pipeline)
    pipeline.erase(first)
    pipeline.drain()
    assert compared_with(pipeline, second) == []
    assert decide(pipeline, second) is not None


def test_a_restricted_record_is_named_and_not_opened() -> None:
    pipeline = Pipeline()
    first, second = registered(pipeline), registered(pipeline)
    restricted(pipeline, first)
    assert show(pipeline, second).beside == {first.id: None}
    assert pipeline.requests.history(first.id).views == ()


# ------------------------------------------------------------------ names that change


def test_a_changed_name_is_known_beside_the_one_before() -> None:
    pipeline = Pipeline()
    first = registered(pipeline)
    pipeline.rectify(first, person(**MARRIED))
    pipeline.drain()
    assert on_the_roll(pipeline, first)
    assert codes(pipeline, registered(pipeline)) == [TWICE]
    assert codes(pipeline, registered(pipeline, **MARRIED)) == [TWICE]


def test_taking_somebody_elses_name_waits_and_leaves_the_acceptance_in_force() -> None:
    pipeline = Pipeline()
    registered(pipeline, **MARRIED)
    second = registered(pipeline)
    pipeline.rectify(second, person(**MARRIED))
    pipeline.drain()
    assert standing(pipeline, second) == (REVIEW, 0)
    assert on_the_roll(pipeline, second)


# ------------------------------------------------------------------ the end


@pytest.mark.parametrize("changes", [{}, MARRIED])
def test_erasure_leaves_nothing_of_the_likeness(changes: dict[str, object]) -> None:
    pipeline = Pipeline()
    first = registered(pipeline)
    if changes:
        pipeline.rectify(first, person(**changes))
        pipeline.drain()
    pipeline.erase(first)
    pipeline.drain()
    assert pipeline.likenesses.rows == {}
    grave = pipeline.decisions.rows[first.id]
    assert isinstance(grave, Tombstone)
    assert grave.listed == ()
    assert on_the_roll(pipeline, registered(pipeline))


@pytest.mark.parametrize("step", range(1, 30))
def test_an_erasure_that_breaks_off_anywhere_is_finished(step: int) -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    first = registered(pipeline)
    registered(pipeline, **MARRIED)
    faults.at = {faults.calls + step}
    for _ in range(2):
        with suppress(Crash):
            pipeline.erase(first)
    pipeline.drain()
    assert [first.id in ids for ids in listings(pipeline)] == [False]
    grave = pipeline.decisions.rows[first.id]
    assert isinstance(grave, Tombstone)
    assert grave.listed == ()


@pytest.mark.parametrize("step", range(1, 40))
@pytest.mark.parametrize("after", [False, True])
def test_a_change_of_name_that_breaks_off_anywhere_is_finished(step: int, *, after: bool) -> None:
    faults = Faults(after=after)
    pipeline = Pipeline(faults)
    first = registered(pipeline)
    pipeline.rectify(first, person(**MARRIED))
    faults.at = {faults.calls + step}
    pipeline.drain()
    assert listings(pipeline) == [(first.id,), (first.id,)]
    assert on_the_roll(pipeline, first)
    assert standing(pipeline, first) == (ACCEPTED, 0)


@pytest.mark.parametrize("step", range(1, 40))
@pytest.mark.parametrize("after", [False, True])
def test_taking_a_name_that_is_there_keeps_the_acceptance_wherever_it_breaks_off(
    step: int, *, after: bool
) -> None:
    faults = Faults(after=after)
    pipeline = Pipeline(faults)
    registered(pipeline, **MARRIED)
    second = registered(pipeline)
    pipeline.rectify(second, person(**MARRIED))
    faults.at = {faults.calls + step}
    pipeline.drain()
    assert standing(pipeline, second) == (REVIEW, 0)
    assert codes(pipeline, second) == [TWICE]
    assert on_the_roll(pipeline, second)


@pytest.mark.parametrize("call", range(1, 20))
def test_an_erasure_beside_a_decision_leaves_nothing_of_the_likeness(call: int) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person())
    (request,) = pipeline.bus.of(ValidationRequest)

    def erase() -> None:
        pipeline.erase(receipt)
        pipeline.drain(1)

    meanwhile.action = erase
    meanwhile.at = {meanwhile.calls + call}
    pipeline.deliver(Consumer.VALIDATOR, request)
    pipeline.erase(receipt)
    pipeline.drain()
    assert pipeline.likenesses.rows == {}


def test_a_late_validation_after_an_erasure_claims_nothing() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(person())
    pipeline.erase(receipt)
    pipeline.drain()
    assert pipeline.likenesses.rows == {}


def test_a_registration_that_a_restore_brought_back_stands_in_nobodys_way() -> None:
    pipeline = Pipeline()
    first = registered(pipeline)
    rows = dict(pipeline.likenesses.rows)
    pipeline.erase(first)
    pipeline.drain()
    pipeline.likenesses.rows = rows
    assert on_the_roll(pipeline, registered(pipeline))
    assert [first.id in ids for ids in listings(pipeline)] == [False]


# ------------------------------------------------------------------ order


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_one_is_accepted_in_whatever_order_they_are_decided(order: tuple[int, ...]) -> None:
    pipeline = Pipeline()
    receipts = [pipeline.register(person()) for _ in range(3)]
    requests = pipeline.bus.of(ValidationRequest)
    for number in (*order, *order):
        assert pipeline.deliver(Consumer.VALIDATOR, requests[number])
    decided = [decision_of(pipeline, one.id).accepted for one in receipts]
    assert decided == [number == order[0] for number in range(3)]


@pytest.mark.parametrize("call", range(1, 20))
@pytest.mark.parametrize("crash", [False, True])
def test_of_two_that_are_decided_at_once_one_is_accepted(call: int, *, crash: bool) -> None:
    meanwhile = Crossing() if crash else Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipts = [pipeline.register(person()) for _ in range(2)]
    one, other = pipeline.bus.of(ValidationRequest)
    meanwhile.action = lambda: pipeline.deliver(Consumer.VALIDATOR, other)
    meanwhile.at = {meanwhile.calls + call}
    pipeline.deliver(Consumer.VALIDATOR, one)
    for request in (one, other, one, other):
        assert any(pipeline.deliver(Consumer.VALIDATOR, request) for _ in range(2))
    assert sum(decision_of(pipeline, receipt.id).accepted for receipt in receipts) == 1
    pipeline.drain()
    assert sum(on_the_roll(pipeline, receipt) for receipt in receipts) == 1
