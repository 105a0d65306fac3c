"""How long a registration that leads to nothing is kept (GDPR Art. 5(1)(e))."""

from datetime import datetime

from civic.contracts.events import Decision
from civic.identity.model.rows import DecisionRow


def has_ended(row: DecisionRow, rejected_before: datetime) -> bool:
    """Return whether the retention of a registration has ended.

    Only a rejection ends it, and only of somebody who was never accepted: whoever was is kept, also
    after people have taken them off the roll, until they or the law say otherwise. What waits for
    the office does not end: not a first registration that is undecided or in review, and not a
    correction. Retention waits while the processing is restricted or people are to look at the
    decision again, and starts anew when a restriction is lifted.

    Whoever ends it also looks whether the office has brought up a case, which no row says.
    """
    since = ends_from(row)
    return since is not None and since < rejected_before


def ends_from(row: DecisionRow) -> datetime | None:
    """Return the time from which the retention of a row runs; None if it does not run."""
    if row.restricted or row.waits_for_people or row.was_accepted:
        return None
    if row.verdict is None or row.verdict.decision is not Decision.REJECTED:
        return None
    return max(row.updated, row.restriction_changed or row.updated)
