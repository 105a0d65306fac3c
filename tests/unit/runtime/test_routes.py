"""Who reaches a handler, and how a path answers methods that it does not have."""

from typing import Any

import pytest

from civic.runtime.http import HEADERS, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Route, Routes
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said

JANE = "arn:aws:iam::123456789012:user/jane"


class Things:
    """A function with routes for anybody, for people with a token, and for staff."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.routes = Routes(
            "Api",
            (
                Route("GET /things", self._public, Access.PUBLIC, "listThings"),
                Route("PUT /things", self._public, Access.PUBLIC, "putThings"),
                Route("GET /things/{id}", self._token, Access.TOKEN, "showThing"),
                Route("GET /cases", self._staff, Access.STAFF, "listCases"),
            ),
            elsewhere=("DELETE /things", "POST /elsewhere"),
        )

    def _public(self, request: Request, _line: Invocation) -> Response:
        return self._answer(request, "")

    def _token(self, request: Request, _line: Invocation) -> Response:
        return self._answer(request, request.token)

    def _staff(self, request: Request, _line: Invocation) -> Response:
        return self._answer(request, request.principal)

    def _answer(self, request: Request, who: str) -> Response:
        self.seen.append((request.route, who))
        return {"statusCode": 200, "headers": {}, "body": ""}

    def ask(self, route: str, context: dict[str, Any] | None = None, **parts: Any) -> Response:
        event = http_event(route, **parts)
        if context is not None:
            event["requestContext"] = context
        return serve(event, self.routes, lambda _: None, about=self._note)

    def any(self, method: str, path: str, context: dict[str, Any] | None = None) -> Response:
        """Use a method that only API Gateway's ANY route accepts."""
        return self.ask(f"ANY {path}", {"http": {"method": method}, **(context or {})})

    @staticmethod
    def _note(request: Request, line: Invocation) -> None:
        line.note(id=request.path("id"))


@pytest.fixture(autouse=True)
def things(log_lines: LogLines) -> Things:
    log_lines()
    return Things()


def signed(by: str = JANE) -> dict[str, Any]:
    return {"authorizer": {"iam": {"userArn": by}}}


# ------------------------------------------------------------------ who may


def test_public_route_asks_for_nothing(things: Things) -> None:
    assert things.ask("GET /things")["statusCode"] == 200


def test_token_is_asked_for_before_the_handler_runs(things: Things, log_lines: LogLines) -> None:
    answer = things.ask("GET /things/{id}", path={"id": "7"})
    assert said(answer) == (401, "token_required")
    assert answer["headers"]["www-authenticate"] == "Bearer"
    assert things.seen == []
    (line,) = log_lines()
    assert line["id"] == "7"


def test_handler_gets_the_token(things: Things) -> None:
    things.ask("GET /things/{id}", path={"id": "7"}, token="secret")
    assert things.seen == [("GET /things/{id}", "secret")]


@pytest.mark.parametrize("context", [None, {}, {"authorizer": {"iam": {"userArn": ""}}}])
def test_staff_is_asked_for_before_the_handler_runs(
    things: Things, context: dict[str, Any] | None
) -> None:
    assert said(things.ask("GET /cases", context, token="token")) == (403, "not_staff")
    assert things.seen == []


def test_handler_gets_the_principal_and_the_line_only_a_digest(
    things: Things, log_lines: LogLines
) -> None:
    things.ask("GET /cases", signed())
    things.ask("GET /cases", signed("arn:aws:iam::123456789012:user/john"))
    assert things.seen[0] == ("GET /cases", JANE)
    jane, john = log_lines()
    assert len(jane["staff"]) == 16
    assert jane["staff"] != john["staff"]
    assert JANE not in str(jane)


def test_nobody_is_noted_where_nobody_signs(things: Things, log_lines: LogLines) -> None:
    things.ask("GET /things", signed())
    (line,) = log_lines()
    assert "staff" not in line


def test_handler_of_another_route_that_asks_who_signed_is_refused() -> None:
    def forgetful(request: Request, _line: Invocation) -> Response:
        return {"statusCode": 200, "headers": {}, "body": request.principal}

    routes = Routes("Api", (Route("GET /things", forgetful, Access.PUBLIC, "listThings"),))
    assert said(serve(http_event("GET /things"), routes, lambda _: None)) == (403, "not_staff")


def test_route_without_a_token_next_to_one_of_staff_asks_for_nothing() -> None:
    def told(_request: Request, _line: Invocation) -> Response:
        return {"statusCode": 200, "headers": {}}

    both = Routes(
        "Api",
        (
            Route("GET /things", told, Access.PUBLIC, "listThings"),
            Route("PUT /things", told, Access.STAFF, "putThings"),
        ),
    )
    assert serve(http_event("GET /things"), both, lambda _: None)["statusCode"] == 200


def test_token_is_asked_for_where_nothing_is_noted() -> None:
    def told(request: Request, _line: Invocation) -> Response:
        return {"statusCode": 200, "headers": {}, "body": request.token}

    routes = Routes("Api", (Route("GET /things", told, Access.TOKEN, "listThings"),))
    answer = serve(http_event("GET /things", token="secret"), routes, lambda _: None)
    assert (answer["statusCode"], answer["body"]) == (200, "secret")


# ------------------------------------------------------------------ other methods


@pytest.mark.parametrize("method", ["POST", "PATCH", "HEAD"])
def test_undeclared_method_is_405_and_told_all_that_there_are(
    things: Things, method: str, log_lines: LogLines
) -> None:
    answer = things.any(method, "/things")
    assert said(answer) == (405, "method_not_allowed")
    assert answer["headers"]["allow"] == "DELETE, GET, PUT"
    assert things.seen == []
    (line,) = log_lines()
    assert (line["route"], line["status"]) == ("ANY /things", 405)


def test_undeclared_method_needs_no_token(things: Things) -> None:
    answer = things.any("PUT", "/things/{id}")
    assert (said(answer), answer["headers"]["allow"]) == ((405, "method_not_allowed"), "GET")


def test_undeclared_method_of_a_path_of_staff_is_for_staff_only(things: Things) -> None:
    assert said(things.any("POST", "/cases")) == (403, "not_staff")
    assert said(things.any("POST", "/cases", signed())) == (405, "method_not_allowed")


def test_unknown_path_is_404(things: Things) -> None:
    assert said(things.any("GET", "/nothing")) == (404, "no_such_route")
    assert said(things.ask("GET /nothing")) == (404, "no_such_route")


def test_browsers_question_is_answered_and_logged_like_every_request(
    things: Things, log_lines: LogLines
) -> None:
    answer = things.any("OPTIONS", "/things")
    assert answer["headers"] == {**HEADERS, "allow": "DELETE, GET, PUT"}
    assert answer["statusCode"] == 204
    assert "body" not in answer
    assert [line["status"] for line in log_lines()] == [204]


@pytest.mark.parametrize(("method", "lines"), [("OPTIONS", 0), ("PATCH", 1)])
def test_only_a_browsers_question_may_leave_no_line(
    method: str, lines: int, log_lines: LogLines
) -> None:
    def told(_request: Request, _line: Invocation) -> Response:
        return {"statusCode": 200, "headers": {}}

    routes = Routes(
        "Api", (Route("GET /things", told, Access.PUBLIC, "listThings"),), silent_preflight=True
    )
    event = http_event("ANY /things") | {"requestContext": {"http": {"method": method}}}
    serve(event, routes, lambda _: None)
    assert len(log_lines()) == lines
