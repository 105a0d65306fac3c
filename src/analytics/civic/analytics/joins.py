"""What is known about one registration: its decision and whether its data is stored.

A registration counts once both are known for the same revision. The two halves are kept in one row
and only ever advance to a higher revision, so duplicates and the order of events do not matter.
"""

from dataclasses import dataclass
from datetime import date

from civic.contracts.events import Cohort, Decision


@dataclass(frozen=True, slots=True)
class Counted:
    """A registration that counts, without its id."""

    day: date
    cohort: Cohort
    decision: Decision
    reasons: tuple[str, ...]
