"""Every declared route: who may use it, what its path answers, and what describes it."""

from collections import Counter
from itertools import groupby
from types import ModuleType
from typing import Any

import pytest

from civic.identity.functions import gateway
from civic.lab.schemas.declared import functions, routes_of
from civic.lab.schemas.generated import APIS
from civic.runtime.routes import Access, Route
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
JANE = "arn:aws:iam::123456789012:user/jane"

type Declared = tuple[ModuleType, Route]


def declared() -> list[Declared]:
    found = [(one, routes_of(one)) for one in functions()]
    return [(one, route) for one, table in found if table for route in table.routes]


def context_and_api(function: ModuleType) -> tuple[str, str]:
    table = routes_of(function)
    assert table is not None
    return function.__name__.split(".")[1], table.api


def of(access: Access) -> list[Declared]:
    return [(function, route) for function, route in declared() if route.access is access]


def name(value: object) -> str:
    return value.key if isinstance(value, Route) else ""


def ask(function: ModuleType, key: str, method: str | None = None, **parts: Any) -> dict[str, Any]:
    _, _, path = key.partition(" ")
    event = http_event(key, path=dict.fromkeys(("id", "leaf", "path", "asset"), "x"), **parts)
    if method is not None:
        event["routeKey"] = f"ANY {path}"
        event["requestContext"] = {
            "http": {"method": method},
            "authorizer": {"iam": {"userArn": JANE}},
        }
    response: dict[str, Any] = function.handler(event, None)
    return response


@pytest.fixture(autouse=True)
def _silent(log_lines: LogLines) -> None:
    log_lines()


@pytest.mark.parametrize(("function", "route"), of(Access.STAFF), ids=name)
def test_route_of_staff_is_403_without_a_principal(function: ModuleType, route: Route) -> None:
    # No environment is set, so a handler that ran would fail in another way.
    assert said(ask(function, route.key, token="token")) == (403, "not_staff")


@pytest.mark.parametrize(("function", "route"), of(Access.TOKEN), ids=name)
def test_route_by_token_is_401_without_one(function: ModuleType, route: Route) -> None:
    assert said(ask(function, route.key)) == (401, "token_required")


def test_every_route_of_the_office_and_of_reviewers_is_for_staff() -> None:
    assert len(of(Access.STAFF)) == 21
    for function, route in declared():
        assert (route.access is Access.STAFF) == (context_and_api(function)[1] == "StaffApi")


def test_every_route_about_a_registration_or_a_proof_asks_for_its_token() -> None:
    for _, route in declared():
        by_token = route.path.startswith(("/registrations/", "/proofs/{id}/"))
        assert (route.access is Access.TOKEN) == by_token


@pytest.mark.parametrize(
    ("function", "path"),
    sorted({(function.__name__, route.path) for function, route in declared()}),
)
def test_other_methods_of_a_path_are_405_and_told_all_that_there_are(
    function: str, path: str
) -> None:
    (module,) = (one for one in functions() if one.__name__ == function)
    table = routes_of(module)
    assert table is not None
    api = context_and_api(module)
    there = {
        route.method
        for one, route in declared()
        if route.path == path and context_and_api(one) == api
    }
    # One function of a path answers for all of them.
    answering = set(table.methods(path)) == there
    assert answering or any(
        set(other.methods(path)) == there
        for one in functions()
        if (other := routes_of(one)) is not None and context_and_api(one) == api
    )
    for method in sorted(set(METHODS) - there):
        answer = ask(module, f"GET {path}", method)
        assert said(answer) == (405, "method_not_allowed")
        if answering:
            assert answer["headers"]["allow"] == ", ".join(sorted(there))


def test_only_one_function_answers_for_a_path_that_several_serve() -> None:
    for function in functions():
        table = routes_of(function)
        if table is None:
            continue
        siblings = [
            other
            for one in functions()
            if one is not function and (other := routes_of(one)) is not None
            if context_and_api(one) == context_and_api(function)
        ]
        served = {route.key for other in siblings for route in other.routes}
        paths = {route.path for route in table.routes}
        assert set(table.elsewhere) <= served
        assert all(key.partition(" ")[2] in paths for key in table.elsewhere)


def test_operations_have_a_name_of_their_own_and_keys_are_there_once() -> None:
    ordered = sorted(declared(), key=lambda one: context_and_api(one[0]))
    for _, group in groupby(ordered, key=lambda one: context_and_api(one[0])):
        routes = [route for _, route in group]
        for names in ([one.key for one in routes], [one.operation for one in routes]):
            assert max(Counter(names).values()) == 1


def test_every_api_is_described() -> None:
    apis = {context_and_api(function) for function, _ in declared()}
    assert apis == {(context, api) for context, api, _, _ in APIS}
    assert context_and_api(gateway) == ("identity", "Api")
