"""The checks behind a decision: each looks at one fact and knows nothing of severities.

Names are not checked: nothing about the form of a name shows that it is not somebody's name.
The libraries that take long to import (email-validator, python-stdnum) check optional fields, and
are imported when the first such field appears, so that a cold start does not pay for them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib import import_module

import phonenumbers

from civic.contracts.events import Reason
from civic.identity.model.age import birth_days
from civic.identity.model.areas import NO_TABLE, Residence, TablePage, residence
from civic.identity.model.codes import Code, IdScheme
from civic.identity.model.phones import read_phone
from civic.identity.model.postal import address_findings
from civic.identity.model.proof import ProofLevel
from civic.identity.model.proving import UNPROVEN, Standing
from civic.identity.model.registration import Registration
from civic.identity.model.rules import Country, RuleSet


@dataclass(frozen=True)
class Case:
    """One registration to be judged by the rules, and the aware time at which it was submitted."""

    registration: Registration
    submitted_at: datetime
    rules: RuleSet
    page: TablePage = NO_TABLE
    """What the office's table of areas says."""
    registered_already: bool = False
    """Whether somebody else is accepted under the same name and date of birth."""
    proof: Standing = UNPROVEN
    """How well it is proven who the person is."""

    @cached_property
    def residence(self) -> Residence:
        """The areas that the address lies in."""
        return residence(self.registration.address, self.page)

    @property
    def country(self) -> Country | None:
        """The country of residence, if the rules accept it."""
        return self.rules.countries.get(self.registration.address.country)


Check = Callable[[Case], Iterator[Reason]]


def birth_date(case: Case) -> Iterator[Reason]:
    """Judge whether the person is old enough to register, and the date of birth by itself.

    The day of submission is one of the election's time zone. Whether somebody is old enough to vote
    is up to each election: a decision says from when they are. Of a date that is known in part
    every possible day has to fail; whether it is the right one is for a person to decide, where the
    rules accept such dates at all.
    """
    born, pointer = case.registration.date_of_birth, "/date_of_birth"
    rule, today = case.rules.age_rule, case.rules.local_date(case.submitted_at)
    first, last = birth_days(born)
    if not case.rules.may_register(first, today):
        yield _reason(Code.AGE_BELOW_MINIMUM, pointer)
    if case.rules.age(last) > rule.implausible_above:
        yield _reason(Code.AGE_IMPLAUSIBLE, pointer)
    if first > today:
        yield _reason(Code.BIRTH_DATE_IN_FUTURE, pointer)
    if not isinstance(born, date):
        partial = rule.partial_birth_dates
        code = Code.BIRTH_DATE_PARTIAL if partial else Code.BIRTH_DATE_INCOMPLETE
        yield _reason(code, pointer)


def attestations(case: Case) -> Iterator[Reason]:
    """Ask for each attestation that the rules require."""
    for name in case.rules.required_attestations:
        if not getattr(case.registration, name):
            yield _reason(Code.ATTESTATION_MISSING, f"/{name}")


def consent(case: Case) -> Iterator[Reason]:
    """Ask for consent to a text that the office had in use then, and before the registration."""
    given, rule = case.registration.consent, case.rules.consent
    text = rule.texts.get(given.text_version)
    if text is None:
        yield _reason(Code.CONSENT_TEXT_UNKNOWN, "/consent/text_version")
    elif not case.rules.was_in_use(text, given.given):
        yield _reason(Code.CONSENT_TEXT_NOT_IN_USE, "/consent/given_at")
    if given.given - case.submitted_at > rule.clock_skew:
        yield _reason(Code.CONSENT_AFTER_SUBMISSION, "/consent/given_at")


def address(case: Case) -> Iterator[Reason]:
    """Judge the country and region, and the form of an address in an accepted country."""
    written, country = case.registration.address, case.country
    if country is None:
        yield _reason(Code.COUNTRY_NOT_ACCEPTED, "/address/country")
        return
    if country.regions is not None and country.regions.isdisjoint(case.residence.areas):
        yield _reason(Code.REGION_NOT_ACCEPTED, "/address/region")
    if not case.residence.is_settled(country.areas):
        yield _reason(Code.AREA_UNRESOLVED, "/address")
    for code, pointer in address_findings(written):
        yield _reason(code, pointer)
    if written.lines is None:
        yield _reason(Code.ADDRESS_DESCRIBED, "/address/described_location")


def phone_number(case: Case) -> Iterator[Reason]:
    """Doubt a number outside every numbering plan that the library knows (libphonenumber)."""
    written, address = case.registration.phone_number, case.registration.address
    if written is None:
        return
    number = read_phone(written, address.country)
    if number is None or not phonenumbers.is_valid_number(number):
        yield _reason(Code.PHONE_INVALID, "/phone_number")


def email(case: Case) -> Iterator[Reason]:
    """Doubt an address that RFC 5321 and RFC 6531 do not allow, without asking a name server."""
    address = case.registration.email
    if address is not None and not _is_email(address):
        yield _reason(Code.EMAIL_INVALID, "/email")


def national_id(case: Case) -> Iterator[Reason]:
    """Question an identifier that none of its country's schemes recognises."""
    number, country = case.registration.national_id, case.country
    if number is None or country is None or not country.national_id:
        return
    if not any(is_national_id(scheme, number) for scheme in country.national_id):
        yield _reason(Code.NATIONAL_ID_INVALID, "/national_id")


def uniqueness(case: Case) -> Iterator[Reason]:
    """Ask people whether somebody is the one who is accepted already."""
    if case.registered_already:
        yield _reason(Code.REGISTERED_ALREADY, "/full_name")


def proof(case: Case) -> Iterator[Reason]:
    """Ask for a proof of the level that the country needs, and people where one contradicts."""
    for name in case.proof.contradicts:
        yield _reason(Code.PROOF_CONTRADICTS, f"/{name}")
    needed = case.country.proof if case.country else ProofLevel.NONE
    if case.proof.level >= needed:
        return
    code = Code.PROOF_LEVEL_LOW if case.proof.given else Code.PROOF_MISSING
    yield _reason(Code.PROOF_REFUSED if case.proof.refused else code, "/evidence")


CHECKS: tuple[Check, ...] = (
    birth_date,
    attestations,
    consent,
    address,
    phone_number,
    email,
    national_id,
    uniqueness,
    proof,
)
"""Every check; their order does not matter."""


def is_national_id(scheme: IdScheme, number: str) -> bool:
    """Return whether the number has the form and the check digits of the scheme."""
    return bool(import_module(f"stdnum.{scheme}").is_valid(number))


def _is_email(address: str) -> bool:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        validate_email(address, strict=True, check_deliverability=False, test_environment=False)
    except EmailNotValidError:
        return False
    return True


def _reason(code: Code, pointer: str) -> Reason:
    return Reason(code=code, pointer=pointer)
