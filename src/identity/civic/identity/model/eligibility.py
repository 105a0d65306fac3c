"""The decision on a registration: a function of the registration, the time and the rules."""

from dataclasses import dataclass
from datetime import datetime

from civic.contracts.events import Cohort, Decision, Reason
from civic.identity.model.checks import CHECKS, Case
from civic.identity.model.codes import Code, Severity
from civic.identity.model.postal import region_code
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet

OTHER_REGION = "other"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A decision, its reasons and the cohort it counts in; nothing that the person wrote."""

    decision: Decision
    reasons: tuple[Reason, ...]
    rule_set: str
    cohort: Cohort


def decide(registration: Registration, submitted_at: datetime, rules: RuleSet) -> Assessment:
    """Judge a registration by every rule; never raises for a registration of valid form.

    Args:
        registration: What the person submitted.
        submitted_at: When it was received; aware.
        rules: The rule set of the election.

    Returns:
        Rejected if any finding rejects, else review if any asks for it, else accepted. The
        reasons are every finding that the rules do not ignore, ordered by code and pointer.
    """
    case = Case(registration, submitted_at, rules)
    found = [
        (rules.severity(Code(reason.code)), reason) for check in CHECKS for reason in check(case)
    ]
    counted = [(severity, reason) for severity, reason in found if severity != Severity.IGNORE]
    return Assessment(
        decision=_decision({severity for severity, _ in counted}),
        reasons=tuple(sorted((reason for _, reason in counted), key=_order)),
        rule_set=rules.version,
        cohort=cohort_of(registration, rules),
    )


def _decision(severities: set[Severity]) -> Decision:
    if Severity.REJECT in severities:
        return Decision.REJECTED
    return Decision.REVIEW if Severity.REVIEW in severities else Decision.ACCEPTED


def _order(reason: Reason) -> tuple[str, str]:
    return reason.code, reason.pointer


def cohort_of(registration: Registration, rules: RuleSet) -> Cohort:
    """Return the cohort a registration counts in.

    Every value is a code from public tables, or a label of the rule set: never a person's text.
    """
    address = registration.address
    region = OTHER_REGION
    if address.country in rules.countries:
        region = region_code(address.country, address.region) or address.country
    return Cohort(region=region, age_band=rules.age_band(registration.date_of_birth))
