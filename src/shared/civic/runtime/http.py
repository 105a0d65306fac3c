"""The edge of an HTTP API: a request to its handler, and problem details out.

Errors are ``application/problem+json`` (RFC 9457) with one entry per wrong field. What a request is
and how it is read is in `civic.runtime.request`.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from civic.contracts.trace import TraceContext
from civic.runtime.observability import Invocation, invocation
from civic.runtime.request import FieldError, Problem, Request, Response
from civic.runtime.routes import Access, Routes

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""Headers of every answer about a person."""


def serve(
    event: Mapping[str, Any],
    routes: Routes,
    problem_of: Callable[[Exception], Problem | None],
    *,
    about: Callable[[Request, Invocation], object] | None = None,
    traced: bool = True,
) -> Response:
    """Answer one request: route it, check access, translate errors, and write the log line.

    Args:
        event: The API Gateway event.
        routes: What the function answers; API Gateway has matched the path already.
        problem_of: The domain's map of errors; returns None for an unknown one, which becomes
        a 500 without detail.
        about: Notes what a request to a route with a token is about, even if the token is missing.
        traced: False if a caller's trace must not be continued, as it would show that two
        requests came from the same person.
    """
    with invocation() as line:
        traceparent = event.get("headers", {}).get("traceparent") if traced else None
        trace = TraceContext.parse(traceparent, secrets.token_bytes)
        request = Request(event, trace)
        line.note(trace_id=trace.trace_id, route=request.route)
        try:
            response = _dispatch(request, line, routes, about)
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes a 500
            problem = error if isinstance(error, Problem) else problem_of(error)
            if problem is None:
                problem = Problem(500, "internal_error", "Something went wrong on our side")
            if not isinstance(error, Problem):
                line.note(error=line.blame(error))
            line.note(code=problem.code)
            response = _problem_response(problem, trace)
        line.note(status=response["statusCode"])
        line.count(f"Responses{response['statusCode'] // 100}xx")
        return response


def _dispatch(
    request: Request,
    line: Invocation,
    routes: Routes,
    about: Callable[[Request, Invocation], object] | None,
) -> Response:
    route = routes.find(request.route)
    path = request.route.partition(" ")[2]
    if any(one.access is Access.STAFF for one in ([route] if route else routes.on(path))):
        # Enough to distinguish two people, without a name.
        line.note(staff=hashlib.sha256(request.principal.encode()).hexdigest()[:16])
    if route is None:
        if routes.silent_preflight and request.method == "OPTIONS":
            line.hush()
        return _undeclared(request, routes.methods(path))
    if route.access is Access.TOKEN:
        if about is not None:
            about(request, line)
        _ = request.token
    return route.handler(request, line)


def _undeclared(request: Request, methods: tuple[str, ...]) -> Response:
    """Answer a method that the path does not have (RFC 9110 sections 9.3.7 and 15.5.6)."""
    if not methods:
        raise Problem(404, "no_such_route", "There is nothing here")
    allow = {"allow": ", ".join(methods)}
    if request.method == "OPTIONS":
        # API Gateway adds the CORS headers that a browser asks for.
        return {"statusCode": 204, "headers": {**HEADERS, **allow}}
    raise Problem(
        405, "method_not_allowed", "This path has other methods; see Allow", headers=allow
    )


def answer(status: int, body: BaseModel, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **HEADERS, **(headers or {})},
        "body": body.model_dump_json(exclude_none=True),
    }


def _error(error: FieldError) -> dict[str, str]:
    named = {"code": error.code, "pointer": error.pointer}
    return named if error.character is None else {**named, "character": error.character}


def _problem_response(problem: Problem, trace: TraceContext) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:civic:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "trace_id": trace.trace_id,
        **problem.extensions,
    }
    if problem.errors:
        body["errors"] = [_error(one) for one in problem.errors]
    return {
        "statusCode": problem.status,
        "headers": {"content-type": "application/problem+json", **HEADERS, **problem.headers},
        "body": json.dumps(body),
    }
