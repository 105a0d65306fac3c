import json
from datetime import date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from civic.contracts.events import Decision
from civic.identity.model.age import LeapDayBirthday, age_on, of_age_from
from civic.identity.model.codes import Code, Severity
from civic.identity.model.eligibility import decide
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet
from tests.strategies.registrations import (
    ACCEPTED_COUNTRIES,
    SUBMITTED_AT,
    address,
    moments,
    person,
    registrations,
)

RULES = RuleSet.parse((files("civic.identity.rules") / "national-2027.toml").read_bytes())
# The first draw makes Hypothesis tabulate Unicode, and the first call loads libraries' tables.
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
IN_USE_FROM = datetime(2024, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
POINTERS = {
    "/date_of_birth",
    "/address",
    "/address/country",
    "/address/region",
    "/address/city",
    "/address/postcode",
    "/address/lines",
    "/address/described_location",
    "/phone_number",
    "/email",
    "/national_id",
    "/citizenship_attestation",
    "/consent/given_at",
    "/consent/text_version",
}


def test_strategy_knows_the_accepted_countries() -> None:
    assert set(ACCEPTED_COUNTRIES) == set(RULES.countries)


@untimed
@given(registrations())
@example(person(date_of_birth=date.min))
@example(person(date_of_birth=date.max))
@example(person(address=address(country="ZZ")))
def test_decide_answers_every_registration_of_valid_form(registration: Registration) -> None:
    verdict = decide(registration, SUBMITTED_AT, RULES)
    severities = {RULES.severity(Code(reason.code)) for reason in verdict.reasons}
    assert (verdict.decision is Decision.REJECTED) == (Severity.REJECT in severities)
    assert (verdict.decision is Decision.ACCEPTED) == (severities <= {Severity.REMARK})


@untimed
@given(registrations())
def test_reasons_are_ordered_distinct_and_about_known_fields(registration: Registration) -> None:
    pairs = [(r.code, r.pointer) for r in decide(registration, SUBMITTED_AT, RULES).reasons]
    assert pairs == sorted(set(pairs))
    assert {pointer for _, pointer in pairs} <= POINTERS


@untimed
@given(registrations())
def test_decide_is_a_function_of_its_arguments(registration: Registration) -> None:
    again = Registration.from_fields(registration.to_fields())
    assert decide(registration, SUBMITTED_AT, RULES) == decide(again, SUBMITTED_AT, RULES)


@untimed
@given(registrations())
def test_cohort_is_a_code_and_a_band(registration: Registration) -> None:
    cohort = decide(registration, SUBMITTED_AT, RULES).placement.cohort
    country, _, subdivision = cohort.region.partition("-")
    assert cohort.region == "other" or country in RULES.countries
    assert subdivision.isascii()
    assert len(subdivision) <= 3
    assert len(json.dumps(cohort.age_band)) <= 10


@untimed
@given(moments())
def test_consent_time_of_any_offset_is_compared(given_at: datetime) -> None:
    registration = person(consent={"text_version": "2027-1", "given_at": given_at.isoformat()})
    codes = {reason.code for reason in decide(registration, SUBMITTED_AT, RULES).reasons}
    late = (given_at - SUBMITTED_AT).total_seconds() > RULES.consent.clock_skew_seconds
    early = (IN_USE_FROM - given_at).total_seconds() > RULES.consent.clock_skew_seconds
    expected = {
        Code.CONSENT_AFTER_SUBMISSION: late,
        Code.CONSENT_TEXT_NOT_IN_USE: early,
    }
    assert codes == {code for code, found in expected.items() if found}


@untimed
@given(st.dates(), st.dates(), st.sampled_from(LeapDayBirthday))
def test_person_is_old_enough_from_the_first_day_of_that_age(
    born: date, day: date, leap_day: LeapDayBirthday
) -> None:
    old_enough = of_age_from(born, 18, leap_day)
    if old_enough < date.max:
        assert (age_on(day, born, leap_day) >= 18) == (day >= old_enough)


@untimed
@given(st.dates(), st.dates(), st.sampled_from(LeapDayBirthday))
def test_age_never_falls_and_grows_once_a_year(
    born: date, day: date, leap_day: LeapDayBirthday
) -> None:
    age = age_on(day, born, leap_day)
    assert day.year - born.year - 1 <= age <= day.year - born.year
    if day < date.max:
        tomorrow = date.fromordinal(day.toordinal() + 1)
        assert age <= age_on(tomorrow, born, leap_day) <= age + 1
