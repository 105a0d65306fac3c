"""Adapters whose services moto does not do justice: DynamoDB's answers are given word by word."""

from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from civic.contracts.identifiers import Nullifier
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.stream_shards_dynamodb import ShardUnknown, shard_of
from civic.voting.model.ballot import CastBallot, cast
from civic.voting.ports import Cast
from tests.fakes.ballots import ELECTION, ballot

SHARD = "shardId-00000000000000000001-0000000a"
OTHER_SHARD = "shardId-00000000000000000002-0000000b"


def made_client(service: str) -> Any:
    """Return a client of its own, which speaks to nobody."""
    return get_session().create_client(
        service,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def nullifier(number: int) -> Nullifier:
    return Nullifier(number.to_bytes(32))


# ------------------------------------------------------------------ 25 ballots a call
# moto knows no PartiQL with parameters.


def inserted(*responses: dict[str, Any]) -> list[Cast]:
    """Return what becomes of as many ballots as DynamoDB gives responses to."""
    made = [cast(ballot(), nullifier(number), b"k" * 32) for number in range(len(responses))]
    return answered(made, [list(responses)])


def answered(made: list[CastBallot], answers: list[list[dict[str, Any]]]) -> list[Cast]:
    client: Any = made_client("dynamodb")
    with Stubber(client) as stubber:
        rest = list(made)
        for responses in answers:
            some, rest = rest[: len(responses)], rest[len(responses) :]
            expected = {"Statements": [statement(one) for one in some]}
            answer: Any = {"Responses": responses}
            stubber.add_response("batch_execute_statement", answer, expected)
        outcome = DynamoDbBallots(client, "ballots").cast(made)
        stubber.assert_no_pending_responses()
    return outcome


def statement(one: CastBallot) -> dict[str, Any]:
    return {
        "Statement": (
            "INSERT INTO \"ballots\" VALUE {'nullifier': ?, 'salt': ?, 'election': ?, 'ballot': ?}"
        ),
        "Parameters": [
            {"B": one.nullifier},
            {"B": one.salt},
            {"S": ELECTION},
            {"S": one.content.decode()},
        ],
    }


DONE = {"TableName": "ballots"}


def error(code: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": ""}, "TableName": "ballots"}


def test_each_insert_of_a_call_succeeds_or_fails_by_itself() -> None:
    responses = [DONE, error("DuplicateItem"), error("ThrottlingError"), DONE, error("Any")]
    assert inserted(*responses) == [
        Cast.COUNTED,
        Cast.ALREADY,
        Cast.FAILED,
        Cast.COUNTED,
        Cast.FAILED,
    ]


def test_more_than_25_ballots_are_several_calls_in_order() -> None:
    made = [cast(ballot(), nullifier(number), b"k" * 32) for number in range(60)]
    last = [DONE] * 9 + [error("DuplicateItem")]
    outcome = answered(made, [[DONE] * 25, [DONE] * 25, last])
    assert outcome == [Cast.COUNTED] * 59 + [Cast.ALREADY]


# ------------------------------------------------------------------ the shard


def shards(*names: str, more: bool = False) -> dict[str, Any]:
    description: dict[str, Any] = {"Shards": [{"ShardId": name} for name in names]}
    return {"StreamDescription": description | ({"LastEvaluatedShardId": SHARD} if more else {})}


def asked_stream(answer: dict[str, Any]) -> str:
    client: Any = made_client("dynamodbstreams")
    event = {"Records": [{"eventSourceARN": "arn:aws:dynamodb:eu-central-1:1:table/ballots/s"}]}
    with Stubber(client) as stubber:
        stubber.add_response("describe_stream", answer)
        return shard_of(event, client)


def test_shard_is_the_one_that_the_window_names() -> None:
    assert shard_of({"shardId": SHARD, "Records": []}, made_client("dynamodbstreams")) == SHARD


def test_without_a_window_only_a_stream_of_one_shard_is_counted() -> None:
    assert asked_stream(shards(SHARD)) == SHARD
    for several in (shards(), shards(SHARD, OTHER_SHARD), shards(SHARD, more=True)):
        with pytest.raises(ShardUnknown):
            asked_stream(several)
