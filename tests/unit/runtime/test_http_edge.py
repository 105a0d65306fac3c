"""The HTTP edge: its answers, whatever the handler does, and the trace they carry."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from civic.contracts.trace import TraceContext
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import FieldError, Problem, Request, Response
from civic.runtime.routes import Access, Handler, Route, Routes
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said, wrong_fields

CANARY = "zq9canary"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NO_TRACE = TraceContext("0" * 32, "0" * 16)


pytestmark = pytest.mark.usefixtures("log_lines")


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    name: str


class DomainError(Exception):
    """Known to the map below."""


def problem_of(error: Exception) -> Problem | None:
    return Problem(418, "teapot", "Known") if type(error) is DomainError else None


def things(handler: Handler, access: Access = Access.PUBLIC) -> Routes:
    return Routes("Api", (Route("POST /things", handler, access, "makeThing"),))


def post(event: dict[str, Any]) -> Response:
    def take(request: Request, _line: Invocation) -> Response:
        return answer(200, request.body(Thing))

    return serve(event, things(take), problem_of)


def send(body: str | bytes) -> Response:
    return post(http_event(body=body))


def raising(error: Exception, headers: dict[str, str] | None = None) -> Response:
    def fail(_request: Request, _line: Invocation) -> Response:
        raise error

    return serve(http_event(headers=headers), things(fail), problem_of)


def test_problem_has_the_form_of_rfc_9457() -> None:
    response = send('{"name": 1}')
    problem = json.loads(response["body"])
    assert response["headers"]["content-type"] == "application/problem+json"
    assert response["headers"]["cache-control"] == "no-store"
    assert problem["type"] == "urn:civic:problem:invalid_fields"
    assert problem["status"] == response["statusCode"] == 422
    assert problem["title"]
    assert set(problem) == {"type", "title", "status", "code", "trace_id", "errors"}


def test_problem_names_a_character_only_where_one_is_forbidden() -> None:
    errors = (FieldError("forbidden_character", "/name", "U+200B"), FieldError("blank", "/city"))
    response = raising(Problem(422, "invalid_fields", "Some fields are not valid", errors))
    assert json.loads(response["body"])["errors"] == [
        {"code": "forbidden_character", "pointer": "/name", "character": "U+200B"},
        {"code": "blank", "pointer": "/city"},
    ]


def test_problem_without_wrong_fields_lists_none() -> None:
    assert "errors" not in json.loads(send("{")["body"])


def test_answer_is_json_that_nobody_stores() -> None:
    headers = send('{"name": "x"}')["headers"]
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_unknown_route_is_404() -> None:
    assert said(post(http_event("GET /nothing"))) == (404, "no_such_route")


def test_raised_problem_is_answered_with_its_headers() -> None:
    problem = Problem(409, "later", "Later", (FieldError("x", "/y"),), {"retry-after": "1"})
    response = raising(problem)
    assert said(response) == (409, "later")
    assert wrong_fields(response) == [("x", "/y")]
    assert response["headers"]["retry-after"] == "1"


def test_error_of_the_domain_is_mapped() -> None:
    assert said(raising(DomainError(CANARY))) == (418, "teapot")


def test_raised_problem_is_no_error_of_ours(log_lines: LogLines) -> None:
    raising(Problem(409, "later", "Later"))
    (line,) = log_lines()
    assert line["code"] == "later"
    assert "error" not in line


def test_problems_are_told_apart_like_any_exception() -> None:
    # Equal ones would be one in a set, and objects compared by value cannot be hashed at all.
    assert len({Problem(409, "later", "Later"), Problem(409, "later", "Later")}) == 2


@pytest.mark.parametrize("error", [RuntimeError(CANARY), KeyError(CANARY), RecursionError(CANARY)])
def test_any_other_error_is_500_without_detail(error: Exception, log_lines: LogLines) -> None:
    response = raising(error)
    assert said(response) == (500, "internal_error")
    assert CANARY not in json.dumps(response)
    (line,) = log_lines()
    assert CANARY not in json.dumps(line)
    assert line["error"] == type(error).__name__


def test_trace_of_the_caller_is_continued_with_a_span_of_our_own() -> None:
    traces = []

    def look(request: Request, _line: Invocation) -> Response:
        traces.append(request.trace)
        return {"statusCode": 204, "headers": {}, "body": ""}

    serve(http_event(headers={"traceparent": TRACEPARENT}), things(look), problem_of)
    assert traces[0].trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert traces[0].span_id != "b7ad6b7169203331"


@pytest.mark.parametrize(
    "header",
    [
        "",
        CANARY,
        TRACEPARENT.upper(),
        TRACEPARENT[:-1],
        TRACEPARENT + "-00",
        "ff" + TRACEPARENT[2:],
        "00-" + "0" * 32 + TRACEPARENT[35:],
        TRACEPARENT[:36] + "0" * 16 + "-01",
        TRACEPARENT + "\n",
    ],
)
def test_malformed_trace_starts_a_new_one(header: str, log_lines: LogLines) -> None:
    response = raising(RuntimeError(), {"traceparent": header})
    trace = json.loads(response["body"])["trace_id"]
    assert len(trace) == 32
    assert trace not in {"0af7651916cd43dd8448eb211c80319c", "0" * 32}
    assert CANARY not in json.dumps(log_lines())


def test_trace_is_named_in_the_problem_and_in_the_line(log_lines: LogLines) -> None:
    response = raising(RuntimeError(), {"traceparent": TRACEPARENT})
    (line,) = log_lines()
    trace = json.loads(response["body"])["trace_id"]
    assert trace == line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_line_tells_route_status_and_code(log_lines: LogLines) -> None:
    send("{")
    (line,) = log_lines()
    assert (line["route"], line["status"], line["code"]) == ("POST /things", 400, "malformed_json")
    assert line["Responses4xx"] == [1.0]


def test_absent_header_is_none() -> None:
    assert Request(http_event(), NO_TRACE).header("authorization") is None
    assert Request({"routeKey": "GET /things"}, NO_TRACE).header("authorization") is None


def test_path_parameter_is_read() -> None:
    assert Request(http_event(path={"id": "an-id"}), NO_TRACE).path("id") == "an-id"


def test_answer_says_what_it_is_given_and_leaves_out_what_is_absent() -> None:
    class Part(BaseModel):
        here: int
        absent: int | None = None

    response = answer(201, Part(here=1), {"location": "/things/1"})
    assert json.loads(response["body"]) == {"here": 1}
    assert response["statusCode"] == 201
    assert response["headers"]["location"] == "/things/1"


@pytest.mark.parametrize(
    ("header", "token"), [("Bearer abc", "abc"), ("bearer abc ", "abc"), ("BEARER  abc", "abc")]
)
def test_bearer_token_is_read(header: str, token: str) -> None:
    assert Request(http_event(headers={"authorization": header}), NO_TRACE).token == token


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer   ", "Basic abc", "abc"])
def test_missing_token_is_401_with_a_challenge(header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    with pytest.raises(Problem) as caught:
        _ = Request(http_event(headers=headers), NO_TRACE).token
    assert (caught.value.status, caught.value.code) == (401, "token_required")
    assert caught.value.headers == {"www-authenticate": "Bearer"}
