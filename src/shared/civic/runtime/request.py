"""One request: strict JSON in, and the problems with which it is refused.

Errors are named by a stable code and a JSON Pointer (RFC 6901). Neither ever repeats what was sent,
but for the code point of a character that nobody can see.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError

from civic.contracts.trace import TraceContext

IDEMPOTENCY_KEY_PATTERN = r"^[\x21-\x7e]{16,128}$"
MAX_BODY_BYTES = 64 * 1024
MAX_JSON_DEPTH = 8
_MAX_FIELDS = 16

type Response = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field."""

    code: str
    pointer: str
    character: str | None = None
    """The code point that is to go, as ``U+200B``: of a character, never of what is around it."""


@dataclass(eq=False)
class Problem(Exception):
    """A refusal, in the terms of RFC 9457."""

    status: int
    code: str
    title: str
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the body (RFC 9457 section 3.2)."""


@dataclass(frozen=True, slots=True)
class Request:
    """An API Gateway HTTP API event, payload format 2.0."""

    raw: Mapping[str, Any]
    trace: TraceContext

    @property
    def route(self) -> str:
        """The key of the route that API Gateway has matched: ``GET /registrations/{id}``."""
        return str(self.raw["routeKey"])

    @property
    def method(self) -> str:
        """The HTTP method, even if the route takes any."""
        return str(self.raw["requestContext"]["http"]["method"])

    def path(self, name: str) -> str:
        """Return a path parameter."""
        return str(self.raw["pathParameters"][name])

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        value = self.raw.get("headers", {}).get(name)
        return None if value is None else str(value)

    def query(self, name: str) -> str | None:
        """Return a query parameter."""
        value = (self.raw.get("queryStringParameters") or {}).get(name)
        return None if value is None else str(value)

    @property
    def token(self) -> str:
        """The bearer token (RFC 6750 section 2.1).

        Raises:
            Problem: 401 if there is none.
        """
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem(
                401,
                "token_required",
                "An access token is required",
                headers={"www-authenticate": "Bearer"},
            )
        return token.strip()

    @property
    def principal(self) -> str:
        """The IAM principal that signed the request, as API Gateway found it.

        Raises:
            Problem: 403 if the route is not behind IAM.
        """
        context = self.raw.get("requestContext", {})
        principal = context.get("authorizer", {}).get("iam", {}).get("userArn")
        if not principal:
            raise Problem(403, "not_staff", "This API is for staff only")
        return str(principal)

    def idempotency_key(self) -> str | None:
        """Return the ``Idempotency-Key``, or None if there is none.

        Raises:
            Problem: 400 if it is too short, too long, or has other characters.
        """
        key = self.header("idempotency-key")
        if key is not None and not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, key):
            raise Problem(
                400,
                "invalid_idempotency_key",
                "An Idempotency-Key has 16 to 128 visible ASCII characters",
            )
        return key

    def form(self, max_bytes: int = MAX_BODY_BYTES) -> dict[str, str]:
        """Return the fields of a form; of one that is there twice, none.

        Raises:
            Problem: 400 if it is not UTF-8, 413 if too large, 415 if of another type.
        """
        if self._kind() != "application/x-www-form-urlencoded":
            raise Problem(415, "not_a_form", "The body must be application/x-www-form-urlencoded")
        text = _text(self.raw, max_bytes)
        try:
            fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            raise Problem(400, "malformed_form", "The form has too many fields") from None
        return {name: values[0] for name, values in fields.items() if len(values) == 1}

    def json_text(self, max_bytes: int = MAX_BODY_BYTES) -> str:
        """Return a JSON body as it came, for whoever checks a signature of it first.

        Raises:
            Problem: 400 if it is not UTF-8, 413 if too large, 415 if of another type.
        """
        if self._kind() != "application/json":
            raise Problem(415, "not_json", "The body must be application/json")
        return _text(self.raw, max_bytes)

    def _kind(self) -> str:
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def body[M: BaseModel](self, model: type[M], max_bytes: int = MAX_BODY_BYTES) -> M:
        """Parse the body into a model.

        Args:
            model: The model that the body must match.
            max_bytes: The largest size allowed, a multiple of 1,024.

        Raises:
            Problem: 400 if it is not JSON, 413 if too large, 415 if of another type, 422 if
            fields are wrong.
        """
        text = self.json_text(max_bytes)
        _refuse_odd_json(text)
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            # Without ``from``: the error's context could lead a log to the body.
            raise _wrong_fields(error) from None


def _text(event: Mapping[str, Any], max_bytes: int) -> str:
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        if len(raw) > max_bytes:
            limit = f"The body is larger than {max_bytes // 1024} KiB"
            raise Problem(413, "body_too_large", limit)
        return raw.decode()
    except (binascii.Error, UnicodeError):
        raise Problem(400, "not_utf8", "The body is not UTF-8") from None


def _refuse_odd_json(text: str) -> None:
    """Refuse what parsers disagree on: duplicate keys, deep nesting, NaN (RFC 8259, 8785)."""
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _not_json() from None
    _check_depth(document, MAX_JSON_DEPTH)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Problem(400, "duplicate_key", "An object in the body names a key twice")
    return document


def _refuse_constant(_: str) -> None:
    raise _not_json()


def _not_json() -> Problem:
    return Problem(400, "malformed_json", "The body is not valid JSON")


def _check_depth(value: object, left: int) -> None:
    if isinstance(value, dict | list):
        if left == 0:
            raise Problem(400, "too_deep", "The body is nested too deeply")
        for child in value.values() if isinstance(value, dict) else value:
            _check_depth(child, left - 1)


_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "json_invalid": "malformed_json",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_pattern_mismatch": "wrong_form",
    "blank": "blank",
    "forbidden_character": "forbidden_character",
    "not_a_date": "not_a_date",
    "not_a_time": "not_a_time",
}


def _wrong_fields(error: ValidationError) -> Problem:
    errors = tuple(
        # An unknown key was chosen by the sender: point at the object that holds it instead.
        FieldError(
            code,
            _pointer(item["loc"][:-1] if code == "unknown_field" else item["loc"]),
            item.get("ctx", {}).get("character"),
        )
        for item in error.errors()
        for code in [_CODES.get(item["type"], "wrong_type")]
    )
    return Problem(422, "invalid_fields", "Some fields are not valid", errors)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
