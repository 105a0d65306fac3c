"""How long a registration that leads to nothing is kept (GDPR Art. 5(1)(e))."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from civic.contracts.events import Decision
from civic.identity.model.rows import DecisionRow


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """A registration last changed before these times has come to the end of its retention."""

    rejected_before: datetime
    abandoned_before: datetime
    """For those that were never decided, or wait for a review that nobody finished."""

    @classmethod
    def at(cls, now: datetime, rejected: timedelta, abandoned: timedelta) -> Self:
        """Return the limits as of now."""
        return cls(now - rejected, now - abandoned)


def has_ended(row: DecisionRow, limits: RetentionLimits) -> bool:
    """Return whether the retention of a registration has ended.

    Who was ever accepted is kept until erasure, as the election needs them, unless a later revision
    was rejected. Retention waits while the processing is restricted or people are to look at the
    decision again, and starts anew when a restriction is lifted.
    """
    if row.restricted or row.waits_for_people:
        return False
    since = max(row.updated, row.restriction_changed or row.updated)
    if row.verdict is not None and row.verdict.decision == Decision.REJECTED:
        return since < limits.rejected_before
    return not row.ever_accepted and since < limits.abandoned_before
