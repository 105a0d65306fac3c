"""`civic dlq list`: every queue of both stacks, or of the one there is."""

from typing import Any

import pytest

from civic.cli.commands import operating
from civic.cli.main import main
from civic.cli.operations import CONSUMERS, VOTING_CONSUMERS
from civic.cli.target import LOCAL_STACK, Target


class Queues:
    """One dead letter in the dead-letter queues, nothing elsewhere."""

    def get_queue_attributes(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        dead = "1" if "Dlq" in QueueUrl else "0"
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": dict(zip(names, (dead, "0"), strict=True))}


def deployed(target: Target, consumers: tuple[str, ...]) -> None:
    ends = [f"{name}{end}" for name in consumers for end in ("QueueUrl", "DlqUrl")]
    outputs = {name: name for name in [*ends, "UndeliveredQueueUrl"]}
    vars(target).update(outputs=outputs, find_outputs=lambda: outputs, sqs=Queues())


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    found = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    deployed(found, CONSUMERS)
    monkeypatch.setattr(operating, "target_of", lambda _: found)
    return found


def listed(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """Return the consumers that have a dead letter, and what was said beside the table."""
    assert main(["dlq", "list"]) == 0
    printed = capsys.readouterr()
    cells = [line.split() for line in printed.out.splitlines()]
    return [row[1] for row in cells if row[-2:-1] == ["1"]], printed.err


def test_queues_of_both_stacks_are_listed(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(target.voting, VOTING_CONSUMERS)
    assert listed(capsys) == ([*CONSUMERS, *VOTING_CONSUMERS], "")


def test_without_a_voting_stack_the_others_are_listed(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    vars(target.voting).update(find_outputs=lambda: None)
    consumers, said = listed(capsys)
    assert consumers == [*CONSUMERS]
    assert said == "there is no stack 'civic-local-voting'; its queues are left out\n"
