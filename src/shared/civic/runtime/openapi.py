"""OpenAPI 3.1 documents, made from the routes of an API. Nothing uses this module at run time.

A document takes what it says about a route from its declaration (`civic.runtime.routes`), and what
it says about the API from its description: its title, the meaning of statuses, its parameters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from civic.runtime.routes import Access, Answer, Route, Routes

type Json = dict[str, Any]

_REF = "#/components/schemas/{model}"

_MEANINGS = {
    400: "Malformed",
    401: "No access token",
    403: "Not signed by a member of staff",
    413: "Larger than 64 KiB",
    415: "Not application/json",
    422: "Invalid, each fault named by code and JSON Pointer",
    429: "Too many requests",
    500: "Our fault",
    503: "Temporarily unavailable; repeat the request",
}
_ALWAYS = (429, 500, 503)
_BY_ACCESS = {Access.PUBLIC: (), Access.TOKEN: (401,), Access.STAFF: (403,)}
_OF_A_BODY = (400, 413, 415, 422)
_OTHER_METHODS = (
    " A method that a path does not have is answered with 405 and the header Allow, which names"
    " those that it has (RFC 9110 section 15.5.6)."
)
_SCHEMES: dict[Access, tuple[str, Json]] = {
    Access.TOKEN: ("accessToken", {"type": "http", "scheme": "bearer"}),
    Access.STAFF: (
        "signature",
        {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS Signature Version 4",
        },
    ),
}

TRACE = {
    "name": "traceparent",
    "in": "header",
    "description": "W3C Trace Context; continues the caller's trace",
    "schema": {"type": "string"},
}
"""A parameter of the APIs that continue a trace."""

RETRY_AFTER: Json = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
"""The header of a response."""


class ProblemField(BaseModel):
    """One field that is not valid."""

    model_config = ConfigDict(frozen=True)

    code: str
    pointer: str
    character: str | None = Field(
        default=None, description="The code point that is forbidden, such as U+200B"
    )


class ProblemDetails(BaseModel):
    """A refusal (RFC 9457); repeats nothing of what was sent but a code point to remove."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    code: str
    trace_id: str
    errors: tuple[ProblemField, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """What a document says about an API besides its routes.

    Attributes:
        title: The name of the API.
        text: What the API is for.
        tag: The tag of all its operations.
        meanings: What a status means, if it differs from other APIs.
        path_parameters: The parameters in its paths, by their names.
        everywhere: The parameters that every path takes.
        parameters: The parameters that some operations name.
        published: Models of answers that no function uses, as it answers with what was published.
        details: Functions that complete operations, by their ids.
        schemas: What the schema of a model lacks, by the name of the model.
    """

    title: str
    text: str
    tag: str
    meanings: Mapping[int, str]
    path_parameters: Mapping[str, Json] = field(default_factory=dict)
    everywhere: tuple[Json, ...] = ()
    parameters: Mapping[str, Json] = field(default_factory=dict)
    published: tuple[type[BaseModel], ...] = ()
    details: Mapping[str, Callable[[Json], Json]] = field(default_factory=dict)
    schemas: Mapping[str, Json] = field(default_factory=dict)


def document(description: Description, tables: Iterable[Routes]) -> Json:
    """Return the OpenAPI document of an API.

    Args:
        description: What to say about it besides its routes.
        tables: The routes of each of its functions.
    """
    routes = [one for table in tables for one in table.routes if one.summary is not None]
    accesses = {one.access for one in routes}
    components: Json = {"schemas": _schemas(description, routes)}
    schemes = dict(_SCHEMES[access] for access in sorted(accesses & _SCHEMES.keys()))
    if schemes:
        components["securitySchemes"] = schemes
    made: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": description.title,
            "version": "1",
            "description": description.text + _OTHER_METHODS,
        },
    }
    # Stated once if it is the same for all.
    if len(accesses) == 1:
        made["security"] = _security(*accesses)
    return made | {"paths": _paths(description, routes), "components": components}


def _security(access: Access) -> list[Json]:
    return [{_SCHEMES[access][0]: []}] if access in _SCHEMES else []


def _paths(description: Description, routes: Sequence[Route]) -> Json:
    paths: Json = {}
    mixed = len({one.access for one in routes}) > 1
    for route in sorted(routes, key=lambda one: one.path):
        # OpenAPI has no name for a path of several segments.
        path = paths.setdefault(route.path.replace("+}", "}"), {})
        names = [part[1:-1].removesuffix("+") for part in route.path.split("/") if part[:1] == "{"]
        common = [*(description.path_parameters[name] for name in names), *description.everywhere]
        if common:
            path["parameters"] = common
        operation = _operation(description, route)
        if mixed and route.access in _SCHEMES:
            operation["security"] = _security(route.access)
        path[route.method.lower()] = operation
    return paths


def _operation(description: Description, route: Route) -> Json:
    described: Json = {
        "operationId": route.operation,
        "tags": [description.tag],
        "summary": route.summary,
        "responses": _responses(description, route),
    }
    if route.parameters:
        described["parameters"] = [description.parameters[name] for name in route.parameters]
    if route.body is not None:
        content = {"application/json": {"schema": _ref(route.body.__name__)}}
        described["requestBody"] = {"required": True, "content": content}
    complete = description.details.get(route.operation)
    return complete(described) if complete else described


def _responses(description: Description, route: Route) -> Json:
    models = _models(description, [route])
    problem = {"application/problem+json": {"schema": _ref(ProblemDetails.__name__)}}
    meanings = {**_MEANINGS, **description.meanings}
    return {str(route.answer.status): _success(route.answer, models)} | {
        str(status): {"description": meanings[status], "content": problem}
        for status in statuses(route)
    }


def statuses(route: Route) -> list[int]:
    """Return the statuses of every problem that a route can answer with."""
    found = {*_ALWAYS, *_BY_ACCESS[route.access], *route.problems}
    if route.body is not None:
        found.update(_OF_A_BODY)
    if "{" in route.path:
        found.add(404)
    return sorted(found)


def _success(answer: Answer, models: Mapping[str, type[BaseModel]]) -> Json:
    name = _name(answer.model)
    if name is None:
        return {"description": "Done"}
    content: Json = {"application/json": {"schema": _ref(name)}}
    content |= {kind: {"schema": {"type": "string"}} for kind in answer.also}
    said = models[name].__doc__ or ""
    return {"description": said.partition("\n")[0], "content": content}


def _schemas(description: Description, routes: Sequence[Route]) -> Json:
    used: list[type[BaseModel]] = [*_models(description, routes).values(), ProblemDetails]
    # Answers too in the form in which they are read: an absent member is left out, not null.
    models: list[tuple[type[BaseModel], Literal["validation"]]]
    models = [(model, "validation") for model in used]
    _, schemas = models_json_schema(models, ref_template=_REF)
    found: Json = schemas["$defs"]
    for name, more in description.schemas.items():
        found[name] |= more
    return found


def _models(description: Description, routes: Sequence[Route]) -> dict[str, type[BaseModel]]:
    """Return the models of bodies and answers by their names."""
    published = {one.__name__: one for one in description.published}
    used = [one for route in routes for one in (route.body, route.answer.model) if one is not None]
    found = [published[one] if isinstance(one, str) else one for one in used]
    return {one.__name__: one for one in found}


def _name(model: type[BaseModel] | str | None) -> str | None:
    return model.__name__ if isinstance(model, type) else model


def _ref(name: str) -> Json:
    return {"$ref": _REF.format(model=name)}
