"""`civic dlq`: the queues of all the stacks there are, and dead letters back to where they were."""

from typing import Any

import pytest

from civic.operator.commands import operating
from civic.operator.main import main
from civic.operator.operations import AUDIT_CONSUMERS, CONSUMERS, VOTING_CONSUMERS
from civic.stack.target import LOCAL_STACK, Target
from civic.terminal.failures import StackMissing

type Capture = pytest.CaptureFixture[str]


class Queues:
    """One dead letter in each dead-letter queue, nothing elsewhere."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.deleted: list[str] = []

    def get_queue_attributes(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        dead = "1" if "Dlq" in QueueUrl else "0"
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": dict(zip(names, (dead, "0"), strict=True))}

    def receive_message(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if QueueUrl in self.deleted:
            return {}
        return {"Messages": [{"Body": "{}", "ReceiptHandle": "r", "MessageId": "m"}]}

    def send_message(self, QueueUrl: str, **_: Any) -> None:  # noqa: N803
        self.sent.append(QueueUrl)

    def delete_message(self, QueueUrl: str, **_: Any) -> None:  # noqa: N803
        self.deleted.append(QueueUrl)


def deployed(target: Target, consumers: tuple[str, ...]) -> None:
    ends = [f"{name}{end}" for name in consumers for end in ("QueueUrl", "DlqUrl")]
    outputs = {name: name for name in [*ends, "UndeliveredQueueUrl"]}
    vars(target).update(outputs=outputs, find_outputs=lambda: outputs, sqs=Queues())


def missing(target: Target) -> None:
    vars(target).update(find_outputs=lambda: None)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    found = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    deployed(found, CONSUMERS)
    deployed(found.voting, VOTING_CONSUMERS)
    deployed(found.audit, AUDIT_CONSUMERS)
    monkeypatch.setattr(operating, "target_of", lambda _: found)
    return found


def listed(capsys: Capture) -> tuple[list[str], str]:
    """Return the consumers that have a dead letter, and what was said beside the table."""
    assert main(["dlq", "list"]) == 0
    printed = capsys.readouterr()
    cells = [line.split() for line in printed.out.splitlines()]
    return [row[1] for row in cells if row[-2:-1] == ["1"]], printed.err


@pytest.mark.usefixtures("target")
def test_queues_of_all_stacks_are_listed(capsys: Capture) -> None:
    assert listed(capsys) == ([*CONSUMERS, *VOTING_CONSUMERS, *AUDIT_CONSUMERS], "")


def test_without_a_voting_stack_the_others_are_listed(target: Target, capsys: Capture) -> None:
    missing(target.voting)
    consumers, said = listed(capsys)
    assert consumers == [*CONSUMERS, *AUDIT_CONSUMERS]
    assert said == "there is no stack 'civic-local-voting'; its queues are left out\n"


def test_without_an_audit_stack_the_others_are_listed(target: Target, capsys: Capture) -> None:
    missing(target.audit)
    consumers, said = listed(capsys)
    assert consumers == [*CONSUMERS, *VOTING_CONSUMERS]
    assert said == "there is no stack 'civic-local-audit'; its queues are left out\n"


@pytest.mark.parametrize(
    ("word", "name", "stack"),
    [
        ("Validator", "Validator", "civic-local"),
        ("snapshot", "Snapshot", "civic-local-voting"),
        ("Event", "Event", "civic-local-audit"),
        ("certified", "Certified", "civic-local-audit"),
    ],
)
def test_dead_letters_go_back_to_the_queue_of_their_stack(
    target: Target, capsys: Capture, word: str, name: str, stack: str
) -> None:
    assert main(["dlq", "redrive", word]) == 0
    assert capsys.readouterr().out == "moved: 1\n"
    done: dict[str, Any] = {}
    for one in (target, target.voting, target.audit):
        queues: Any = one.sqs
        if queues.sent:
            done[one.stack] = (queues.sent, queues.deleted)
    assert done == {stack: ([f"{name}QueueUrl"], [f"{name}DlqUrl"])}


def test_dead_letters_of_a_stack_that_is_not_there_are_none(
    target: Target, capsys: Capture
) -> None:
    missing(target.audit)
    vars(target.audit).pop("outputs")
    assert main(["dlq", "redrive", "Event"]) == StackMissing.exit_code
    assert "there is no stack 'civic-local-audit'" in capsys.readouterr().err


def test_consumer_that_nobody_knows_is_refused_with_those_there_are(
    target: Target, capsys: Capture
) -> None:
    assert main(["dlq", "redrive", "LogWriter"]) != 0
    said = " ".join(capsys.readouterr().err.split())
    for name in (*CONSUMERS, *VOTING_CONSUMERS, *AUDIT_CONSUMERS):
        assert name in said
    assert not vars(target)["sqs"].sent
