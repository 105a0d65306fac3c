"""Which shard a batch came from, with the stream's answers given verbatim."""

from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from civic.runtime.streams import ShardUnknown, StreamUnavailable, inserted, shard_of

SHARD = "shardId-00000000000000000001-0000000a"
OTHER_SHARD = "shardId-00000000000000000002-0000000b"
EVENT = {"Records": [{"eventSourceARN": "arn:aws:dynamodb:eu-central-1:1:table/ballots/s"}]}


def made_client() -> Any:
    """Return a separate client, which connects to nothing."""
    return get_session().create_client(
        "dynamodbstreams",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def shards(*names: str, more: bool = False) -> dict[str, Any]:
    description: dict[str, Any] = {"Shards": [{"ShardId": name} for name in names]}
    return {"StreamDescription": description | ({"LastEvaluatedShardId": SHARD} if more else {})}


def asked_stream(answer: dict[str, Any]) -> str:
    client = made_client()
    with Stubber(client) as stubber:
        stubber.add_response("describe_stream", answer)
        return shard_of(EVENT, client)


def test_shard_is_the_one_that_the_window_names() -> None:
    assert shard_of({"shardId": SHARD, "Records": []}, made_client()) == SHARD


def test_without_a_window_only_a_stream_of_one_shard_is_counted() -> None:
    assert asked_stream(shards(SHARD)) == SHARD
    for several in (shards(), shards(SHARD, OTHER_SHARD), shards(SHARD, more=True)):
        with pytest.raises(ShardUnknown):
            asked_stream(several)


def test_silent_stream_is_no_unknown_shard() -> None:
    client = made_client()
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_stream", "InternalServerError")
        with pytest.raises(StreamUnavailable):
            shard_of(EVENT, client)


def test_only_new_items_are_inserted_in_their_order() -> None:
    kinds = ["INSERT", "MODIFY", "INSERT", "REMOVE"]
    records = [{"eventName": kind, "eventID": str(number)} for number, kind in enumerate(kinds)]
    assert [one["eventID"] for one in inserted({"Records": records})] == ["0", "2"]
