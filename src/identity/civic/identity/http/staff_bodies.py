"""The bodies of the staff API."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from civic.contracts.base64url import OF_32_BYTES
from civic.contracts.events import Area, Decision, Reason
from civic.identity.http.bodies import Body, Id, ProofNote
from civic.identity.model.registration import Registration
from civic.identity.model.renewal import CODE_PATTERN
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


_ERASE = Field(
    default=False,
    description="With a rejection, of somebody who is off the roll: that the law requires the"
    " registration to be erased",
)


class Proposal(Body):
    """What a member of staff would decide; who agrees with it decides exactly this."""

    decision: Decision
    reason: OfficeReason | None
    areas: tuple[Area, ...]
    erase: bool = _ERASE
    beside: tuple[Id, ...] = Field(description="With whom they compared the person")
    at: datetime


class Beside(Body):
    """A registration with which that of a case is to be compared."""

    id: Id
    data: Registration | None = Field(
        default=None, description="Its record; left out if it is not opened"
    )


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
    proof: ProofNote | None = None
    beside: tuple[Beside, ...] = Field(
        description="Who is accepted under the same name and date of birth, or shares other data"
        " with the person: two people compare"
    )


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
        default=None,
        description="In a case that the office has brought up, and with a rejection in one of a"
        " pair: told to the person",
    )
    erase: bool = _ERASE
    beside: tuple[Id, ...] = Field(
        default=(),
        description="The ids of all with whom they compared the person, as the case names them",
    )


class OfficeProposal(Body):
    """What a member of staff proposes of the office's own accord; another person decides it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: Literal[Decision.ACCEPTED, Decision.REJECTED]
    reason: OfficeReason = Field(description="Told to the person")
    areas: tuple[Area, ...] = Field(default=(), max_length=8, description="As in ReviewOpinion")
    erase: bool = _ERASE


class ReviewOutcome(Body):
    """Whether the case is decided, or another person has to agree."""

    id: Id
    outcome: Literal["decided", "awaiting_agreement"]
    decision: Decision


_CODE = Field(
    pattern=CODE_PATTERN,
    description="The first 80 bits of the digest of the new token, in Crockford's base 32",
)


class RenewalRequest(Body):
    """A new access token, by its digest: the token itself is for the person only."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    digest: str = Field(
        pattern=f"^{OF_32_BYTES}$",
        description="SHA-256 of the new access token, in base64url",
    )


class RenewalAsked(Body):
    """A renewal that waits for another member of staff, who compares the code."""

    id: Id
    code: str = _CODE


class WaitingRenewal(Body):
    """A renewal that another member of staff may agree to."""

    code: str = _CODE
    asked_by: str = Field(description="The IAM principal")
    asked_at: datetime
    lapses_at: datetime


class OpenedRenewals(Body):
    """The renewals that wait, oldest first, with the record; opening it has been logged."""

    id: Id
    renewals: tuple[WaitingRenewal, ...]
    data: Registration


class RenewalAgreement(Body):
    """What a member of staff agrees to, having compared it with what their colleague has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = _CODE


class RenewalMade(Body):
    """The new access token is valid, and all earlier ones have ended."""

    id: Id
    code: str = _CODE
    renewed_at: datetime
