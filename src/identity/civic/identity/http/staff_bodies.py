"""The bodies of the staff API."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from civic.contracts.events import Decision, Reason
from civic.identity.http.bodies import Body, Id
from civic.identity.model.registration import Registration
from civic.identity.model.review import ReviewCause


class WaitingCase(Body):
    """A registration that waits for a person; nothing of what the person wrote."""

    id: Id
    revision: int = Field(ge=1)
    cause: ReviewCause
    since: datetime
    due_at: datetime
    opinions: int = Field(ge=0, description="How many opinions there are already")


class WaitingCases(Body):
    """Every case that waits, the oldest first."""

    cases: tuple[WaitingCase, ...]


class OpenedCase(Body):
    """A case with the record; that it was opened has been logged."""

    id: Id
    revision: int = Field(ge=1)
    cause: ReviewCause
    since: datetime
    decision: Decision | None
    reasons: tuple[Reason, ...]
    data: Registration


class ReviewOpinion(Body):
    """What a member of staff decides on a case they have looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: int = Field(ge=1)
    decision: Literal[Decision.ACCEPTED, Decision.REJECTED]


class ReviewOutcome(Body):
    """Whether the decision stands, or another person has to agree."""

    id: Id
    outcome: Literal["decided", "awaiting_agreement"]
    decision: Decision
