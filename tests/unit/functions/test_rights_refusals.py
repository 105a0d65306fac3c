"""Refusals, outages and log lines of the rights, through the real handlers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from civic.identity.functions import rights
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said
from tests.fakes.office import (
    HOPELESS,
    Citizen,
    assert_silent,
    citizen,
    content,
)
from tests.fakes.people import UNKNOWN

ROUTES = [route.key.replace("/registrations/{id}", "") for route in rights.ROUTES.routes]
TOLD_AFTER_ERASURE = ("GET /requests", "GET /erasure")


@pytest.mark.parametrize("route", ROUTES)
def test_strangers_are_answered_alike(deployment: Deployment, route: str) -> None:
    who, other = citizen(deployment, HOPELESS), citizen(deployment)
    strangers = [
        Citizen(deployment, who.id, other.token),
        Citizen(deployment, who.id, "x"),
        Citizen(deployment, UNKNOWN, other.token),
        Citizen(deployment, "not-a-uuid", other.token),
    ]
    if route not in TOLD_AFTER_ERASURE:
        erased = citizen(deployment)
        erased.ask("DELETE ")
        strangers.append(erased)
    answers = [stranger.ask(route) for stranger in strangers]
    for one in answers:
        assert said(one) == (404, "not_found")
        assert {**content(one), "trace_id": ""} == {**content(answers[0]), "trace_id": ""}
        assert one["headers"] == answers[0]["headers"]


@pytest.mark.parametrize("route", ROUTES)
def test_missing_token_is_401(deployment: Deployment, route: str) -> None:
    who = citizen(deployment)
    assert said(who.ask(route, token=None)) == (401, "token_required")


@pytest.mark.parametrize(
    ("route", "service", "operation"),
    [
        *((route, "dynamodb", "GetItem") for route in ROUTES),
        *((route, "dynamodb", "UpdateItem") for route in ROUTES[:4]),
        *((route, "events", "PutEvents") for route in ROUTES[:3]),
        ("POST /review", "dynamodb", "PutItem"),
        ("GET /requests", "dynamodb", "Query"),
    ],
)
def test_what_is_unavailable_is_503(
    deployment: Deployment, route: str, service: str, operation: str
) -> None:
    who = citizen(deployment, HOPELESS)
    if route == "DELETE /restriction":
        who.ask("PUT /restriction")
    deployment.aws.fail(service, operation, "ThrottlingException")
    response = who.ask(route)
    assert said(response) == (503, "temporarily_unavailable")
    assert response["headers"]["retry-after"]


METRICS = {
    "PUT /restriction": "Restricted",
    "DELETE /restriction": "RestrictionsLifted",
    "PUT /objection": "Objections",
    "POST /review": "ReviewsRequested",
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("refused", [False, True])
def test_log_line_names_the_registration_and_nothing_of_the_person(
    deployment: Deployment, log_lines: LogLines, route: str, *, refused: bool
) -> None:
    who = citizen(deployment, HOPELESS)
    asking = Citizen(deployment, who.id, "x") if refused else who
    log_lines()
    response = asking.ask(route)
    (line,) = log_lines()
    assert (line["id"], line["status"]) == (who.id, response["statusCode"])
    assert (METRICS.get(route, "") in line) is (route in METRICS and not refused)
    assert who.token not in json.dumps(line)
    assert_silent(line)


def traced(who: Citizen, route: str) -> Callable[[], Any]:
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    return lambda: who.ask(route, headers=headers)


@pytest.mark.parametrize(
    ("route", "events"),
    [
        ("PUT /restriction", {"RestrictionChanged", "RevalidationRequest"}),
        ("PUT /objection", {"ObjectionRaised", "ObjectionHonoured"}),
        (
            "DELETE ",
            {"DeletionRequest", "DecisionDeleted", "DataDeleted", "JoinDeleted", "RollDeleted"},
        ),
    ],
)
def test_trace_of_the_request_is_in_every_event(
    deployment: Deployment, route: str, events: set[str]
) -> None:
    who = citizen(deployment)
    published = len(deployment.aws.published)
    traced(who, route)()
    deployment.deliver()
    following = deployment.aws.published[published:]
    assert {entry["DetailType"] for entry in following} <= events
    assert following
    assert all("a" * 32 in entry["Detail"] for entry in following)
