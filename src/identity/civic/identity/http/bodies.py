"""The bodies of the HTTP API, and the map from the domain's errors to its answers."""

from datetime import date, datetime, timedelta
from email.utils import format_datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from civic.contracts.events import UUID_PATTERN, Cohort, Decision, Reason
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import (
    AccessRenewed,
    AnotherPersonNeeded,
    AreaNeeded,
    AreaUnknown,
    AreaUnsettled,
    BlindedMessageRefused,
    ConfirmationWrong,
    CredentialAlreadyIssued,
    CredentialKeyMissing,
    DigestsDisagree,
    DuplicateCheckPending,
    ElectionNotFound,
    ElectionOver,
    ErasureNotRequested,
    IdempotencyKeyReused,
    IssuedBeforeErasure,
    KeyServiceUnavailable,
    NothingToReview,
    NotLeftYet,
    NotToBeErased,
    NotYetEligible,
    NotYetStored,
    ProofNotAnswered,
    ProofSessionNotFound,
    ProofSessionUsed,
    ProviderFailed,
    ProviderUnknown,
    ReasonNeeded,
    RegistrationErased,
    RegistrationNotFound,
    RegistrationRestricted,
    RenewalNotFound,
    ReviewOutdated,
    RollClosed,
    StoreUnavailable,
    TooManyRevisions,
    WrappingKeyMissing,
)
from civic.identity.model.codes import Severity
from civic.identity.model.notice import (
    KEPT_AFTER_ERASURE,
    FieldPurpose,
    Recipient,
    Retention,
    Right,
)
from civic.identity.model.proof import ProofLevel, ProofMethod, ProofRefused
from civic.identity.model.registration import Registration
from civic.identity.model.requests import ARTICLES, History, RequestKind, SubjectRequest
from civic.identity.model.retention import Hold, ends_from, held_by
from civic.identity.model.rows import DecisionRow, Proof, Status
from civic.runtime.publisher import PublishFailed
from civic.runtime.request import FieldError, Problem

Id = Annotated[RegistrationId, Field(pattern=UUID_PATTERN)]


