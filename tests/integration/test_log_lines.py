"""What the functions log: one line per invocation, traceable from the HTTP request."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from civic.stack.target import Target
from civic.terminal.waiting import TookTooLong
from tests.integration.log_lines import (
    Line,
    is_of_the_platform,
    lines,
    lines_of,
    streams,
    traces_in,
)
from tests.integration.people import person, renamed
from tests.integration.waiting import eventually, settled

EVERYWHERE = {"level", "message", "timestamp", "service", "aws_calls"}
FACTS = {
    "action",
    "cells",
    "code",
    "ended",
    "erased",
    "error",
    "failed",
    "id",
    "messages",
    "outcome",
    "records",
    "release",
    "route",
    "staff",
    "status",
    "suppressed",
    "through",
    "trace_id",
    "xray_trace_id",
}
RECORD_FACTS = {"error", "id", "message", "outcome", "trace", "election"}
METRICS = {"_aws", "function"}


@dataclass(slots=True)
class Journey:
    """One citizen's requests, each with its own trace."""

    api: httpx.Client
    traces: dict[str, str] = field(default_factory=dict)
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    path: str = "/registrations"
    token: str = ""

    def go(self, step: str, method: str, part: str = "", body: Any = None) -> httpx.Response:
        trace = self.traces[step] = secrets.token_hex(16)
        headers = {
            "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
            "authorization": f"Bearer {self.token or 'none'}",
        }
        answer = self.api.request(method, self.path + part, json=body, headers=headers)
        self.answers[step] = answer
        return answer


@pytest.fixture(scope="module")
def journey(api: httpx.Client, target: Target) -> Journey:
    journey = Journey(api)
    registered = journey.go("register", "POST", body=person())
    journey.token = registered.json()["access_token"]
    journey.path = registered.headers["location"]
    settled(target)
    journey.go("status", "GET")
    journey.go("data", "GET", "/data")
    journey.go("rectify", "PUT", body=renamed())
    settled(target)
    journey.go("refused", "PUT", body=person(full_name=""))
    journey.go("erase", "DELETE")
    settled(target)
    journey.go("gone", "GET")
    eventually(
        "everybody has logged the erasure",
        lambda: services(lines(target), journey.traces["erase"]) >= REACHED["erase"],
    )
    return journey


def services(found: list[Line], trace: str) -> set[str]:
    return {line["service"] for line in found if trace in traces_in(line)}


REACHED = {
    "register": {"gateway", "validator", "pii_storage", "analytics", "credential_roll"},
    "rectify": {
        "gateway",
        "validator",
        "pii_storage",
        "analytics",
        "accountability",
        "credential_roll",
    },
    "erase": {
        "gateway",
        "validator",
        "pii_storage",
        "analytics",
        "accountability",
        "credential_roll",
    },
    "status": {"gateway"},
    "data": {"subject_access"},
    "refused": {"gateway"},
    "gone": {"gateway"},
}


@pytest.mark.parametrize("step", REACHED)
def test_trace_of_the_request_is_in_the_lines_of(
    target: Target, journey: Journey, step: str
) -> None:
    assert services(lines(target), journey.traces[step]) == REACHED[step]


@pytest.mark.parametrize("step", REACHED)
def test_request_is_one_line_of_its_function(target: Target, journey: Journey, step: str) -> None:
    found = [line for line in lines(target) if line.get("trace_id") == journey.traces[step]]
    (line,) = found
    assert line["status"] == journey.answers[step].status_code
    if step != "register":
        assert line["id"] == journey.path.rpartition("/")[2]


def test_refusal_carries_the_trace_id_of_its_line(journey: Journey) -> None:
    for step in ("refused", "gone"):
        assert journey.answers[step].json()["trace_id"] == journey.traces[step]


def test_line_counts_the_aws_calls_of_its_invocation(target: Target, journey: Journey) -> None:
    (line,) = (one for one in lines(target) if one.get("trace_id") == journey.traces["register"])
    calls = line["aws_calls"]
    # The wrapping key is read once per environment, which may be now.
    assert calls.pop("dynamodb:GetItem", 1) == 1
    assert calls == {"dynamodb:PutItem": 1, "dynamodb:UpdateItem": 1, "events:PutEvents": 1}


def test_every_invocation_is_one_json_line(target: Target, journey: Journey) -> None:
    assert journey.traces

    def uneven() -> list[str]:
        found = {
            f"{group} {name}": (
                sum(one.startswith("START RequestId: ") for one in messages),
                sum(not is_of_the_platform(one) for one in messages),
            )
            for (group, name), messages in streams(target).items()
        }
        return [
            f"{name}: {started} started, {written} lines"
            for name, (started, written) in found.items()
            if started != written
        ]

    # A running invocation has not written its line yet.
    try:
        eventually("every invocation has a line", lambda: not uneven())
    except TookTooLong:
        pytest.fail("; ".join(uneven()))
    assert all(isinstance(line, dict) for line in lines(target))


def test_every_line_holds_constant_names_only(target: Target, journey: Journey) -> None:
    assert journey.traces
    for line in lines(target):
        metrics = {one["Name"] for one in metrics_of(line)}
        assert line.keys() >= EVERYWHERE
        assert line.keys() <= EVERYWHERE | FACTS | METRICS | metrics
        assert line["message"] == "invocation"
        for record in line.get("records", ()):
            assert record.keys() <= RECORD_FACTS


def test_metrics_have_the_function_as_their_only_dimension(
    target: Target, journey: Journey
) -> None:
    assert journey.traces
    found = lines_of(target, "validator") + lines_of(target, "gateway")
    directives = [one for line in found for one in directives_of(line)]
    assert directives
    for directive in directives:
        assert directive["Namespace"] == "Civic"
        assert {name for names in directive["Dimensions"] for name in names} <= {
            "function",
            "service",
        }


def test_decisions_and_requests_are_counted(target: Target, journey: Journey) -> None:
    assert journey.traces
    names = {one["Name"] for line in lines(target) for one in metrics_of(line)}
    assert {"Registered", "Accepted", "Stored", "Disclosed", "Rectified", "Erased"} <= names


def directives_of(line: Line) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.get("_aws", {}).get("CloudWatchMetrics", [])
    return found


def metrics_of(line: Line) -> list[dict[str, Any]]:
    return [metric for directive in directives_of(line) for metric in directive["Metrics"]]
