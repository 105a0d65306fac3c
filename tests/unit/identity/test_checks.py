"""Each code once where it applies and once where it does not, through the checks themselves."""

import importlib
from datetime import UTC, date, datetime
from importlib.resources import files
from types import ModuleType

import pytest

from civic.identity.model.checks import CHECKS, Case, is_national_id
from civic.identity.model.codes import PROOF, Code, IdScheme
from civic.identity.model.registration import Address, Consent, Registration
from civic.identity.model.rules import RuleSet
from tests.strategies.registrations import SUBMITTED_AT, address, person

SHIPPED = (files("civic.identity.rules") / "national-2027.toml").read_text("utf-8")
RULES = RuleSet.parse(SHIPPED)


def found(
    registration: Registration, rules: RuleSet = RULES, submitted_at: datetime = SUBMITTED_AT
) -> set[tuple[str, str]]:
    case = Case(registration, submitted_at, rules)
    return {(reason.code, reason.pointer) for check in CHECKS for reason in check(case)}


def test_typical_person_has_no_finding() -> None:
    assert found(person()) == set()


def test_every_code_has_a_case_below() -> None:
    elsewhere = {
        Code.REGION_NOT_ACCEPTED,
        Code.BIRTH_DATE_INCOMPLETE,
        Code.REGISTERED_ALREADY,
        # Those of proofs are in test_proving.
        *PROOF,
        Code.PROOF_CONTRADICTS,
    }
    assert {case[1] for case in POSITIVE} == set(Code) - elsewhere


ARABIC_DIGITS = "\u0661\u0661\u0665\u0661\u0661"
US = {"country": "US", "city": "San Francisco", "postcode": "94103"}
BR = {"country": "BR", "postcode": "01310-100", "region": "São Paulo"}
UNDER_A_BRIDGE = Address(
    described_location="under the bridge where Main Street meets 1st Street",
    city="Sacramento",
    region="CA",
    country="US",
)
POSITIVE = [
    (person(date_of_birth=date(2011, 1, 16)), Code.AGE_BELOW_MINIMUM, "/date_of_birth"),
    (person(date_of_birth=date(1906, 5, 23)), Code.AGE_IMPLAUSIBLE, "/date_of_birth"),
    (
        person(date_of_birth=date(2027, 1, 16)),
        Code.BIRTH_DATE_IN_FUTURE,
        "/date_of_birth",
    ),
    (person(date_of_birth="1984"), Code.BIRTH_DATE_PARTIAL, "/date_of_birth"),
    (
        person(citizenship_attestation=False),
        Code.ATTESTATION_MISSING,
        "/citizenship_attestation",
    ),
    (
        person(consent=Consent(text_version="2027-1", given_at="2027-01-15T12:05:01Z")),
        Code.CONSENT_AFTER_SUBMISSION,
        "/consent/given_at",
    ),
    (
        person(consent=Consent(text_version="2026-draft", given_at="2027-01-15T12:00:00Z")),
        Code.CONSENT_TEXT_NOT_IN_USE,
        "/consent/given_at",
    ),
    (
        person(consent=Consent(text_version="2027-1", given_at="1990-01-15T12:00:00Z")),
        Code.CONSENT_TEXT_NOT_IN_USE,
        "/consent/given_at",
    ),
    (
        person(consent=Consent(text_version="banana", given_at="2027-01-15T12:00:00Z")),
        Code.CONSENT_TEXT_UNKNOWN,
        "/consent/text_version",
    ),
    (person(address=address(country="CH")), Code.COUNTRY_NOT_ACCEPTED, "/address/country"),
    (person(address=UNDER_A_BRIDGE), Code.ADDRESS_DESCRIBED, "/address/described_location"),
    (person(address=address(postcode=None)), Code.ADDRESS_FIELD_MISSING, "/address/postcode"),
    (person(address=address(**US)), Code.ADDRESS_FIELD_MISSING, "/address/region"),
    (person(address=address(**US, region="Kalifornien")), Code.REGION_UNKNOWN, "/address/region"),
    (person(address=address(**US, region="Kalifornien")), Code.AREA_UNRESOLVED, "/address"),
    (person(address=address(**BR, city="Atlântida Perdida")), Code.CITY_UNKNOWN, "/address/city"),
    (person(address=address(postcode="5114")), Code.POSTCODE_INVALID, "/address/postcode"),
    (
        person(address=address(**US, region="NY")),
        Code.POSTCODE_OF_OTHER_REGION,
        "/address/postcode",
    ),
    (person(phone_number="+49 30"), Code.PHONE_INVALID, "/phone_number"),
    (person(email="erika@example"), Code.EMAIL_INVALID, "/email"),
    (person(national_id="12345678901"), Code.NATIONAL_ID_INVALID, "/national_id"),
]


