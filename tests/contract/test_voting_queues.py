"""What the queues of the voting domain and the store of published results do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId
from civic.lab.memory.voting import MemoryQueue, MemorySnapshotRequests, MemorySnapshots
from civic.runtime import clients
from civic.voting.adapters.backlog_sqs import SqsBacklog
from civic.voting.adapters.ballot_queue_sqs import SqsBallots, read_body
from civic.voting.adapters.snapshots_s3 import S3Snapshots, SqsSnapshotRequests
from civic.voting.errors import StoreUnavailable
from civic.voting.ports import SnapshotStore
from tests.fakes.aws import BUCKET, Aws
from tests.fakes.fixtures import each_kind

ONE, TWO = ElectionId("0123456789ab"), ElectionId("ba9876543210")
NOW = datetime(2027, 3, 2, 12, tzinfo=UTC)

type Sent = Callable[[], list[tuple[str, bytes]]]
type Asked = Callable[[], set[str]]


def made(name: str) -> str:
    attributes: Any = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    return clients.sqs().create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def received(queue: str) -> list[Any]:
    answer = clients.sqs().receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
    )
    return list(answer["Messages"])


def ballots_in_memory() -> tuple[MemoryQueue, Sent]:
    queue = MemoryQueue()
    return queue, lambda: list(queue.sent)


def ballots_on_aws() -> tuple[SqsBallots, Sent]:
    url = made("ballots")
    return SqsBallots(clients.sqs(), url), lambda: [read_body(one["Body"]) for one in received(url)]


def requests_in_memory() -> tuple[MemorySnapshotRequests, Asked]:
    requests = MemorySnapshotRequests()
    return requests, lambda: set(requests.asked)


def requests_on_aws() -> tuple[SqsSnapshotRequests, Asked]:
    url = made("snapshots.fifo")
    requests = SqsSnapshotRequests(clients.sqs(), url, lambda: NOW)

    return requests, lambda: {one["Attributes"]["MessageGroupId"] for one in received(url)}


ballots = each_kind("sqs", ballots_in_memory, ballots_on_aws)
requests = each_kind("sqs", requests_in_memory, requests_on_aws)
snapshots = each_kind("s3", MemorySnapshots, lambda: S3Snapshots(clients.s3(), BUCKET))


def test_what_is_sent_arrives_with_its_election(ballots: tuple[Any, Sent]) -> None:
    queue, sent = ballots
    queue.send(ONE, b"\0sealed")
    queue.send(TWO, b"sealed too")
    assert sorted(sent()) == [(ONE, b"\0sealed"), (TWO, b"sealed too")]


def test_every_election_that_is_asked_for_is_heard_of(requests: tuple[Any, Asked]) -> None:
    queue, asked = requests
    for election in (ONE, TWO, ONE):
        queue.ask(election)
    assert asked() == {ONE, TWO}


def test_nothing_is_published_at_first(snapshots: SnapshotStore) -> None:
    assert snapshots.get(ONE) is None
    assert snapshots.get(None) is None


def test_last_snapshot_of_an_election_is_returned_and_the_last_of_all(
    snapshots: SnapshotStore,
) -> None:
    for election, document in ((ONE, b"old"), (ONE, b"new"), (TWO, b"other")):
        snapshots.put(election, document)
    assert [snapshots.get(one) for one in (ONE, TWO, None)] == [b"new", b"other", b"other"]


def test_backlog_counts_every_message_of_its_queues(aws: Aws) -> None:
    assert aws.requests == []
    queue, dead = made("votes"), made("dead")
    backlog = SqsBacklog(clients.sqs(), queue, dead)
    assert backlog.waiting() == 0
    clients.sqs().send_message(QueueUrl=queue, MessageBody="visible")
    clients.sqs().send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=60)
    clients.sqs().send_message(QueueUrl=dead, MessageBody="in flight")
    clients.sqs().receive_message(QueueUrl=dead)
    assert backlog.waiting() == 3


def test_backlog_that_is_not_told_is_not_empty(aws: Aws) -> None:
    aws.fail("sqs", "GetQueueAttributes", "AccessDenied")
    with pytest.raises(StoreUnavailable):
        SqsBacklog(clients.sqs(), "https://sqs.eu-central-1.amazonaws.com/1/votes").waiting()
