"""The edge of a DynamoDB stream: what a batch has brought, and which shard it came from.

Lambda names the shard only to a function with a tumbling window (the event's ``shardId``), so the
template sets one. If none is named, the stream is asked, and believed only if it has a single shard
in all: then there is nothing to confuse it with.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


class ShardUnknown(Exception):
    """The batch names no shard and the stream has several, so counting it could count twice."""


class StreamUnavailable(Exception):
    """The stream refused or did not answer; the batch may be tried again."""


def inserted(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the records of items that are new, in their order."""
    return [record for record in event["Records"] if record["eventName"] == "INSERT"]


def shard_of(event: Mapping[str, Any], client: "DynamoDBStreamsClient") -> str:
    """Return the id of the shard whose records an event holds.

    Args:
        event: The stream event as Lambda passes it.
        client: The client to ask the stream with, if needed.

    Raises:
        ShardUnknown: It is not known.
        StreamUnavailable: It cannot be found out now.
    """
    named = event.get("shardId")
    if named:
        return str(named)
    with unavailable_as(StreamUnavailable):
        answer = client.describe_stream(StreamArn=event["Records"][0]["eventSourceARN"])
    shards = answer["StreamDescription"].get("Shards", [])
    if len(shards) != 1 or "LastEvaluatedShardId" in answer["StreamDescription"]:
        message = "the stream has several shards and the event names none"
        raise ShardUnknown(message)
    return shards[0]["ShardId"]
