"""The bodies of the vote API, and the map from the domain's errors to its answers.

Answers carry ``success`` and ``message`` besides the members of RFC 9457, because the older web
site reads them.
"""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from civic.contracts import base64url
from civic.contracts.base64url import Base64Url
from civic.contracts.voting import ElectionIdField, StyleIdField
from civic.runtime.request import FieldError, Problem
from civic.voting.errors import (
    AlreadyVoted,
    BadSelections,
    CodeMistyped,
    ElectionUnknown,
    PollNotOpen,
    SealBroken,
    StoreUnavailable,
    VoterUnknown,
    VotingError,
)
from civic.voting.model.credential import Credential
from civic.voting.usecases.submission import Paper

_MAX_CONTESTS = _MAX_CHOICES = 200


Choices = Annotated[
    dict[str, Annotated[list[str], Field(max_length=_MAX_CHOICES)]],
    Field(max_length=_MAX_CONTESTS),
]


class Body(BaseModel):
    """Base of what comes in: exact, strict, and silent about its input."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class SignedToken(Body):
    """A credential, as the voter's device made it; byte strings are base64url without padding."""

    election: ElectionIdField
    style: StyleIdField
    token: Base64Url
    randomizer: Base64Url
    signature: Base64Url


class Vote(Body):
    """A filled-in ballot paper.

    It has ``credential`` or ``id``, and ``selections`` (with ``write_ins``) or ``candidate``.
    """

    credential: SignedToken | None = None
    id: str | None = Field(default=None, max_length=64, description="A posted voter code")
    election: ElectionIdField | None = Field(
        default=None, description="The election of a posted code"
    )
    selections: Choices | None = None
    write_ins: Choices = Field(default_factory=dict)
    candidate: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _one_of_each(self) -> "Vote":
        if (self.credential is None) == (self.id is None):
            raise PydanticCustomError("credential_or_id", "either a credential or an id")
        if (self.selections is None) == (self.candidate is None):
            raise PydanticCustomError("selections_or_candidate", "selections or a candidate")
        return self

    def paper(self) -> Paper:
        """Return what was sent in the domain's terms."""
        return Paper(
            voter=_credential(self.credential) if self.credential else self.id or "",
            election=self.election,
            selections=self.selections or {},
            write_ins=self.write_ins,
            candidate=self.candidate,
        )


class VoteTaken(BaseModel):
    """A ballot is on its way into the box."""

    success: bool = True
    message: str = (
        "Your vote was received. Keep the receipt: with it you can check that your vote is counted."
    )
    receipt: str = Field(description="Hash of the ballot's leaf in the public log, base64url")


class Health(BaseModel):
    """Whether the services that a vote needs respond."""

    status: str
    table: bool
    queue: bool


def problem_of(error: Exception) -> Problem | None:
    """Return the answer to an error of this domain; None for any other."""
    match error:
        case StoreUnavailable() | SealBroken():
            # An answer may have been lost on the way: the ballot may or may not be in the queue.
            title, after = "Send the same again in a moment; it counts once", {"retry-after": "2"}
            return replace(_refused(503, "unavailable", title), headers=after)
        case VotingError():
            return _refusal(error)
    return None


def _refusal(error: VotingError) -> Problem | None:
    match error:
        case CodeMistyped():
            return _refused(404, "mistyped", "The code has a typing mistake")
        case VoterUnknown() | ElectionUnknown():
            return _refused(404, "unknown", "No such election, credential or code")
        case PollNotOpen(code=code):
            return _refused(403, code, _CLOSED[code])
        case AlreadyVoted():
            return _refused(409, "already_voted", "This credential has voted; only one vote counts")
        case BadSelections(faults=faults):
            errors = tuple(FieldError(code, pointer) for code, pointer in faults)
            return _refused(
                422, "invalid_ballot", "The selections do not form a valid ballot", errors
            )
    return None


_CLOSED = {
    "not_open_yet": "The election is not open yet",
    "suspended": "Voting is suspended for the moment",
    "closed": "The election is closed",
}


def _refused(status: int, code: str, title: str, errors: tuple[FieldError, ...] = ()) -> Problem:
    return Problem(status, code, title, errors, extensions={"success": False, "message": title})


def _credential(sent: SignedToken) -> Credential:
    return Credential(
        sent.election,
        sent.style,
        base64url.decode(sent.token),
        base64url.decode(sent.randomizer),
        base64url.decode(sent.signature),
    )
