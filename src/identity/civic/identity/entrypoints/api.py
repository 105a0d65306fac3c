"""The bodies of the HTTP API, and the map from the domain's errors to its answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from civic.contracts.events import UUID_PATTERN, Decision, Reason
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import (
    IdempotencyKeyReused,
    KeyServiceUnavailable,
    NotYetStored,
    RegistrationErased,
    RegistrationNotFound,
    StoreUnavailable,
    TooManyRevisions,
    WrappingKeyMissing,
)
from civic.identity.model.registration import Registration
from civic.identity.model.rows import Status
from civic.runtime.http import Problem
from civic.runtime.publisher import PublishFailed

IDEMPOTENCY_KEY_PATTERN = r"^[\x21-\x7e]{16,128}$"

Id = Annotated[RegistrationId, Field(pattern=UUID_PATTERN)]


class Body(BaseModel):
    """Base of the response bodies."""

    model_config = ConfigDict(frozen=True)


class RegistrationAccepted(Body):
    """A registration was taken in and will be decided."""

    id: Id
    access_token: str = Field(description="Bearer token for this registration; shown only here")
    status: Status


class RegistrationStatus(Body):
    """Where a registration stands."""

    id: Id
    status: Status
    revision: int = Field(ge=1)
    decision: Decision | None = None
    reasons: tuple[Reason, ...] = ()
    rule_set: str | None = None
    created: datetime
    updated: datetime


class ErasureAccepted(Body):
    """An erasure was requested; repeating the request gives the same answer."""

    id: Id
    status: Literal["erasing"] = "erasing"
    requested_at: datetime


class FieldPurpose(Body):
    """What one field is processed for (GDPR Art. 15(1)(a))."""

    field: str
    purpose: str


class DataDisclosure(Body):
    """Everything held about a person (GDPR Art. 15), machine-readable (Art. 20)."""

    id: Id
    revision: int = Field(ge=1)
    created: datetime
    updated: datetime
    data: Registration
    purposes: tuple[FieldPurpose, ...]
    recipients: tuple[str, ...]
    retention: str
    source: str
    rights: tuple[str, ...]


class ProblemField(Body):
    """One field that is not valid."""

    code: str
    pointer: str


class ProblemDetails(Body):
    """A refusal (RFC 9457); never repeats what was sent."""

    type: str
    title: str
    status: int
    code: str
    trace_id: str
    errors: tuple[ProblemField, ...] = ()


_NOT_FOUND = Problem(404, "not_found", "There is no such registration for this token")
_UNAVAILABLE = Problem(
    503,
    "temporarily_unavailable",
    "Nothing was accepted; please try again",
    headers={"retry-after": "2"},
)

_PROBLEMS: dict[type[Exception], Problem] = {
    RegistrationNotFound: _NOT_FOUND,
    IdempotencyKeyReused: Problem(
        422, "idempotency_key_reused", "This Idempotency-Key was used for another payload"
    ),
    RegistrationErased: Problem(
        409, "registration_erased", "This Idempotency-Key belongs to an erased registration"
    ),
    TooManyRevisions: Problem(409, "conflict", "Other corrections are under way; please try again"),
    NotYetStored: Problem(
        409, "not_yet_stored", "The data is still being stored", headers={"retry-after": "1"}
    ),
    StoreUnavailable: _UNAVAILABLE,
    KeyServiceUnavailable: _UNAVAILABLE,
    WrappingKeyMissing: _UNAVAILABLE,
    PublishFailed: _UNAVAILABLE,
}


def problem_of(error: Exception) -> Problem | None:
    """Return the answer for one of the domain's errors, None for any other."""
    return _PROBLEMS.get(type(error))
