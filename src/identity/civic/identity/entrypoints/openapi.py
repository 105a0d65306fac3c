"""The OpenAPI 3.1 description of the HTTP API, generated from the models it answers with.

Nothing at run time uses this module; ``civic schemas`` writes its document to ``openapi.json`` and
the build fails when that file is stale.
"""

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from civic.identity.entrypoints.api import (
    IDEMPOTENCY_KEY_PATTERN,
    DataDisclosure,
    ErasureAccepted,
    ProblemDetails,
    RegistrationAccepted,
    RegistrationStatus,
)
from civic.identity.model.registration import Registration

type Json = dict[str, Any]

_REF = "#/components/schemas/{model}"
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
        ProblemDetails,
    )
    # Of answers too the form they are read in: what is absent is left out, not null.
    models: list[tuple[type[BaseModel], Literal["validation"]]]
    models = [(model, "validation") for model in bodies]
    _, schemas = models_json_schema(models, ref_template=_REF)
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
            "schemas": schemas["$defs"],
            "securitySchemes": {"accessToken": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> Json:
    by_id: Json = {"parameters": [_ID, _TRACE]}
    token: Json = {"security": [{"accessToken": []}]}
    return {
        "/registrations": {
            "parameters": [_TRACE],
            "post": {
                "operationId": "register",
                "tags": _TAGS,
                "summary": "Submit a registration",
                "parameters": [_IDEMPOTENCY],
                "requestBody": _body(Registration),
                "responses": _responses(202, RegistrationAccepted, 400, 409, 413, 415, 422),
            },
        },
        "/registrations/{id}": by_id
        | {
            "get": {
                "operationId": "readStatus",
                "tags": _TAGS,
                "summary": "Status and decision",
                "responses": _responses(200, RegistrationStatus, 401, 404),
            }
            | token,
            "put": {
                "operationId": "rectify",
                "tags": _TAGS,
                "summary": "Correct the data (GDPR Art. 16); it is validated anew",
                "requestBody": _body(Registration),
                "responses": _responses(202, RegistrationStatus, 400, 401, 404, 409, 413, 415, 422),
            }
            | token,
            "delete": {
                "operationId": "erase",
                "tags": _TAGS,
                "summary": "Erase everything (GDPR Art. 17)",
                "responses": _responses(202, ErasureAccepted, 401, 404),
            }
            | token,
        },
        "/registrations/{id}/data": by_id
        | {
            "get": {
                "operationId": "readData",
                "tags": _TAGS,
                "summary": "Everything that is held (GDPR Art. 15), machine-readable (Art. 20)",
                "responses": _responses(200, DataDisclosure, 401, 404, 409),
            }
            | token,
        },
    }


def _body(model: type[BaseModel]) -> Json:
    return {"required": True, "content": {"application/json": {"schema": _ref(model)}}}


def _responses(status: int, model: type[BaseModel], *problems: int) -> Json:
    success = {
        "description": model.__doc__ and model.__doc__.partition("\n")[0],
        "content": {"application/json": {"schema": _ref(model)}},
    }
    problem = {"application/problem+json": {"schema": _ref(ProblemDetails)}}
    return {str(status): success} | {
        str(code): {"description": _PROBLEMS[code], "content": problem}
        for code in sorted((*problems, *_ALWAYS))
    }


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}
