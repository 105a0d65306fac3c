"""The OpenAPI 3.1 description of the elections API, generated from the models it answers with.

Nothing at run time uses this module; ``civic schemas`` writes its document to
``elections-openapi.json`` and the build fails when that file is stale.
"""

from pydantic import BaseModel

from civic.contracts.voting import ELECTION_ID_PATTERN
from civic.runtime.openapi import Json, ProblemDetails, answers, request_body, schemas_of
from civic.voting.http.election_bodies import (
    IDEMPOTENCY_KEY_PATTERN,
    CandidateAdded,
    Certification,
    Codes,
    CodesAdded,
    ElectionList,
    ElectionShown,
)
from civic.voting.model.draft import DraftElection, NewCandidate, NewWindow

_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": ELECTION_ID_PATTERN},
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
    "description": "Repeating it with the same body leads to the same election",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN},
}
_PROBLEMS = {
    400: "Malformed",
    403: "Not signed by a member of staff",
    404: "No such election",
    409: "Its state does not allow it, or somebody else has changed it meanwhile",
    413: "Too large",
    415: "Not application/json",
    422: "Invalid, each fault named by code and JSON Pointer",
    429: "Too many requests",
    500: "Our fault",
    503: "Temporarily unavailable; repeat the request",
}
_ALWAYS = (403, 429, 500, 503)
_BODY_PROBLEMS = (400, 413, 415, 422)


def document() -> Json:
    """Return the OpenAPI document."""
    bodies: tuple[type[BaseModel], ...] = (
        DraftElection,
        NewCandidate,
        NewWindow,
        Certification,
        Codes,
        ElectionShown,
        ElectionList,
        CandidateAdded,
        CodesAdded,
        ProblemDetails,
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Civic elections API",
            "version": "1",
            "description": "For an election office: draft, announce, run and certify elections. "
            "Every request is signed (AWS Signature Version 4, service execute-api). What is so "
            "already is not done again, so every request can be repeated. Errors are problem "
            "details (RFC 9457) and never repeat what was sent.",
        },
        "security": [{"signature": []}],
        "paths": {
            "/elections": {"parameters": [_TRACE], "post": _create(), "get": _list()},
            "/elections/{id}": _by_id(get=_show(), put=_update(), delete=_delete()),
            **_changes(),
        },
        "components": {
            "schemas": schemas_of(bodies),
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "AWS Signature Version 4",
                }
            },
        },
    }


def _create() -> Json:
    made = _operation("createElection", "Make a draft", (201, ElectionShown), DraftElection)
    return made | {"parameters": [_IDEMPOTENCY]}


def _list() -> Json:
    return _operation("listElections", "All elections", (200, ElectionList))


def _show() -> Json:
    return _operation("showElection", "One election", (200, ElectionShown), problems=(404, 409))


def _update() -> Json:
    summary = "Change it until it opens: what has an id is kept, what has none added, the rest gone"
    return _operation("updateElection", summary, (200, ElectionShown), DraftElection, (404, 409))


def _delete() -> Json:
    return _operation("deleteElection", "Give up a draft", (204, None), problems=(404, 409))


def _changes() -> Json:
    clone = _change("cloneElection", "A draft of it for another time", 201, body=NewWindow)
    return {
        "/elections/{id}/candidates": _by_id(
            post=_operation(
                "registerCandidate",
                "Add an option to a contest until it opens",
                (201, CandidateAdded),
                NewCandidate,
                (404, 409),
            )
        ),
        "/elections/{id}/publication": _by_id(
            put=_change("publishElection", "Announce it: credentials are given from now on")
        ),
        "/elections/{id}/opening": _by_id(put=_change("openElection", "Open it before its time")),
        "/elections/{id}/suspension": _by_id(
            put=_change("suspendElection", "Accept no votes"),
            delete=_change("resumeElection", "Accept votes again"),
        ),
        "/elections/{id}/closing": _by_id(put=_change("closeElection", "Close it before its time")),
        "/elections/{id}/certification": _by_id(
            put=_change(
                "certifyElection",
                "Declare the count final; 409 count_differs if the tally has another number",
                body=Certification,
            )
        ),
        "/elections/{id}/clone": _by_id(post=clone | {"parameters": [_IDEMPOTENCY]}),
        "/elections/{id}/codes": _by_id(
            post=_operation(
                "addVoterCodes",
                "Let posted codes vote in a ballot style",
                (200, CodesAdded),
                Codes,
                (404, 409),
            )
        ),
    }


def _change(
    operation: str, summary: str, status: int = 200, *, body: type[BaseModel] | None = None
) -> Json:
    # An announcement is refused as a body is: with every fault of the definition.
    problems = (404, 409) if operation != "publishElection" else (404, 409, 422)
    return _operation(operation, summary, (status, ElectionShown), body, problems)


def _operation(
    operation: str,
    summary: str,
    success: tuple[int, type[BaseModel] | None],
    body: type[BaseModel] | None = None,
    problems: tuple[int, ...] = (),
) -> Json:
    codes = {*_ALWAYS, *problems, *(_BODY_PROBLEMS if body else ())}
    described: Json = {
        "operationId": operation,
        "tags": ["elections"],
        "summary": summary,
        "responses": answers(*success, {code: _PROBLEMS[code] for code in sorted(codes)}),
    }
    return described | ({"requestBody": request_body(body)} if body else {})


def _by_id(**operations: Json) -> Json:
    return {"parameters": [_ID, _TRACE], **operations}
