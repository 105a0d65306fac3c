"""An election office in the deployed stack: its API, its notices, and who may use them."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from civic.stack.target import Target
from tests.fakes.voting_elections import draft_document
from tests.integration.conftest import Command
from tests.integration.staff import Member, member
from tests.integration.waiting import eventually


@pytest.fixture(scope="module")
def jane(target: Target) -> Iterator[Member]:
    """Let somebody call the elections API."""
    with member(target, "elections-jane", "ElectionsApi") as hired:
        yield hired


class Subscriber:
    """A queue that receives every notice."""

    def __init__(self, target: Target) -> None:
        self._sqs = target.sqs
        self._url = target.sqs.create_queue(QueueName="election-notices")["QueueUrl"]
        arn = target.sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        queue, topic = arn["Attributes"]["QueueArn"], target.output("ElectionNoticesArn")
        target.sqs.set_queue_attributes(
            QueueUrl=self._url, Attributes={"Policy": json.dumps(_policy(queue, topic))}
        )
        self._sns = target.client("sns")
        self._subscription = self._sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        self._seen: list[tuple[str, str]] = []

    def told_of(self, election: str) -> list[str]:
        """Return the events of an election that have arrived so far."""
        answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(json.loads(message["Body"])["Message"])
            self._seen.append((event["detail"]["election"], event["detail-type"]))
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return [name for id_, name in self._seen if id_ == election]

    def leave(self) -> None:
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._url)


def _policy(queue: str, topic: str) -> dict[str, Any]:
    """Let a topic send to a queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def subscriber(target: Target) -> Iterator[Subscriber]:
    subscribed = Subscriber(target)
    yield subscribed
    subscribed.leave()


def soon() -> dict[str, Any]:
    opens = datetime.now(UTC) + timedelta(hours=1)
    return draft_document(
        opens_at=opens.isoformat(), closes_at=(opens + timedelta(hours=1)).isoformat()
    )


def created(by: Member) -> str:
    answer = by.ask("POST", "/elections", soon())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def change(by: Member, method: str, election: str, what: str) -> str:
    answer = by.ask(method, f"/elections/{election}/{what}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["state"])


def test_election_is_run_and_everybody_who_subscribed_hears_of_it(
    jane: Member, subscriber: Subscriber
) -> None:
    one = created(jane)
    steps = (
        ("PUT", "publication"),
        ("PUT", "opening"),
        ("PUT", "suspension"),
        ("DELETE", "suspension"),
        ("PUT", "closing"),
    )
    states = [change(jane, method, one, what) for method, what in steps]
    assert states == ["published", "open", "suspended", "open", "closed"]
    ask = partial(jane.ask, "PUT", f"/elections/{one}/certification", {"ballots": 0})
    assert ask().json()["code"] == "box_not_counted"
    eventually("it is certified", lambda: ask().json().get("state") == "certified")
    heard = {
        "ElectionCreated",
        "ElectionPublished",
        "ElectionOpened",
        "ElectionSuspended",
        "ElectionResumed",
        "ElectionEnded",
        "ElectionSealed",
        "ElectionCertified",
    }
    eventually("every notice has come", lambda: set(subscriber.told_of(one)) == heard)


def test_published_keys_reach_the_election(target: Target, jane: Member) -> None:
    one = created(jane)
    key = base64.urlsafe_b64encode(b"a public key").decode()
    event: Any = {
        "Source": "civic.credential_roll",
        "DetailType": "CredentialKeysPublished",
        "EventBusName": target.output("BusName"),
        "Detail": json.dumps(
            {"version": 1, "election": one, "keys": [{"style": "north", "public_key": key}]}
        ),
    }
    target.events.put_events(Entries=[event])
    eventually(
        "the key is kept",
        lambda: jane.ask("GET", f"/elections/{one}").json()["keys"] == ["north"],
    )


def test_calendar_looks(target: Target) -> None:
    answer: Any = target.functions.invoke(
        FunctionName=target.output("CalendarFunctionName"), Payload=b"{}"
    )
    assert "FunctionError" not in answer
    assert set(json.loads(answer["Payload"].read())) == {"moved", "announced"}


def test_nobody_else_is_let_in(target: Target, jane: Member) -> None:
    one = created(jane)
    unsigned = Member(jane.url, None)
    # Deciding on registrations does not include running elections.
    with member(target, "elections-john") as john:
        for stranger in (unsigned, Member(jane.url, john.credentials)):
            for method, path in (
                ("GET", "/elections"),
                ("PUT", f"/elections/{one}/publication"),
                ("DELETE", f"/elections/{one}"),
            ):
                assert stranger.ask(method, path).status_code == 403
    assert jane.ask("GET", f"/elections/{one}").json()["state"] == "draft"


def test_command_line_runs_an_election(
    civic: Command, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    file = tmp_path / "election.json"
    file.write_text(json.dumps(soon()))
    capsys.readouterr()
    assert civic("elections", "create", file, "--json") == 0
    one = json.loads(capsys.readouterr().out)["id"]
    # Nobody is on the roll yet whom its styles could reach.
    assert civic("elections", "publish", one) == 1
    assert civic("elections", "publish", one, "--anyway") == 0
    for step in ("open", "suspend", "resume", "finish"):
        assert civic("elections", step, one) == 0
    capsys.readouterr()
    assert civic("elections", "show", one) == 0
    assert "closed" in capsys.readouterr().out
    assert civic("elections", "delete", one) == 1
    assert "not_now" in capsys.readouterr().err
