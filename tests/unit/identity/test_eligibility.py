import subprocess
import sys
from dataclasses import asdict
from datetime import date
from importlib.resources import files

import pytest

from civic.contracts.events import Cohort, Decision, Reason
from civic.identity.model.eligibility import decide
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet
from tests.strategies.registrations import SUBMITTED_AT, address, person

SHIPPED = (files("civic.identity.rules") / "national-2027.toml").read_text("utf-8")
RULES = RuleSet.parse(SHIPPED)
CANARY = "CANARY7Q"

UNDER_AGE = person(date_of_birth=date(2011, 1, 16))
IMPLAUSIBLE = person(date_of_birth=date(1900, 1, 1))


def with_severity(code: str, severity: str) -> RuleSet:
    document = RULES.model_dump(by_alias=True)
    document["rules"][code]["severity"] = severity
    return RuleSet.model_validate(document)


@pytest.mark.parametrize(
    ("registration", "decision"),
    [
        (person(), Decision.ACCEPTED),
        (UNDER_AGE, Decision.REJECTED),
        (IMPLAUSIBLE, Decision.REVIEW),
        (IMPLAUSIBLE.model_copy(update={"citizenship_attestation": False}), Decision.REJECTED),
        (IMPLAUSIBLE.model_copy(update={"phone_number": "1"}), Decision.REVIEW),
    ],
)
def test_decision_is_that_of_the_severest_reason(
    registration: Registration, decision: Decision
) -> None:
    assert decide(registration, SUBMITTED_AT, RULES).decision is decision


def test_every_reason_is_given_in_order() -> None:
    registration = IMPLAUSIBLE.model_copy(
        update={"phone_number": "1", "citizenship_attestation": False}
    )
    assert decide(registration, SUBMITTED_AT, RULES).reasons == (
        Reason(code="age_implausible", pointer="/date_of_birth"),
        Reason(code="attestation_missing", pointer="/citizenship_attestation"),
        Reason(code="phone_invalid", pointer="/phone_number"),
    )


def test_ignored_finding_is_neither_a_reason_nor_counted() -> None:
    verdict = decide(UNDER_AGE, SUBMITTED_AT, with_severity("age_below_minimum", "ignore"))
    assert verdict.decision is Decision.ACCEPTED
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    "full_name", ["Kamaka\u02bbeha Keali\u02bbi", "O\u2019Brien-Smith Jr.", "X"]
)
def test_name_of_any_form_is_accepted(full_name: str) -> None:
    home = address(
        lines=("1 Main St",), city="Sacramento", region="CA", postcode="95814", country="US"
    )
    named = person(full_name=full_name, address=home, phone_number="+1 916 445 2841")
    verdict = decide(named, SUBMITTED_AT, RULES)
    assert (verdict.decision, verdict.reasons) == (Decision.ACCEPTED, ())


@pytest.mark.parametrize(
    ("field", "written"),
    [("phone_number", "+1 861 220 4567"), ("email", "a..b@docomo.ne.jp")],
)
def test_contact_data_that_is_doubted_is_remarked_on_and_accepted(field: str, written: str) -> None:
    home = address(
        lines=("1 Main St",), city="Sacramento", region="CA", postcode="95814", country="US"
    )
    consent = {"text_version": "2027-1", "given_at": "2026-11-01T10:00:00Z"}
    mara = person(date_of_birth=date(1980, 5, 5), address=home, consent=consent)
    assert decide(mara, SUBMITTED_AT, RULES).reasons == ()
    verdict = decide(mara.model_copy(update={field: written}), SUBMITTED_AT, RULES)
    assert verdict.decision is Decision.ACCEPTED
    assert [reason.pointer for reason in verdict.reasons] == [f"/{field}"]
    assert verdict.placement == decide(mara, SUBMITTED_AT, RULES).placement


def test_severity_comes_from_the_rule_set() -> None:
    verdict = decide(UNDER_AGE, SUBMITTED_AT, with_severity("age_below_minimum", "review"))
    assert verdict.decision is Decision.REVIEW


def test_verdict_names_the_rule_set_version() -> None:
    assert decide(person(), SUBMITTED_AT, RULES).rule_set == "national-2027.2"


@pytest.mark.parametrize(
    ("registration", "cohort"),
    [
        (person(), Cohort(region="DE", age_band="35-44")),
        (UNDER_AGE, Cohort(region="DE", age_band="under-18")),
        (IMPLAUSIBLE, Cohort(region="DE", age_band="unknown")),
        (person(date_of_birth=date(2030, 1, 1)), Cohort(region="DE", age_band="unknown")),
        (person(date_of_birth="1984"), Cohort(region="DE", age_band="35-44")),
        (person(date_of_birth="1982"), Cohort(region="DE", age_band="unknown")),
        (person(date_of_birth="1982-05"), Cohort(region="DE", age_band="unknown")),
        (person(date_of_birth="1982-06"), Cohort(region="DE", age_band="35-44")),
        (person(address=address(country="CH")), Cohort(region="other", age_band="35-44")),
        (
            person(address=address(country="JP", region="東京都", postcode="100-0001")),
            Cohort(region="JP-13", age_band="35-44"),
        ),
        (
            person(address=address(country="US", region=CANARY, postcode="94103")),
            Cohort(region="US", age_band="35-44"),
        ),
    ],
)
def test_cohort_is_generalised(registration: Registration, cohort: Cohort) -> None:
    assert decide(registration, SUBMITTED_AT, RULES).placement.cohort == cohort


def test_nothing_the_person_wrote_is_in_the_verdict() -> None:
    registration = person(
        username=CANARY,
        full_name=CANARY,
        phone_number=CANARY,
        email=f"{CANARY}@{CANARY}",
        national_id=CANARY,
        address=address(country="US", lines=(CANARY,), city=CANARY, region=CANARY, postcode=CANARY),
    )
    verdict = decide(registration, SUBMITTED_AT, RULES)
    assert len(verdict.reasons) == 6
    assert CANARY not in repr(asdict(verdict))


def test_optional_fields_cost_no_import_at_start() -> None:
    program = (
        "import sys, civic.identity.model.eligibility;"
        "print([name for name in ('email_validator', 'stdnum', 'dns') if name in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
