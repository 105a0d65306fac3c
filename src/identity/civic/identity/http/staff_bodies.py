"""The bodies of the staff API."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from civic.contracts.events import Area, Decision, Reason
from civic.identity.http.bodies import Body, Id
from civic.identity.model.registration import Registration
from civic.identity.model.review import OfficeReason, ReviewCause


class WaitingCase(Body):
    """A registration that waits for staff to decide; nothing that its data subject wrote."""

    id: Id
    revision: int = Field(ge=1)
    cause: ReviewCause
    since: datetime
    due_at: datetime
    opinions: int = Field(ge=0, description="How many opinions there are already")


class WaitingCases(Body):
    """Every case that waits, oldest first."""

    cases: tuple[WaitingCase, ...]


class Proposal(Body):
    """What a member of staff would decide; who agrees with it decides exactly this."""

    decision: Decision
    reason: OfficeReason | None
    areas: tuple[Area, ...]
    at: datetime


class OpenedCase(Body):
    """A case with its record; opening it has been logged."""

    id: Id
    revision: int = Field(ge=1)
    cause: ReviewCause
    since: datetime
    decision: Decision | None
    reasons: tuple[Reason, ...]
    proposals: tuple[Proposal, ...] = Field(
        description="The newest of each member of staff, oldest first"
    )
    data: Registration


class ReviewOpinion(Body):
    """What a member of staff decides on a case they have looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: int = Field(ge=1)
    decision: Literal[Decision.ACCEPTED, Decision.REJECTED]
    areas: tuple[Area, ...] = Field(
        default=(),
        max_length=8,
        description=(
            "The person's electoral areas, narrowest first, where the address does not settle them"
        ),
    )
    reason: OfficeReason | None = Field(
        default=None, description="In a case that the office has brought up: told to the person"
    )


class OfficeProposal(Body):
    """What a member of staff proposes of the office's own accord; another person decides it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Literal[Decision.ACCEPTED, Decision.REJECTED]
    reason: OfficeReason = Field(description="Told to the person")
    areas: tuple[Area, ...] = Field(default=(), max_length=8, description="As in ReviewOpinion")


class ReviewOutcome(Body):
    """Whether the case is decided, or another person has to agree."""

    id: Id
    outcome: Literal["decided", "awaiting_agreement"]
    decision: Decision
