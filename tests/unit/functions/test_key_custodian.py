"""The key custodian: the operator's commands, and CloudFormation's custom resource."""

import json
import urllib.request
from typing import Any, Self

import pytest
from pydantic import ValidationError

from civic.identity.functions import key_custodian
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.strategies.registrations import person

REQUEST = {
    "ResponseURL": "https://example.invalid/answer",
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "FirstWrappingKey",
    "RequestType": "Create",
}


class CloudFormation:
    """Receives the answers to custom resource requests."""

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []

    def __call__(self, request: urllib.request.Request, **_options: float) -> Self:
        assert request.full_url == REQUEST["ResponseURL"]
        assert request.get_method() == "PUT"
        assert isinstance(request.data, bytes)
        self.answers.append(json.loads(request.data))
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Close nothing."""


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> CloudFormation:
    listening = CloudFormation()
    monkeypatch.setattr(urllib.request, "urlopen", listening)
    return listening


def run(**command: object) -> dict[str, Any]:
    return key_custodian.handler(dict(command), None)


def register(deployment: Deployment, people: int) -> None:
    for _ in range(people):
        deployment.http("POST /registrations", person().model_dump_json(exclude_none=True))


def versions(deployment: Deployment) -> list[str]:
    return sorted(item["wk"]["S"] for item in deployment.aws.items("subject-keys"))


@pytest.mark.usefixtures("deployment")
def test_ensure_finds_the_key_there_is() -> None:
    assert run(action="ensure") == {"version": "wk-0001"}


@pytest.mark.usefixtures("deployment")
def test_rotate_adds_a_version() -> None:
    assert run(action="rotate") == {"version": "wk-0002"}
    assert run(action="ensure") == {"version": "wk-0002"}


def test_rewrap_moves_every_key_and_records_stay_readable(deployment: Deployment) -> None:
    register(deployment, 5)
    run(action="rotate")
    progress = run(action="rewrap", page_size=2)
    pages = [progress]
    while progress["cursor"]:
        progress = run(action="rewrap", cursor=progress["cursor"], page_size=2)
        pages.append(progress)
    assert sum(page["rewrapped"] for page in pages) == 5
    assert versions(deployment) == ["wk-0002"] * 5
    deployment.deliver()
    assert deployment.failures == []


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"action": "delete"},
        {"action": "rewrap", "page_size": 0},
        {"action": "rewrap", "page_size": 1001},
        {"action": "rotate", "more": 1},
    ],
)
@pytest.mark.usefixtures("deployment")
def test_unknown_command_is_refused(command: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        run(**command)


@pytest.mark.usefixtures("deployment")
def test_creation_of_the_stack_makes_sure_there_is_a_key(cloudformation: CloudFormation) -> None:
    run(**REQUEST)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"] == {"version": "wk-0001"}
    for name in ("StackId", "RequestId", "LogicalResourceId"):
        assert answer[name] == REQUEST[name]
    assert answer["PhysicalResourceId"]


def test_deletion_of_the_stack_touches_no_key(
    deployment: Deployment, cloudformation: CloudFormation
) -> None:
    deployment.aws.requests.clear()
    run(**REQUEST | {"RequestType": "Delete", "PhysicalResourceId": "kept"})
    (answer,) = cloudformation.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "kept")
    assert deployment.aws.requests == []


def test_failure_is_reported_by_type_and_not_by_message(
    deployment: Deployment, cloudformation: CloudFormation, log_lines: LogLines
) -> None:
    deployment.aws.fail("dynamodb", "GetItem", "AccessDeniedException")
    run(**REQUEST)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == "StoreUnavailable < ClientError:AccessDeniedException"
    (line,) = log_lines()
    assert line["error"] == answer["Reason"]
