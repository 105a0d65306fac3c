"""What is announced of a decision."""

from civic.contracts.events import DecisionMade
from civic.identity.model.eligibility import Placement
from civic.identity.model.rows import DecisionRow, Verdict


def announced(
    row: DecisionRow, verdict: Verdict, placement: Placement, traceparent: str
) -> DecisionMade:
    """Return the announcement of a row's verdict."""
    return DecisionMade(
        id=row.record.id,
        revision=row.record.revision,
        decision=verdict.decision,
        reasons=verdict.reasons,
        rule_set=verdict.rule_set,
        decided_at=row.updated,
        round=verdict.round,
        restriction=row.restriction,
        standing=row.standing,
        areas=placement.areas,
        area_version=placement.area_version,
        eligible_from=placement.eligible_from,
        registered_at=row.registered,
        cohort=placement.cohort,
        access_digest=row.access_digest,
        traceparent=traceparent,
    )
