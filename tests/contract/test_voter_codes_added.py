"""What every place for voters' codes does when codes are added; and the backlog of ballots."""

import pytest

from civic.contracts.identifiers import ElectionId, StyleId
from civic.runtime import clients
from civic.voting.adapters.backlog_sqs import SqsBacklog
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.errors import CodeTaken, StoreUnavailable
from tests.fakes.aws import Aws
from tests.fakes.voting_elections import InMemoryCodes

ONE, TWO = ElectionId("0123456789ab"), ElectionId("ba9876543210")
NORTH, SOUTH = StyleId("north"), StyleId("south")
A, B = bytes(32), bytes(range(32))

type Codes = DynamoDbVoterCodes | InMemoryCodes


@pytest.fixture(params=["memory", "dynamodb"])
def codes(request: pytest.FixtureRequest) -> Codes:
    if request.param == "memory":
        return InMemoryCodes()
    request.getfixturevalue("aws")
    return DynamoDbVoterCodes(clients.dynamodb(), "voter-codes")


def held(codes: Codes) -> dict[bytes, tuple[str, str]]:
    if isinstance(codes, InMemoryCodes):
        return dict(codes.codes)
    items = clients.dynamodb().scan(TableName="voter-codes")["Items"]
    return {bytes(item["code"]["B"]): (item["election"]["S"], item["style"]["S"]) for item in items}


def test_added_codes_are_there_once(codes: Codes) -> None:
    for _ in range(2):
        codes.add(ONE, NORTH, [A, B])
    assert held(codes) == {A: (ONE, NORTH), B: (ONE, NORTH)}


@pytest.mark.parametrize(("election", "style"), [(TWO, NORTH), (ONE, SOUTH)])
def test_code_stays_what_it_is(codes: Codes, election: ElectionId, style: StyleId) -> None:
    codes.add(ONE, NORTH, [A])
    with pytest.raises(CodeTaken):
        codes.add(election, style, [B, A])
    assert held(codes)[A] == (ONE, NORTH)


def test_refusal_by_dynamodb_is_unavailability(aws: Aws) -> None:
    aws.fail("dynamodb", "PutItem", "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        DynamoDbVoterCodes(clients.dynamodb(), "voter-codes").add(ONE, NORTH, [A])


def test_backlog_counts_every_message_of_its_queues(aws: Aws) -> None:
    assert aws.requests == []
    queue, dead = (
        clients.sqs().create_queue(QueueName=name)["QueueUrl"] for name in ("votes", "dead")
    )
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