class Body(BaseModel):
    """Base of the response bodies; built when first used, as no function uses them all."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class RegistrationAccepted(Body):
    """The registration was received and will be decided."""

    id: Id
    access_token: str = Field(description="Bearer token for this registration; shown only here")
    status: Status


class ProofNote(Body):
    """How it was proven who the person is; it counts while name and date of birth stay the same."""

    method: ProofMethod
    level: ProofLevel
    issuer: str = Field(description="Who vouches for it")
    day: date


class RegistrationStatus(Body):
    """Where a registration stands."""

    id: Id
    status: Status
    revision: int = Field(ge=1)
    decision: Decision | None = None
    reasons: tuple[Reason, ...] = Field(
        default=(), description="Of an accepted registration: remarks, which change nothing"
    )
    rule_set: str | None = None
    standing: Decision | None = Field(
        default=None, description="The decision in force, while a correction is not accepted"
    )
    restricted: bool = False
    erased_after: datetime | None = Field(
        default=None,
        description="When it is erased, unless you correct it, contest it or restrict it; not while"
        " the election office looks at it again",
    )
    held: tuple[Hold, ...] = Field(
        default=(),
        description="Why no such day is set: it is accepted, or was (was_accepted), it waits for a"
        " decision (undecided), you have asked for a review that is not made yet"
        " (review_requested), or you have restricted the processing (restricted)",
    )
    compared_until: datetime | None = Field(
        default=None,
        description="Until when no credential is given out, unless the election office has"
        " decided before: another registration shares some of the data, and people compare the two",
    )
    proof: ProofNote | None = None
    created: datetime
    updated: datetime


class ErasureAccepted(Body):
    """An erasure was requested; repeating the request gives the same answer."""

    id: Id
    status: Literal["erasing"] = "erasing"
    requested_at: datetime
    kept: str = Field(default=KEPT_AFTER_ERASURE, description="What is not erased yet, and why")


class RequestNote(Body):
    """One request of the data subject, and when it is due (GDPR Art. 12(3))."""

    kind: RequestKind
    article: str
    received_at: datetime
    due_at: datetime
    count: int = Field(ge=1, description="How often it was made before it was answered")
    completed_at: datetime | None = None
    lapsed_at: datetime | None = Field(
        default=None, description="When an erasure left nothing to answer it about"
    )


class RequestNotes(Body):
    """Every request that was made about a registration."""

    id: Id
    requests: tuple[RequestNote, ...]


class AccessNote(Body):
    """Somebody opened the record, or had a part in giving out a new access token for it.

    Only the controller knows exactly who it was (Court of Justice of the EU, C-579/21).
    """

    at: datetime
    by: Literal["data subject", "staff"]
    purpose: str


class DataDisclosure(Body):
    """Everything held about a person (GDPR Art. 15), machine-readable (Art. 20)."""

    id: Id
    revision: int = Field(ge=1)
    created: datetime
    updated: datetime
    data: Registration
    decision: RegistrationStatus | None = None
    cohort: Cohort | None = Field(
        default=None,
        description="What analytics holds; absent before a decision, and after an objection",
    )
    purposes: tuple[FieldPurpose, ...]
    recipients: tuple[Recipient, ...]
    retention: tuple[Retention, ...]
    source: str
    automated_decisions: str
    rights: tuple[Right, ...]
    requests: tuple[RequestNote, ...]
    accesses: tuple[AccessNote, ...]


class ExplainedReason(Body):
    """A reason, what it means, and what it did to the decision."""

    code: str
    pointer: str
    explanation: str
    effect: Severity | None = Field(
        default=None,
        description="A remark does nothing to the decision; absent if people decided, or the rules"
        " of an earlier version",
    )


class DecisionExplanation(Body):
    """How a decision came about (GDPR Art. 15(1)(h) and 22)."""

    id: Id
    decision: Decision
    decided_by: Literal["rules", "people"]
    rule_set: str
    reasons: tuple[ExplainedReason, ...]


class StoreErasure(Body):
    """One store, and when it confirmed the erasure."""

    store: str
    erased_at: datetime | None = None


class ErasureReceipt(Body):
    """A signed statement that all is erased; ``civic rights verify-erasure`` checks it offline."""

    receipt: str = Field(description="Canonical JSON (RFC 8785), exactly as signed")
    algorithm: Literal["ECDSA_SHA_256"] = "ECDSA_SHA_256"
    signature: str = Field(description="Base64 of the DER signature")
    public_key: str = Field(description="Base64 of the DER public key")


class ErasureStatus(Body):
    """How far an erasure has come (GDPR Art. 17)."""

    id: Id
    status: Literal["erasing", "erased"]
    requested_at: datetime
    completed_at: datetime | None = None
    stores: tuple[StoreErasure, ...]
    receipt: ErasureReceipt | None = None
    kept: str = Field(default=KEPT_AFTER_ERASURE, description="What is not erased yet, and why")


_NOT_FOUND = Problem(404, "not_found", "There is no such registration for this token")
_UNAVAILABLE = Problem(
    503,
    "temporarily_unavailable",
    "Nothing was accepted; please try again",
    headers={"retry-after": "2"},
)

_PROBLEMS: dict[type[Exception], Problem] = {
    RegistrationNotFound: _NOT_FOUND,
    # Whoever planted a digest learns no more than from an unknown id; a metric tells the operator.
    DigestsDisagree: _NOT_FOUND,
    ErasureNotRequested: Problem(404, "no_erasure", "No erasure was requested"),
    IdempotencyKeyReused: Problem(
        422, "idempotency_key_reused", "This Idempotency-Key was used for another payload"
    ),
    RegistrationErased: Problem(
        409, "registration_erased", "This Idempotency-Key belongs to an erased registration"
    ),
    RegistrationRestricted: Problem(
        409, "restricted", "Processing is restricted; lift the restriction first"
    ),
    NothingToReview: Problem(
        409, "nothing_to_review", "There is no decision yet, or it is in your favour"
    ),
    ReviewOutdated: Problem(
        409, "review_outdated", "The case has changed in the meantime; look at it again"
    ),
    ReasonNeeded: Problem(
        409, "reason_needed", "Say why: what the office decides of its own accord needs a reason"
    ),
    NotToBeErased: Problem(
        409,
        "not_to_be_erased",
        "Only somebody who is off the roll is erased, and not while a decision or a review waits",
    ),
    AnotherPersonNeeded: Problem(
        409, "another_person_needed", "You have brought this up; another person looks at it"
    ),
    RenewalNotFound: Problem(
        404,
        "no_such_renewal",
        "No such renewal waits: nobody asked for it, its code is another, or a week has passed",
    ),
    AreaNeeded: Problem(
        409, "area_needed", "The address does not settle the person's area; accept with areas"
    ),
    AreaUnknown: Problem(
        422,
        "area_unknown",
        "An area is neither an ISO 3166 code nor in the office's table",
        (FieldError("unknown_area", "/areas"),),
    ),
    ElectionNotFound: Problem(404, "no_such_election", "There is no such election for this person"),
    ElectionOver: Problem(403, "election_over", "The election is over"),
    AreaUnsettled: Problem(
        403,
        "area_unsettled",
        "Your address does not tell in which electoral area you vote; correct it, or ask the"
        " election office to settle your area",
    ),
    BlindedMessageRefused: Problem(
        422,
        "invalid_fields",
        "Some fields are not valid",
        (FieldError("wrong_form", "/blinded_message"),),
    ),
    CredentialAlreadyIssued: Problem(
        409, "already_issued", "Another credential was issued for this election"
    ),
    IssuedBeforeErasure: Problem(
        409,
        "issued_before_erasure",
        "A credential for this election was issued to somebody of your name and date of birth who"
        " has erased their registration since; if that was not you, ask the election office, which"
        " can let you vote another way",
    ),
    NotLeftYet: _UNAVAILABLE,
    ProviderUnknown: Problem(
        404,
        "provider_unknown",
        "The election office trusts no identity provider of this name",
        (FieldError("unknown_provider", "/provider"),),
    ),
    ProviderFailed: Problem(
        502,
        "provider_failed",
        "The identity provider did not answer as it should; begin again, or choose another way",
    ),
    ProofSessionNotFound: Problem(
        404, "no_such_proof", "There is no such proof for this token, or its time is over"
    ),
    ProofRefused: Problem(
        422, "answer_refused", "The answer is not signed, or not as it should be; it is not kept"
    ),
    ProofSessionUsed: Problem(
        409, "proof_used", "This sign-in has come back before; begin again if it was not you"
    ),
    ProofNotAnswered: Problem(
        409, "proof_not_answered", "Nobody has signed in yet, or it failed; sign in, or begin again"
    ),
    ConfirmationWrong: Problem(
        403,
        "confirmation_wrong",
        "This is not the confirmation code that was shown after the sign-in; begin again if you"
        " have not seen one",
    ),
    TooManyRevisions: Problem(409, "conflict", "Other corrections are under way; please try again"),
    NotYetStored: Problem(
        409, "not_yet_stored", "The data is still being stored", headers={"retry-after": "1"}
    ),
    StoreUnavailable: _UNAVAILABLE,
    KeyServiceUnavailable: _UNAVAILABLE,
    WrappingKeyMissing: _UNAVAILABLE,
    CredentialKeyMissing: _UNAVAILABLE,
    PublishFailed: _UNAVAILABLE,
}


def problem_of(error: Exception) -> Problem | None:
    """Return the answer for one of the domain's errors, None for any other."""
    match error:
        case AccessRenewed():
            return Problem(
                401,
                "access_renewed",
                "The election office has given out a new access token for this registration, which"
                " has ended this one; use the new one, and if you did not ask for it, tell the"
                " office at once",
                headers={"www-authenticate": 'Bearer error="invalid_token"'},
                extensions={"renewed_on": error.day.isoformat()},
            )
        case DuplicateCheckPending():
            return Problem(
                409,
                "duplicate_check_pending",
                "It is not decided yet whether you are on the roll already; ask again from"
                " retry_at, and if you have registered before, use that registration",
                headers={"retry-after": format_datetime(error.retry_at, usegmt=True)},
                extensions={"retry_at": error.retry_at.isoformat()},
            )
        case NotYetEligible():
            return Problem(
                403,
                "not_yet_eligible",
                "You will not be old enough on the day of this election; you can vote in those"
                " from the day of eligible_from",
                extensions={
                    "eligible_from": error.eligible_from.isoformat(),
                    "election_day": error.election_day.isoformat(),
                },
            )
        case RollClosed():
            return Problem(
                403,
                "roll_closed",
                "The roll of this election had closed when you registered; you can vote in later"
                " elections",
                extensions={"roll_closes_at": error.closed_at.isoformat()},
            )
        case _:
            return _PROBLEMS.get(type(error))


