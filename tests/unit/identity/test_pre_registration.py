"""From registration to credential: too young, or too late, for one election and not for another.

The people and days are those of two reports about real systems: a person of 17 who voted in an
election that was held before their birthday, and one who registered after the polls had opened.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from civic.contracts.events import Decision, ValidationResult
from civic.identity.errors import NotYetEligible, RollClosed
from civic.identity.functions import deadlines
from civic.identity.model.credentials import Standing
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet
from civic.identity.usecases.issuing import issue_credential
from tests.fakes.elections import ELECTION, OTHER, STYLE, published
from tests.fakes.pipeline import RULES, Consumer, Pipeline
from tests.fakes.views import decision_of
from tests.strategies.registrations import address, person

TODAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
BIRTHDAY = date(2027, 5, 23)
HOME = address(lines=("1 Main St",), city="Sacramento", region="CA", postcode="95814", country="US")
MESSAGE = b"\x00" + b"\x01" * 383


def citizen(born: date, **parts: Any) -> Registration:
    return person(
        full_name="Young One",
        date_of_birth=born,
        address=HOME,
        phone_number="+1 916 445 2841",
        consent={"text_version": "2027-1", "given_at": "2026-11-01T10:00:00Z"},
        **parts,
    )


class Office:
    """A pipeline in which somebody registers, with elections of any day."""

    def __init__(self, registration: Registration, now: datetime = TODAY) -> None:
        self.pipeline = Pipeline()
        self.pipeline.now = now
        self.receipt: Receipt = self.pipeline.register(registration)

    def drain(self) -> None:
        self.pipeline.drain()

    def publish(self, election: Any = ELECTION, **facts: Any) -> None:
        event = published(self.pipeline.now, "US-CA", election=election)
        event = event.model_copy(update=facts)
        assert self.pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)

    def ask(self, election: Any = ELECTION) -> str:
        who = self.receipt
        return issue_credential(
            self.pipeline.issuing, who.id, who.access_token, election, MESSAGE
        ).style

    @property
    def standing(self) -> Standing:
        entry = self.pipeline.roll.get(self.receipt.id)
        assert entry is not None
        return entry.standing


def test_person_of_17_votes_from_their_birthday_and_not_today() -> None:
    office = Office(citizen(date(2009, 5, 23)))
    office.drain()
    assert office.standing.accepted
    assert office.standing.eligible_from == BIRTHDAY
    kept = decision_of(office.pipeline, office.receipt.id).acceptance
    assert kept is not None
    assert kept.eligible_from == BIRTHDAY
    office.publish(day=TODAY.date())
    office.publish(OTHER, day=BIRTHDAY)
    with pytest.raises(NotYetEligible) as refused:
        office.ask()
    assert refused.value.eligible_from == BIRTHDAY
    assert office.ask(OTHER) == STYLE


def test_of_whoever_is_old_enough_nothing_is_said() -> None:
    office = Office(citizen(date(2008, 11, 29)))
    office.drain()
    (told,) = office.pipeline.bus.of(ValidationResult)
    assert told.results[0].eligible_from is None
    assert office.standing.eligible_from is None


@pytest.mark.parametrize(
    ("born", "decision"),
    [
        (date(2010, 11, 29), Decision.ACCEPTED),
        (date(2010, 11, 30), Decision.REJECTED),
    ],
)
def test_registration_is_possible_from_an_age(born: date, decision: Decision) -> None:
    office = Office(citizen(born))
    office.drain()
    row = decision_of(office.pipeline, office.receipt.id)
    assert row.verdict is not None
    assert row.verdict.decision is decision


def test_day_is_that_of_the_decision_in_the_time_zone_of_the_rules() -> None:
    # In Berlin the birthday has begun.
    office = Office(citizen(date(2008, 11, 30)), datetime(2026, 11, 29, 23, 30, tzinfo=UTC))
    office.drain()
    assert office.standing.eligible_from is None


def test_pre_registered_person_is_held() -> None:
    office = Office(citizen(date(2010, 11, 1)))
    office.drain()
    office.pipeline.now += timedelta(days=700)
    office.pipeline.invoke(deadlines.handler, {})
    office.drain()
    assert decision_of(office.pipeline, office.receipt.id).accepted
    assert office.standing.eligible_from == date(2028, 11, 1)


def test_correction_after_the_birthday_says_nothing_of_it_any_more() -> None:
    office = Office(citizen(date(2009, 5, 23)))
    office.drain()
    start = len(office.pipeline.bus.events)
    office.pipeline.now = datetime(2027, 5, 23, 12, tzinfo=UTC)
    office.pipeline.rectify(office.receipt, citizen(date(2009, 5, 23), username="corrected"))
    office.pipeline.drain(start)
    assert office.standing.revision == 2
    assert office.standing.eligible_from is None


def test_rules_without_pre_registration_decide_by_their_own_election_day() -> None:
    age = RULES.age_rule.model_copy(update={"pre_registration_from": None})
    rules: RuleSet = RULES.model_copy(update={"age_rule": age})
    office = Office(citizen(date(2009, 5, 23)))
    office.pipeline.validation = replace(office.pipeline.validation, rules=rules)
    office.drain()
    assert office.standing.eligible_from == BIRTHDAY
    office.publish(day=TODAY.date())
    with pytest.raises(NotYetEligible):
        office.ask()


def test_whoever_registers_after_the_roll_has_closed_does_not_vote() -> None:
    office = Office(citizen(date(1980, 5, 5)))
    office.drain()
    office.publish(roll_closes_at=TODAY - timedelta(days=21))
    office.publish(OTHER, roll_closes_at=TODAY + timedelta(days=1))
    with pytest.raises(RollClosed):
        office.ask()
    assert office.ask(OTHER) == STYLE


def test_delay_of_the_office_costs_nobody_a_vote() -> None:
    office = Office(citizen(date(1980, 5, 5)))
    office.pipeline.now += timedelta(days=30)
    office.drain()
    office.publish(roll_closes_at=TODAY + timedelta(days=1))
    assert office.ask() == STYLE


def test_correction_after_the_roll_has_closed_costs_nobody_a_vote() -> None:
    office = Office(citizen(date(1980, 5, 5)))
    office.drain()
    start = len(office.pipeline.bus.events)
    office.pipeline.now += timedelta(days=30)
    office.pipeline.rectify(office.receipt, citizen(date(1980, 5, 5), username="corrected"))
    office.pipeline.drain(start)
    office.publish(roll_closes_at=TODAY + timedelta(days=1))
    assert office.standing.revision == 2
    assert office.ask() == STYLE
