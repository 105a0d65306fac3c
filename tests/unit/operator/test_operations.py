"""Queues and functions of a deployed stack, as an operator's commands see them."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

import civic.audit.errors
import civic.voting.errors
from civic.identity.errors import StoreUnavailable
from civic.operator import operations
from civic.operator.accountability import is_cursor, replay_erasures
from civic.operator.operations import await_empty_queues
from civic.stack.target import LOCAL_STACK, Target, explain
from civic.terminal.failures import CommandFailed

CONSUMERS = ("Accountability", "Ballot", "Validator")


class Functions:
    """Gives each invocation the next of its answers."""

    def __init__(self, *answers: dict[str, Any], failing: bool = False) -> None:
        self._left = iter(answers)
        self._failing = failing
        self.asked: list[tuple[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.asked.append((FunctionName, json.loads(Payload)))
        error = {"FunctionError": "Unhandled"} if self._failing else {}
        return {"Payload": io.BytesIO(json.dumps(next(self._left)).encode()), **error}


class Queues:
    """Every look finds the next depth in the validator's queue, and nothing elsewhere."""

    def __init__(self, *depths: int) -> None:
        self._left = iter(depths)

    def get_queue_attributes(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = next(self._left) if QueueUrl == "ValidatorQueueUrl" else 0
        return {
            "Attributes": {
                "ApproximateNumberOfMessages": str(found // 2),
                "ApproximateNumberOfMessagesNotVisible": "0",
                "ApproximateNumberOfMessagesDelayed": str(found - found // 2),
            }
        }


def target(**clients: Any) -> Target:
    stack = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    ends = [f"{name}{end}" for name in CONSUMERS for end in ("QueueUrl", "DlqUrl")]
    names = [*ends, "RegistrationUndeliveredQueueUrl", "AccountabilityFunctionName"]
    vars(stack).update(deployed={LOCAL_STACK: {name: name for name in names}}, **clients)
    return stack


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_PAUSE_SECONDS", 0.0)


def test_replay_follows_the_cursor_to_its_end() -> None:
    functions = Functions({"replayed": 2, "cursor": '{"id": 2}'}, {"replayed": 1, "cursor": None})
    pages = list(replay_erasures(target(functions=functions), None, 2))
    assert [(page.replayed, page.cursor) for page in pages] == [(2, '{"id": 2}'), (1, None)]
    assert [command for _, command in functions.asked] == [
        {"action": "replay", "cursor": None, "page_size": 2},
        {"action": "replay", "cursor": '{"id": 2}', "page_size": 2},
    ]


def test_replay_goes_on_where_it_was_broken_off() -> None:
    functions = Functions({"replayed": 1, "cursor": None})
    list(replay_erasures(target(functions=functions), '{"id": 7}', 100))
    assert functions.asked[0][1]["cursor"] == '{"id": 7}'


def test_function_that_raises_is_told_by_its_type_only() -> None:
    functions = Functions({"errorType": "ValueError", "errorMessage": "Ada"}, failing=True)
    with pytest.raises(CommandFailed) as failed:
        list(replay_erasures(target(functions=functions), None, 100))
    assert str(failed.value) == "the function failed: ValueError"


@pytest.mark.parametrize(
    ("text", "holds"), [('{"id": {"S": "x"}}', True), ("[]", False), ("", False), ("x", False)]
)
def test_cursor_is_a_key_as_json(text: str, holds: bool) -> None:  # noqa: FBT001 - the answer
    assert is_cursor(text) is holds


def test_queues_are_empty_when_they_were_found_so_twice() -> None:
    told: list[int] = []
    depths = await_empty_queues(target(sqs=Queues(3, 0, 1, 0, 0)), told.append)
    assert told == [3, 0, 1, 0]
    assert sum(depth.left for depth in depths) == 0


def test_queues_that_do_not_get_shorter_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "_STALLED_SECONDS", -1.0)
    depths = await_empty_queues(target(sqs=Queues(3, 3)), lambda _: None)
    assert {depth.name: depth.left for depth in depths if depth.left} == {"Validator": 3}


def test_depths_are_told_of_every_consumer() -> None:
    names = [depth.name for depth in await_empty_queues(target(sqs=Queues(0, 0)), lambda _: None)]
    assert names == [*CONSUMERS, "RegistrationUndelivered"]


@pytest.mark.parametrize(
    "kind",
    [
        StoreUnavailable,
        civic.audit.errors.StoreUnavailable,
        civic.voting.errors.StoreUnavailable,
    ],
)
def test_what_an_adapter_met_is_explained(kind: type[Exception]) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "Scan")
    for cause, message in (
        (denied, "AWS refused Scan: AccessDenied"),
        (EndpointConnectionError(endpoint_url="http://x"), "nothing answers there"),
    ):
        unavailable = kind()
        unavailable.__cause__ = cause
        explained = explain(unavailable)
        assert explained is not None
        assert message in str(explained)


def test_what_is_not_of_aws_is_not_explained() -> None:
    assert explain(StoreUnavailable()) is None
    assert explain(ValueError()) is None