@pytest.mark.parametrize(("registration", "code", "pointer"), POSITIVE)
def test_finding_is_named_by_code_and_pointer(
    registration: Registration, code: Code, pointer: str
) -> None:
    assert (code, pointer) in found(registration)


@pytest.mark.parametrize(
    "registration",
    [
        person(date_of_birth=date(2011, 1, 15)),
        person(date_of_birth=date(1906, 5, 24)),
        person(date_of_birth=date(2008, 2, 29)),
        person(consent=Consent(text_version="2027-1", given_at="2027-01-15T12:05:00Z")),
        person(consent=Consent(text_version="2026-draft", given_at="2023-11-15T12:05:00Z")),
        person(address=address(region="Bayern")),
        person(address=address(**US, region="CA")),
        person(address=address(**US, region=" california ")),
        person(address=address(**BR, city="São Paulo")),
        person(address=address(**BR, city="Sa\u0303o Paulo")),
        person(address=address(**BR, city="SAO PAULO")),
        person(address=address(country="GB", city="London", postcode="sw1a 1aa")),
        person(
            address=address(country="EG", city="القاهرة", region="القاهرة", postcode=ARABIC_DIGITS)
        ),
        person(address=address(country="EG", city="القاهرة", postcode=None)),
        person(
            address=address(country="JP", city="千代田区", region="東京都", postcode="100-0001")
        ),
        person(phone_number=None),
        person(phone_number="030 901820"),
        person(phone_number="+81 90-1234-5678"),
        person(email="erika@example.org"),
        person(email="κατερίνα@παράδειγμα.gr"),
        person(national_id="86095742719"),
        person(national_id="86 095 742 719"),
    ],
)
def test_acceptable_person_has_no_finding(registration: Registration) -> None:
    assert found(registration) == set()


@pytest.mark.parametrize(
    "full_name",
    [
        "Suharto",
        "O",
        "JEAN-LUC D\u2019ARTAGNAN",
        "O'Brien",
        "孫悟空",
        "محمد",
        "Ng",
        "x Æ A-12",
        "Wolfeschlegelsteinhausenbergerdorff " * 5,
        "null",
    ],
)
def test_name_is_never_a_finding(full_name: str) -> None:
    assert found(person(full_name=full_name, username=full_name[:64])) == set()


def test_birth_on_the_day_of_submission_counts_in_the_election_time_zone() -> None:
    late_evening = datetime(2027, 1, 1, 23, 30, tzinfo=UTC)
    born_next_day = person(date_of_birth=date(2027, 1, 2))
    future = (Code.BIRTH_DATE_IN_FUTURE, "/date_of_birth")
    berlin = found(born_next_day, submitted_at=late_evening)
    new_york = found(
        born_next_day,
        RuleSet.parse(SHIPPED.replace("Europe/Berlin", "America/New_York")),
        late_evening,
    )
    assert future not in berlin
    assert future in new_york


def test_several_findings_are_all_reported() -> None:
    registration = person(
        date_of_birth=date(2015, 1, 1),
        citizenship_attestation=False,
        phone_number="12",
        email="@",
        address=address(city="X", postcode=None),
    )
    assert found(registration) == {
        (Code.AGE_BELOW_MINIMUM, "/date_of_birth"),
        (Code.ATTESTATION_MISSING, "/citizenship_attestation"),
        (Code.ADDRESS_FIELD_MISSING, "/address/postcode"),
        (Code.PHONE_INVALID, "/phone_number"),
        (Code.EMAIL_INVALID, "/email"),
    }


@pytest.mark.parametrize(
    ("region", "accepted"), [("CA", True), ("California", True), ("NV", False), (None, False)]
)
def test_only_listed_regions_are_accepted(region: str | None, accepted: bool) -> None:  # noqa: FBT001
    rules = RuleSet.parse(
        SHIPPED.replace("[countries.US]", '[countries.US]\nregions = ["US-CA", "US-OR"]')
    )
    refused = (Code.REGION_NOT_ACCEPTED, "/address/region")
    registration = person(address=address(**US, region=region))
    assert (refused not in found(registration, rules)) is accepted
    assert refused not in found(registration)


