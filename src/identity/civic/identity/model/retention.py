"""How long a registration that leads to nothing is kept (GDPR Art. 5(1)(e))."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """A registration last changed before these times has come to the end of its retention.

    Accepted ones are kept until erasure: the election needs them.
    """

    rejected_before: datetime
    abandoned_before: datetime
    """For those that were never decided, or wait for a review that nobody finished."""

    @classmethod
    def at(cls, now: datetime, rejected: timedelta, abandoned: timedelta) -> Self:
        """Return the limits as of now."""
        return cls(now - rejected, now - abandoned)
