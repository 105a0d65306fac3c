"""The key custodian: the operator's commands, and CloudFormation's custom resource."""

import json
import urllib.request
from typing import Any, Self

import pytest
from pydantic import ValidationError

from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.errors import StoreUnavailable
from civic.identity.functions import gateway, key_custodian
from civic.runtime import clients
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.office import ACCEPTABLE, citizen, content
from tests.fakes.unbound_keys import unbound
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


def unbind(deployment: Deployment) -> None:
    """Put every subject key back as the release before wrapped it."""
    composed = key_custodian.custody()
    version, public_key = gateway.intake().wrapper._keys.current()  # type: ignore[attr-defined]
    store = DynamoDbSubjectKeys(clients.dynamodb(), "subject-keys")
    rows, _ = store.page(None, 100)
    for row in rows:
        key = composed.unwrapper.unwrap(row.wrapped, row.record.id, row.access_digest)
        assert store.replace(row, unbound(key, row.record.id, version, public_key))
    assert bound(deployment) == [False] * len(rows)


def bound(deployment: Deployment) -> list[bool]:
    return [b"\x00\x06access" in item["w"]["B"] for item in deployment.aws.items("subject-keys")]


def test_keys_of_the_release_before_are_bound_in_pages_after_a_kill(
    deployment: Deployment, log_lines: LogLines
) -> None:
    people = [citizen(deployment) for _ in range(5)]
    unbind(deployment)
    for who in people:
        assert who.ask("GET /data")["statusCode"] == 200
    first = run(action="rewrap", page_size=2)
    assert (first["seen"], first["rewrapped"], sum(bound(deployment))) == (2, 2, 2)
    # Killed: the cursor is lost, and the next run begins again with the first page.
    deployment.aws.fail("dynamodb", "UpdateItem", "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        run(action="rewrap", page_size=4)
    deployment.aws.mend("dynamodb", "UpdateItem")
    assert sum(bound(deployment)) == 2
    log_lines()
    progress = run(action="rewrap", page_size=2)
    pages = [progress]
    while progress["cursor"]:
        progress = run(action="rewrap", cursor=progress["cursor"], page_size=2)
        pages.append(progress)
    assert [page["rewrapped"] for page in pages] == [0, 2, 1]
    assert sum(line.get("SubjectKeysRewrapped", [0])[0] for line in log_lines()) == 3
    assert bound(deployment) == [True] * 5
    assert versions(deployment) == ["wk-0001"] * 5
    for who in people:
        answer = content(who.ask("GET /data"))
        assert answer["data"]["full_name"] == ACCEPTABLE.full_name


def test_events_of_the_release_before_are_handled_with_keys_unbound_and_bound(
    deployment: Deployment,
) -> None:
    register(deployment, 2)
    unbind(deployment)
    run(action="rewrap", page_size=1)
    deployment.deliver()
    assert deployment.failures == []
    assert len(deployment.aws.items("vault")) == 2


def test_key_that_does_not_open_is_reported(deployment: Deployment, log_lines: LogLines) -> None:
    register(deployment, 2)
    planted = deployment.aws.items("subject-keys")[0] | {"access_digest": {"B": bytes(32)}}
    clients.dynamodb().put_item(TableName="subject-keys", Item=planted)
    log_lines()
    assert run(action="rewrap") == {"seen": 2, "rewrapped": 0, "refused": 1, "cursor": None}
    (line,) = log_lines()
    assert line["KeysRefused"] == [1]


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
