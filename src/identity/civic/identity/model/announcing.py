"""What is announced of a decision."""

from civic.contracts.events import DecisionMade
from civic.identity.model.placement import Placement
from civic.identity.model.rows import Acceptance, DecisionRow, Verdict


def announced(
    row: DecisionRow, verdict: Verdict, placement: Placement, traceparent: str
) -> DecisionMade:
    """Return the announcement of a row's verdict.

    The person registered when the registration was first submitted: neither the office's delay nor
    a correction makes it a late one.

    Args:
        row: The row.
        verdict: Its verdict.
        placement: Where the person belongs by the data of this revision. What an earlier
            acceptance says of that stays, if it is that which is in force.
        traceparent: The trace that the decision belongs to.
    """
    acceptance = row.acceptance
    if acceptance is not None and row.accepted:
        acceptance = Acceptance.of(row.record.revision, placement)
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
        areas=acceptance.areas if acceptance else (),
        area_version=acceptance.area_version if acceptance else 0,
        eligible_from=acceptance.eligible_from if acceptance else None,
        registered_at=row.created if acceptance else None,
        cohort=placement.cohort,
        access_digest=row.access_digest,
        traceparent=traceparent,
    )
