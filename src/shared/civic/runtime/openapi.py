"""Parts of an OpenAPI 3.1 description that the APIs share; nothing at run time uses this module."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import models_json_schema

type Json = dict[str, Any]

_REF = "#/components/schemas/{model}"


class ProblemField(BaseModel):
    """One field that is not valid."""

    model_config = ConfigDict(frozen=True)

    code: str
    pointer: str


class ProblemDetails(BaseModel):
    """A refusal (RFC 9457); never repeats what was sent."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    code: str
    trace_id: str
    errors: tuple[ProblemField, ...] = ()


def schemas_of(bodies: Sequence[type[BaseModel]]) -> Json:
    """Return the schemas of bodies and of what they are made of, by name."""
    # Of answers too the form they are read in: what is absent is left out, not null.
    models: list[tuple[type[BaseModel], Literal["validation"]]]
    models = [(model, "validation") for model in bodies]
    _, schemas = models_json_schema(models, ref_template=_REF)
    found: Json = schemas["$defs"]
    return found


def request_body(model: type[BaseModel]) -> Json:
    """Return a JSON request body."""
    return {"required": True, "content": {"application/json": {"schema": _ref(model)}}}


def answers(status: int, model: type[BaseModel] | None, problems: Mapping[int, str]) -> Json:
    """Return the responses of an operation: its success, without a body if None, and its problems.

    Args:
        status: Of the success.
        model: Its body.
        problems: What each other status means, in the order in which they shall stand.
    """
    success: Json = {"description": "Done"}
    if model is not None:
        success = {
            "description": model.__doc__ and model.__doc__.partition("\n")[0],
            "content": {"application/json": {"schema": _ref(model)}},
        }
    problem = {"application/problem+json": {"schema": _ref(ProblemDetails)}}
    return {str(status): success} | {
        str(code): {"description": meaning, "content": problem}
        for code, meaning in problems.items()
    }


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}
