"""The OpenAPI 3.1 description of the HTTP API, generated from the models it answers with.

Nothing at run time uses this module; ``civic schemas`` writes its document to ``openapi.json`` and
the build fails when that file is stale.
"""

from pydantic import BaseModel

from civic.identity.http.bodies import (
    IDEMPOTENCY_KEY_PATTERN,
    DataDisclosure,
    DecisionExplanation,
    ErasureAccepted,
    ErasureStatus,
    RegistrationAccepted,
    RegistrationStatus,
    RequestNote,
    RequestNotes,
)
from civic.identity.http.credential_bodies import (
    CredentialAnswer,
    CredentialOffers,
    CredentialRequest,
)
from civic.identity.model.notice import PrivacyNotice
from civic.identity.model.registration import Registration
from civic.runtime.openapi import Json, ProblemDetails, answers, request_body, schemas_of

_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}
_TRACE = {
    "name": "traceparent",
    "in": "header",
    "description": "W3C Trace Context; continues the caller's trace",
    "schema": {"type": "string"},
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Unguessable, such as a UUID. Repeating it with the same payload gives the same "
    "answer and no second registration.",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN},
}
_PROBLEMS = {
    400: "Malformed",
    401: "No access token",
    403: "The election is over",
    404: "Unknown id, erased, or not this token's; which of them cannot be told",
    409: "In conflict with what is known; may be tried again if Retry-After is given",
    413: "Larger than 64 KiB",
    415: "Not application/json",
    422: "Invalid fields, each named by code and JSON Pointer",
    429: "Too many requests",
    500: "Our fault",
    503: "Temporarily unavailable; nothing was accepted",
}
_TAGS = ["registrations"]
_ALWAYS = (429, 500, 503)


def document() -> Json:
    """Return the OpenAPI document."""
    bodies: tuple[type[BaseModel], ...] = (
        Registration,
        RegistrationAccepted,
        RegistrationStatus,
        ErasureAccepted,
        DataDisclosure,
        DecisionExplanation,
        ErasureStatus,
        RequestNote,
        RequestNotes,
        CredentialOffers,
        CredentialRequest,
        CredentialAnswer,
        PrivacyNotice,
        ProblemDetails,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Civic registration API",
            "version": "1",
            "description": "Register, follow, see, correct, export and erase. Errors are problem "
            "details (RFC 9457) and never repeat what was sent.",
        },
        "paths": _paths(),
        "components": {
            "schemas": schemas_of(bodies),
            "securitySchemes": {"accessToken": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> Json:
    return {
        "/registrations": {
            "parameters": [_TRACE],
            "post": {
                "operationId": "register",
                "tags": _TAGS,
                "summary": "Submit a registration",
                "parameters": [_IDEMPOTENCY],
                "requestBody": request_body(Registration),
                "responses": _responses(202, RegistrationAccepted, 400, 409, 413, 415, 422),
            },
        },
        "/registrations/{id}": _by_id(
            get=_own("readStatus", "Status and decision", _found(200, RegistrationStatus)),
            put=_own(
                "rectify",
                "Correct the data (GDPR Art. 16); it is validated anew",
                _found(202, RegistrationStatus, 400, 409, 413, 415, 422),
            )
            | {"requestBody": request_body(Registration)},
            delete=_own("erase", "Erase everything (GDPR Art. 17)", _found(202, ErasureAccepted)),
        ),
        "/registrations/{id}/data": _by_id(
            get=_own(
                "readData",
                "Everything that is held (GDPR Art. 15), machine-readable (Art. 20)",
                _also(_found(200, DataDisclosure, 409), "text/csv"),
            )
        ),
        "/registrations/{id}/consent": _by_id(
            delete=_own(
                "withdrawConsent",
                "Withdraw consent (GDPR Art. 7(3)); erases everything, as nothing else allows it",
                _found(202, ErasureAccepted),
            )
        ),
        **_rights_paths(),
        "/registrations/{id}/credentials": _by_id(
            get=_own(
                "listElections",
                "The elections this person may vote in, with the keys of their credentials",
                _found(200, CredentialOffers),
            ),
            post=_own(
                "issueCredential",
                "Have a blinded message signed, once for each election (RFC 9474)",
                _found(200, CredentialAnswer, 400, 403, 409, 413, 415, 422),
            )
            | {"requestBody": request_body(CredentialRequest)},
        ),
        "/privacy-notice": {
            "parameters": [_TRACE],
            "get": {
                "operationId": "readPrivacyNotice",
                "tags": _TAGS,
                "summary": "What is processed, for what, for whom, how long (GDPR Art. 13)",
                "responses": _also(_responses(200, PrivacyNotice), "text/html"),
            },
        },
    }


def _rights_paths() -> Json:
    return {
        "/registrations/{id}/restriction": _by_id(
            put=_own(
                "restrict",
                "Stop everything but keeping the data (GDPR Art. 18)",
                _found(200, RegistrationStatus, 409),
            ),
            delete=_own(
                "liftRestriction",
                "Let the processing go on",
                _found(200, RegistrationStatus, 409),
            ),
        ),
        "/registrations/{id}/objection": _by_id(
            put=_own(
                "objectToAnalytics",
                "Be left out of every release, for good (GDPR Art. 21)",
                _found(202, RequestNote),
            )
        ),
        "/registrations/{id}/review": _by_id(
            post=_own(
                "requestReview",
                "Have a person look at the decision (GDPR Art. 22(3))",
                _found(202, RequestNote, 409),
            )
        ),
        "/registrations/{id}/requests": _by_id(
            get=_own(
                "listRequests",
                "What was asked for, and when it is due (GDPR Art. 12(3)); also after an erasure",
                _found(200, RequestNotes),
            )
        ),
        "/registrations/{id}/explanation": _by_id(
            get=_own(
                "explainDecision",
                "How the decision came about (GDPR Art. 15(1)(h) and 22)",
                _found(200, DecisionExplanation, 409),
            )
        ),
        "/registrations/{id}/erasure": _by_id(
            get=_own(
                "readErasure",
                "How far an erasure has come, with a signed receipt once it is complete",
                _found(200, ErasureStatus),
            )
        ),
    }


def _by_id(**operations: Json) -> Json:
    return {"parameters": [_ID, _TRACE], **operations}


def _own(operation: str, summary: str, responses: Json) -> Json:
    return {
        "operationId": operation,
        "tags": _TAGS,
        "summary": summary,
        "responses": responses,
        "security": [{"accessToken": []}],
    }


def _found(status: int, model: type[BaseModel], *problems: int) -> Json:
    return _responses(status, model, 401, 404, *problems)


def _also(responses: Json, media_type: str) -> Json:
    """Add another form to the answer, for those who ask for it with ``Accept``."""
    other = {media_type: {"schema": {"type": "string"}}}
    success = responses["200"]
    return responses | {"200": success | {"content": success["content"] | other}}


def _responses(status: int, model: type[BaseModel], *problems: int) -> Json:
    chosen = {code: _PROBLEMS[code] for code in sorted((*problems, *_ALWAYS))}
    return answers(status, model, chosen)
