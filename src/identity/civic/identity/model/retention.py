"""How long a registration that leads to nothing is kept (GDPR Art. 5(1)(e))."""

from datetime import datetime
from enum import StrEnum

from civic.contracts.events import Decision
from civic.identity.model.rows import DecisionRow


class Hold(StrEnum):
    """Why no day is set on which a registration is erased; told to the data subject."""

    ACCEPTED = "accepted"
    """By this revision, or by an earlier one that is in force."""
    WAS_ACCEPTED = "was_accepted"
    """People have taken the person off the roll, and may have been mistaken."""
    UNDECIDED = "undecided"
    """It waits for the rules or for the office."""
    REVIEW_REQUESTED = "review_requested"
    RESTRICTED = "restricted"


def held_by(row: DecisionRow) -> tuple[Hold, ...]:
    """Return what keeps a registration, whatever time passes; nothing if its retention runs.

    So only a rejection ends in an erasure, and only of somebody who was never accepted: whoever was
    is kept until they or the law say otherwise, and what waits for the office until it is decided.

    That the office has brought up a case no row says.
    """
    accepted = row.accepted or row.acceptance is not None
    reasons = {
        Hold.ACCEPTED: accepted,
        Hold.WAS_ACCEPTED: row.was_accepted and not accepted,
        Hold.UNDECIDED: row.verdict is None or row.verdict.decision is Decision.REVIEW,
        Hold.REVIEW_REQUESTED: row.waits_for_people,
        Hold.RESTRICTED: row.restricted,
    }
    return tuple(hold for hold, keeps in reasons.items() if keeps)


def may_be_erased(row: DecisionRow) -> bool:
    """Return whether the office may have a registration erased, where the law requires it.

    Only of somebody who is off the roll, and waits for nothing.
    """
    return set(held_by(row)) <= {Hold.WAS_ACCEPTED}


def ends_from(row: DecisionRow) -> datetime | None:
    """Return the time from which the retention of a row runs; None if it does not run.

    It starts anew when a restriction is lifted.
    """
    if held_by(row):
        return None
    return max(row.updated, row.restriction_changed or row.updated)


def has_ended(row: DecisionRow, rejected_before: datetime) -> bool:
    """Return whether the retention of a registration has ended.

    Whoever ends it also looks whether the office has brought up a case.
    """
    since = ends_from(row)
    return since is not None and since < rejected_before
