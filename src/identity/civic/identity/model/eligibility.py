"""The decision on a registration: a function of the registration, the time and the rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from civic.contracts.events import Cohort, Decision, Reason
from civic.identity.model.age import birth_days
from civic.identity.model.areas import NO_TABLE, Fineness, Residence, TablePage, residence, settled
from civic.identity.model.checks import CHECKS, Case
from civic.identity.model.codes import PROOF, Code, Severity
from civic.identity.model.placement import Placement
from civic.identity.model.pointers import field_of
from civic.identity.model.proving import BIRTH, NAME, UNPROVEN, Standing
from civic.identity.model.registration import Registration
from civic.identity.model.rows import ADDRESS, DecisionRow
from civic.identity.model.rules import RuleSet

OTHER_REGION = "other"
EVIDENCE = "evidence"
_DECIDE_ON_PROOF = frozenset({NAME, BIRTH, ADDRESS})
REJECTED_BY_PEOPLE = "rejected_by_people_before"
"""The reason code of a correction by somebody whom people have rejected."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was decided about a person before."""

    accepted: bool = False
    """By an acceptance that is still in force."""
    rejected_by_people: bool = False
    settled: frozenset[str] = frozenset()
    """The fields that are as they were when people accepted the person."""
    areas: tuple[str, ...] = ()
    """Those that people settled, if the address is as it was then."""
    registered_already: bool = False
    """Whether somebody else is accepted under the same name and date of birth."""
    proof: Standing = UNPROVEN
    """How well it is proven who the person is, by what came before and now."""

    def settles(self, reason: Reason) -> bool:
        """Return whether people have accepted the person with what is found.

        That is so if it is about a field that is as it was then. For a proof to be passed over,
        name and birth date must be, and the address, which decides whether one is needed; and what
        contradicts the data is something that they have not seen.
        """
        if reason.code == Code.REGISTERED_ALREADY:
            return False
        if reason.code in PROOF:
            return self.settled >= _DECIDE_ON_PROOF
        if reason.code == Code.PROOF_CONTRADICTS and EVIDENCE not in self.settled:
            return False
        return field_of(reason.pointer) in self.settled


NO_PAST = Past()


def past_of(known: DecisionRow | None, fingerprints: Mapping[str, bytes]) -> Past:
    """Return what matters of a row for judging a later revision, or its own once more."""
    if known is None:
        return NO_PAST
    ruling = known.ruling
    settled_fields = frozenset() if ruling is None else ruling.settles(fingerprints)
    return Past(
        accepted=known.acceptance is not None,
        rejected_by_people=ruling is not None and ruling.decision is Decision.REJECTED,
        settled=settled_fields,
        areas=known.areas_settled(fingerprints),
    )


@dataclass(frozen=True, slots=True)
class Assessment:
    """A decision, its reasons and where the person belongs; nothing that the person wrote."""

    decision: Decision
    reasons: tuple[Reason, ...]
    rule_set: str
    placement: Placement


def decide(
    registration: Registration,
    submitted_at: datetime,
    rules: RuleSet,
    past: Past = NO_PAST,
    page: TablePage = NO_TABLE,
) -> Assessment:
    """Judge a registration by every rule; never raises for a registration of valid form.

    Args:
        registration: What the person submitted.
        submitted_at: When it was received; aware.
        rules: The rule set of the election.
        past: What was decided before. What people have accepted is not judged again as long as it
            is unchanged, and whom people have rejected the rules do not accept.
        page: What the office's table of areas says of the address.

    Returns:
        Rejected if any finding rejects, else review if any asks for it, else accepted. The
        reasons are every finding that the rules do not ignore, ordered by code and pointer: those
        of an accepted registration are remarks.
    """
    twice = past.registered_already
    case = Case(registration, submitted_at, rules, page, registered_already=twice, proof=past.proof)
    home = lives_in(registration, page, past.areas) if past.areas else case.residence
    found = [
        (rules.severity(Code(reason.code), accepted=past.accepted), reason)
        for check in CHECKS
        for reason in check(case)
        if not past.settles(reason) or (reason.code == Code.AREA_UNRESOLVED and not home.by_people)
    ]
    counted = [(severity, reason) for severity, reason in found if severity != Severity.IGNORE]
    decision = _decision({severity for severity, _ in counted})
    reasons = sorted((reason for _, reason in counted), key=_order)
    if decision is Decision.ACCEPTED and past.rejected_by_people:
        decision = Decision.REVIEW
        reasons.append(Reason(code=REJECTED_BY_PEOPLE, pointer=""))
    return Assessment(
        decision=decision,
        reasons=tuple(reasons),
        rule_set=rules.version,
        placement=placement_of(registration, rules, home, submitted_at),
    )


def _decision(severities: set[Severity]) -> Decision:
    if Severity.REJECT in severities:
        return Decision.REJECTED
    return Decision.REVIEW if Severity.REVIEW in severities else Decision.ACCEPTED


def _order(reason: Reason) -> tuple[str, str]:
    return reason.code, reason.pointer


def settled_areas(row: DecisionRow, fingerprints: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the areas that people settled for the address of a row's revision; empty if none."""
    if row.ruling and row.verdict and row.verdict.round > 0:
        return row.ruling.areas
    return row.areas_settled(fingerprints)


def lives_in(registration: Registration, page: TablePage, areas: tuple[str, ...]) -> Residence:
    """Return where a person votes: in the areas that people settled, or else by the address.

    Where people said no more than the country, and the office's table divides it, the address
    decides.
    """
    by_people = settled(registration.address, areas, page) if areas else None
    if by_people and by_people.is_settled():
        return by_people
    return residence(registration.address, page)


def is_settled(registration: Registration, home: Residence, rules: RuleSet) -> bool:
    """Return whether it is known where a person votes, as finely as rules and table want it."""
    country = rules.countries.get(registration.address.country)
    return home.is_settled(country.areas if country else Fineness.COUNTRY)


def eligible_from(registration: Registration, rules: RuleSet, decided_at: datetime) -> date | None:
    """Return from when a person is old enough to vote, if that day is after the decision.

    So nothing is learnt of the birth date of somebody who is old enough. Of a date that is known in
    part, the last possible day counts, as nobody votes too young.
    """
    day = rules.old_enough_from(birth_days(registration.date_of_birth)[1])
    return day if day > rules.local_date(decided_at) else None


def placement_of(
    registration: Registration, rules: RuleSet, home: Residence, decided_at: datetime
) -> Placement:
    """Return where a person belongs, and from when; counted by subdivision, not by own areas.

    Whoever lives where the rules accept nobody has the areas that people settled, or none.
    Every value but that day is a code from public tables, or a label of the rule set: never a
    person's text.
    """
    accepted = registration.address.country in rules.countries
    cohort = Cohort(
        region=home.region if accepted else OTHER_REGION,
        age_band=rules.age_band(registration.date_of_birth),
    )
    return Placement(
        cohort,
        home.areas if accepted or home.by_people else (),
        home.version,
        eligible_from(registration, rules, decided_at),
    )