def status_of(row: DecisionRow, rejected: timedelta) -> RegistrationStatus:
    """Return what a data subject may know of their decision row.

    Args:
        row: The row.
        rejected: How long a rejected registration is kept.
    """
    verdict, ends = row.verdict, ends_from(row)
    return RegistrationStatus(
        id=row.record.id,
        status=row.status,
        revision=row.record.revision,
        decision=verdict.decision if verdict else None,
        reasons=verdict.reasons if verdict else (),
        rule_set=verdict.rule_set if verdict else None,
        standing=row.standing,
        restricted=row.restricted,
        erased_after=None if ends is None else ends + rejected,
        held=held_by(row),
        compared_until=row.pairs.held_until,
        proof=proof_note(row.proof),
        created=row.created,
        updated=row.updated,
    )


def proof_note(proof: Proof | None) -> ProofNote | None:
    """Return what people may know of a proof: what is kept, but not whom it is compared by."""
    if proof is None:
        return None
    return ProofNote(method=proof.method, level=proof.level, issuer=proof.issuer, day=proof.day)


def request_note(request: SubjectRequest) -> RequestNote:
    """Return what a data subject may know of one of their requests."""
    return RequestNote(
        kind=request.kind,
        article=ARTICLES[request.kind],
        received_at=request.received_at,
        due_at=request.due_at,
        count=request.count,
        completed_at=request.completed_at,
        lapsed_at=request.lapsed_at,
    )


def access_notes(history: History) -> tuple[AccessNote, ...]:
    """Return who opened a record or renewed the access to it, oldest first."""
    own = [
        AccessNote(at=request.received_at, by="data subject", purpose="access")
        for request in history.requests
        if request.kind == RequestKind.ACCESS
    ]
    staff = [
        AccessNote(at=view.at, by="staff", purpose=view.purpose)
        for view in history.views
        if view.is_shown
    ]
    return tuple(sorted(own + staff, key=lambda note: note.at))