def test_country_that_is_not_accepted_has_its_address_left_unjudged() -> None:
    registration = person(address=address(country="CH", postcode="nonsense"))
    assert found(registration) == {(Code.COUNTRY_NOT_ACCEPTED, "/address/country")}


def test_postcode_with_something_after_it_is_refused() -> None:
    registration = person(address=address(country="GB", city="London", postcode="SW1A 1AA9"))
    assert found(registration) == {(Code.POSTCODE_INVALID, "/address/postcode")}


AGE, PARTIAL = Code.AGE_BELOW_MINIMUM, Code.BIRTH_DATE_PARTIAL
FUTURE, OLD = Code.BIRTH_DATE_IN_FUTURE, Code.AGE_IMPLAUSIBLE


@pytest.mark.parametrize(
    ("born", "codes"),
    [
        ("1984", {PARTIAL}),
        ("1984-08", {PARTIAL}),
        ("2011", {PARTIAL}),
        ("2011-01", {PARTIAL}),
        ("2011-02", {PARTIAL, AGE}),
        ("2012", {PARTIAL, AGE}),
        ("1906", {PARTIAL}),
        ("1906-05", {PARTIAL}),
        ("1906-04", {PARTIAL, OLD}),
        ("1905", {PARTIAL, OLD}),
        ("2027", {PARTIAL, AGE}),
        ("2027-01", {PARTIAL, AGE}),
        ("2027-02", {PARTIAL, AGE, FUTURE}),
        ("2028", {PARTIAL, AGE, FUTURE}),
    ],
)
def test_every_day_of_a_partial_date_has_to_fail(born: str, codes: set[Code]) -> None:
    expected = {(code, "/date_of_birth") for code in codes}
    assert found(person(date_of_birth=born)) == expected


def test_partial_date_is_incomplete_where_the_rules_do_not_accept_it() -> None:
    rules = RuleSet.parse(
        SHIPPED.replace("partial_birth_dates = true", "partial_birth_dates = false")
    )
    incomplete = (Code.BIRTH_DATE_INCOMPLETE, "/date_of_birth")
    assert found(person(date_of_birth="1984"), rules) == {incomplete}
    assert rules == RuleSet.parse(SHIPPED.replace("partial_birth_dates = true", ""))


def test_described_location_needs_neither_lines_nor_postcode() -> None:
    described = (Code.ADDRESS_DESCRIBED, "/address/described_location")
    assert found(person(address=UNDER_A_BRIDGE)) == {described}
    nowhere = UNDER_A_BRIDGE.model_copy(update={"region": None})
    missing = (Code.ADDRESS_FIELD_MISSING, "/address/region")
    unplaced = (Code.AREA_UNRESOLVED, "/address")
    assert found(person(address=nowhere)) == {described, missing, unplaced}


def test_description_beside_an_address_is_left_alone() -> None:
    registration = person(address=address(described_location="the house behind the church"))
    assert found(registration) == set()


def test_described_location_in_another_country_is_not_accepted() -> None:
    abroad = UNDER_A_BRIDGE.model_copy(update={"country": "CH"})
    assert found(person(address=abroad)) == {(Code.COUNTRY_NOT_ACCEPTED, "/address/country")}


@pytest.mark.parametrize(
    "mailbox",
    [
        "erika@localhost",
        "erika@mail.test",
        "erika@[127.0.0.1]",
        "a@b@example.org",
        "x" * 65 + "@e.org",
    ],
)
def test_mailbox_that_cannot_get_mail_is_found(mailbox: str) -> None:
    assert found(person(email=mailbox)) == {(Code.EMAIL_INVALID, "/email")}


@pytest.mark.parametrize("number", ["54362315K", "X2482300W"])
def test_identifier_of_any_scheme_of_the_country_is_enough(number: str) -> None:
    spain = address(country="ES", city="Madrid", region="Madrid", postcode="28013")
    assert found(person(address=spain, national_id=number)) == set()


def test_identifier_of_a_country_without_scheme_is_left_alone() -> None:
    britain = address(country="GB", city="London", postcode="SW1A 1AA")
    assert found(person(address=britain, national_id="anything")) == set()


@pytest.mark.parametrize("scheme", IdScheme)
def test_scheme_is_known_to_the_library(scheme: IdScheme) -> None:
    module = importlib.import_module(f"stdnum.{scheme}")
    assert isinstance(module, ModuleType)
    assert is_national_id(scheme, "²") is False
