"""Where a person counts and votes, and from when: codes and one day, nothing that they wrote."""

from dataclasses import dataclass
from datetime import date

from civic.contracts.events import Cohort


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a person belongs."""

    cohort: Cohort
    areas: tuple[str, ...] = ()
    """Their electoral areas, narrowest first."""
    area_version: int = 0
    """The version of the area table by which they were found."""
    eligible_from: date | None = None
    """When they are old enough, if that is still to come."""
