"""`civic dlq`: the queues of all deployed stacks, and redriving dead letters."""

from typing import Any

import pytest

from civic.operator.commands import operating
from civic.operator.main import main
from civic.stack.target import LOCAL_STACK, Target
from civic.terminal.failures import SettingInvalid, StackMissing

type Capture = pytest.CaptureFixture[str]


def queues(*consumers: str) -> dict[str, str]:
    """Return the outputs of a stack that name its consumers' queues."""
    names = [f"{name}{end}" for name in consumers for end in ("QueueUrl", "DlqUrl")]
    return {name: name for name in names}


class Queues:
    """One dead letter in each dead-letter queue, nothing elsewhere."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.deleted: list[str] = []

    def get_queue_attributes(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's
        dead = "1" if "Dlq" in QueueUrl else "0"
        states = ("", "NotVisible", "Delayed")
        names = [f"ApproximateNumberOfMessages{one}" for one in states]
        return {"Attributes": dict(zip(names, (dead, "0", "0"), strict=True))}

    def receive_message(self, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if QueueUrl in self.deleted:
            return {}
        return {"Messages": [{"Body": "{}", "ReceiptHandle": "r", "MessageId": "m"}]}

    def send_message(self, QueueUrl: str, **_: Any) -> None:  # noqa: N803
        self.sent.append(QueueUrl)

    def delete_message(self, QueueUrl: str, **_: Any) -> None:  # noqa: N803
        self.deleted.append(QueueUrl)


DEPLOYED = {
    "civic-local-platform": {"BusName": "bus"},
    "civic-local": queues("Validator", "PiiStorage") | {"RegistrationUndeliveredQueueUrl": "u"},
    "civic-local-elections": queues("Ballot"),
    "civic-local-voting": queues("Snapshot"),
    "civic-local-audit": queues("Event", "Certified"),
    "civic-local-accountability": queues("Deadlines"),
    "civic-local-credentials": queues("CredentialRoll"),
    "civic-local-proofing": {},
    "civic-local-analytics": queues("Release"),
    "civic-local-reconciliation": queues("Reconciler"),
}
CONSUMERS = [
    *["Ballot", "Certified", "CredentialRoll", "Deadlines", "Event", "PiiStorage", "Reconciler"],
    *["Release", "Snapshot", "Validator"],
]


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    found = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    vars(found).update(deployed=dict(DEPLOYED), sqs=Queues())
    monkeypatch.setattr(operating, "target_of", lambda _: found)
    return found


def listed(capsys: Capture) -> tuple[list[str], str]:
    """Return the consumers that have a dead letter, and what was printed besides the table."""
    assert main(["dlq", "list"]) == 0
    printed = capsys.readouterr()
    cells = [line.split() for line in printed.out.splitlines()]
    return [row[1] for row in cells if row[-2:-1] == ["1"]], printed.err


@pytest.mark.usefixtures("target")
def test_queues_of_all_stacks_are_listed(capsys: Capture) -> None:
    assert listed(capsys) == (CONSUMERS, "")


@pytest.mark.usefixtures("target")
def test_events_that_reached_no_queue_are_listed_by_their_stack(capsys: Capture) -> None:
    assert main(["dlq", "list"]) == 0
    assert "RegistrationUndelivered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stack", "its"),
    [
        ("elections", ["Ballot"]),
        ("voting", ["Snapshot"]),
        ("audit", ["Certified", "Event"]),
    ],
)
def test_without_a_stack_the_others_are_listed(
    target: Target, capsys: Capture, stack: str, its: list[str]
) -> None:
    del vars(target)["deployed"][f"civic-local-{stack}"]
    consumers, said = listed(capsys)
    assert consumers == [name for name in CONSUMERS if name not in its]
    assert said == f"there is no stack 'civic-local-{stack}'; its queues are left out\n"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Validator", "Validator"),
        ("snapshot", "Snapshot"),
        ("Event", "Event"),
        ("certified", "Certified"),
    ],
)
def test_dead_letters_go_back_to_the_queue_they_came_from(
    target: Target, capsys: Capture, word: str, name: str
) -> None:
    assert main(["dlq", "redrive", word]) == 0
    assert capsys.readouterr().out == "moved: 1\n"
    moved: Any = target.sqs
    assert (moved.sent, moved.deleted) == ([f"{name}QueueUrl"], [f"{name}DlqUrl"])


@pytest.mark.parametrize("there", [[], ["civic-local", "civic-local-voting"]])
def test_dead_letters_of_a_stack_that_is_not_there_are_not_moved(
    target: Target, capsys: Capture, there: list[str]
) -> None:
    vars(target)["deployed"] = {stack: DEPLOYED[stack] for stack in there}
    refused = SettingInvalid if there else StackMissing
    assert main(["dlq", "redrive", "Event"]) == refused.exit_code
    said = " ".join(capsys.readouterr().err.split())
    assert ("no consumer 'Event'" if there else "there is no stack 'civic-local'") in said
    moved: Any = target.sqs
    assert not moved.sent


@pytest.mark.parametrize("name", ["LogWriter", "RegistrationUndelivered"])
def test_consumer_that_nobody_knows_is_refused_with_those_there_are(
    target: Target, capsys: Capture, name: str
) -> None:
    assert main(["dlq", "redrive", name]) != 0
    said = " ".join(capsys.readouterr().err.split())
    for one in CONSUMERS:
        assert one in said
    moved: Any = target.sqs
    assert not moved.sent
