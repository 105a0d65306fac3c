"""Requests of data subjects, when they are due, and who looked at a record.

Every request under GDPR Art. 15 to 22 is logged before anything is done about it. It is due one
month after it was received (Art. 12(3)); made again before it is answered, it is the same request.
"""

import calendar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from civic.contracts.identifiers import RegistrationId, Revision


class RequestKind(StrEnum):
    """What is asked for."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    RESTRICTION = "restriction"
    LIFTING = "lifting"
    OBJECTION = "objection"
    REVIEW = "review"


ARTICLES = {
    RequestKind.ACCESS: "15",
    RequestKind.RECTIFICATION: "16",
    RequestKind.ERASURE: "17",
    RequestKind.WITHDRAWAL: "7(3)",
    RequestKind.RESTRICTION: "18",
    RequestKind.LIFTING: "18(3)",
    RequestKind.OBJECTION: "21",
    RequestKind.REVIEW: "22(3)",
}
"""The article of the GDPR that each kind of request is based on."""


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """One request, from its receipt to its answer."""

    id: RegistrationId
    kind: RequestKind
    received_at: datetime
    revision: Revision | None = None
    """The revision that a rectification made; other kinds have none."""
    count: int = 1
    """How many times it was made before it was answered."""
    completed_at: datetime | None = None
    lapsed_at: datetime | None = None
    """When an erasure left nothing to answer it about; a request that lapsed was not answered."""

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits for the answer."""
        return self.completed_at is None and self.lapsed_at is None

    @property
    def due_at(self) -> datetime:
        """When it must be answered at the latest."""
        return one_month_after(self.received_at)


COMPARING = "comparison"
"""The purpose of a look at a record beside that of somebody of the same name and date of birth."""

PROPOSING = "proposal"
"""The purpose of proposing a decision, without a look at the record."""
ERASING = "erasure"
"""The purpose of ordering an erasure that two members of staff agree on."""
RENEWING = "renewal"
"""The purpose of asking for a new access token, without a look at the record."""
RENEWAL_LOOK = "renewal look"
"""The purpose of the look of another member of staff, before they agree."""
RENEWED = "renewal agreed"
"""The purpose of agreeing."""


@dataclass(frozen=True, slots=True)
class StaffView:
    """A member of staff opened a record, or did something about it without opening it."""

    id: RegistrationId
    at: datetime
    by: str
    """The IAM principal; for the controller to see, not the data subject."""
    purpose: str

    @property
    def is_shown(self) -> bool:
        """Whether the data subject is shown it: not what was merely proposed."""
        return self.purpose != PROPOSING


@dataclass(frozen=True, slots=True)
class History:
    """What the log has on one registration, oldest first."""

    requests: tuple[SubjectRequest, ...] = ()
    views: tuple[StaffView, ...] = ()


def one_month_after(moment: datetime) -> datetime:
    """Return the same day of the next month, or that month's last day.

    Source: GDPR Art. 12(3); Regulation (EEC, Euratom) No 1182/71 Art. 3(2)(c).
    """
    year, month = divmod(moment.year * 12 + moment.month, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last_day))
