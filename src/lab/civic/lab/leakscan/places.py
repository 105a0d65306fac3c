"""Every place where a local stack keeps bytes, found by asking the engine.

There is no list of names here: tables, queues, buckets and log groups are those that the engine
has, no matter who made them. ``blind_spots`` reports what a stack may have that cannot be read
here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from civic.lab import log_events
from civic.lab.leakscan import local
from civic.stack.target import Target


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a place.

    Attributes:
        held: The bytes, or a function that reads them.
        at: Where in the place they are (a key, a path); empty if unknown. It may itself be what
            leaked.
        version: A name for the bytes, if one is known without reading them: pieces with the same
            name have the same bytes.
        known_size: Their number, if there is a version.
    """

    held: bytes | Callable[[], bytes]
    at: str = ""
    version: bytes | None = None
    known_size: int = 0

    @property
    def content(self) -> bytes:
        """The bytes."""
        return self.held if isinstance(self.held, bytes) else self.held()


@dataclass(frozen=True, slots=True)
class Place:
    """One table, queue, bucket, log group or directory.

    Attributes:
        kind: What it is, as a noun.
        name: Which one; may itself be what leaked.
        read: Reads all of it, afresh each time.
        steady: Whether its pieces keep their content, as objects and files do: then a piece that
            existed before a marker was made cannot hold the marker.
    """

    kind: str
    name: str
    read: Callable[[], Iterator[Piece]]
    steady: bool = False


def places_of_aws(target: Target) -> list[Place]:
    """Return every place that the engine's AWS services report."""
    return [
        *_tables(target),
        *_queues(target),
        *_buckets(target),
        *_log_groups(target),
        Place("metrics", "CloudWatch", partial(_metrics, target)),
        Place("trail", "CloudTrail", partial(_trail, target)),
        *_traces(target),
    ]


_READ = {
    "AWS::DynamoDB::Table",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}
_HOLD_ONLY_WHAT_THE_TEMPLATE_SAYS = (
    "AWS::ApiGatewayV2::",
    "AWS::CloudFormation::",
    "AWS::CloudWatch::",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Lambda::",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::",
    "Custom::",
)


def blind_spots(target: Target) -> list[str]:
    """Return the types of resources that may hold data and are not read here."""
    types = {
        resource["ResourceType"]
        for stack in _pages(target.cloudformation, "list_stacks", "StackSummaries")
        if not stack["StackStatus"].startswith("DELETE")
        for resource in _pages(
            target.cloudformation,
            "list_stack_resources",
            "StackResourceSummaries",
            StackName=stack["StackName"],
        )
    }
    return sorted(
        one for one in types - _READ if not one.startswith(_HOLD_ONLY_WHAT_THE_TEMPLATE_SAYS)
    )


def _tables(target: Target) -> Iterator[Place]:
    for name in _pages(target.dynamodb, "list_tables", "TableNames"):
        yield Place("table", name, partial(_items, target, name))
        about = target.dynamodb.describe_table(TableName=name)["Table"]
        if "LatestStreamArn" in about:
            yield Place("stream", name, partial(_changes, target, about["LatestStreamArn"]))


def _items(target: Target, table: str) -> Iterator[Piece]:
    pages = target.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield Piece(_joined(page["Items"]))


def _changes(target: Target, stream: str) -> Iterator[Piece]:
    client = target.client("dynamodbstreams")
    shards = client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    for shard in shards:
        following = client.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while following is not None:
            answer = client.get_records(ShardIterator=following)
            yield Piece(_joined(answer["Records"]))
            # An open shard never ends; an empty answer is its end for now.
            following = answer.get("NextShardIterator") if answer["Records"] else None


def _queues(target: Target) -> Iterator[Place]:
    for url in _pages(target.sqs, "list_queues", "QueueUrls"):
        yield Place("queue", url.rpartition("/")[2], partial(_messages, target, url))


def _messages(target: Target, url: str) -> Iterator[Piece]:
    yield Piece(_joined(local.messages(target, url)))


def _buckets(target: Target) -> Iterator[Place]:
    for bucket in target.s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        yield Place("bucket", name, partial(_objects, target, name), steady=True)


def _objects(target: Target, bucket: str) -> Iterator[Piece]:
    for version in _pages(target.s3, "list_object_versions", "Versions", Bucket=bucket):
        key = version["Key"]
        stored = target.s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
        yield Piece(stored["Body"].read(), at=key)
        about = [key, stored.get("Metadata"), stored["ContentType"], stored.get("ContentEncoding")]
        yield Piece(_joined(about), at=key)
    for marker in _pages(target.s3, "list_object_versions", "DeleteMarkers", Bucket=bucket):
        yield Piece(marker["Key"].encode(), at=marker["Key"])


def _log_groups(target: Target) -> Iterator[Place]:
    for group in _pages(target.logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        yield Place("log group", name, partial(_lines, target, name))


def _lines(target: Target, group: str) -> Iterator[Piece]:
    for stream in log_events.stream_names(target.logs, group):
        yield Piece(stream.encode())
        for page in log_events.pages(target.logs, group, stream):
            yield Piece("\n".join(page).encode())


def _metrics(target: Target) -> Iterator[Piece]:
    client = target.client("cloudwatch")
    for metric in _pages(client, "list_metrics", "Metrics"):
        yield Piece(_joined(metric))


def _trail(target: Target) -> Iterator[Piece]:
    for event in _pages(target.client("cloudtrail"), "lookup_events", "Events"):
        yield Piece(_joined(event))


_TRACES_BACK = timedelta(hours=6)
"""The longest period X-Ray allows in one request."""
_TRACES_AT_ONCE = 5


def _traces(target: Target) -> Iterator[Place]:
    if "xray" in local.services(target):
        yield Place("traces", "X-Ray", partial(_segments, target.client("xray")))


def _segments(client: Any) -> Iterator[Piece]:
    now = datetime.now(UTC)
    window = {"StartTime": now - _TRACES_BACK, "EndTime": now}
    found = list(_pages(client, "get_trace_summaries", "TraceSummaries", **window))
    for first in range(0, len(found), _TRACES_AT_ONCE):
        ids = [one["Id"] for one in found[first : first + _TRACES_AT_ONCE]]
        for trace in _pages(client, "batch_get_traces", "Traces", TraceIds=ids):
            yield Piece(_joined(trace))
    yield Piece(_joined(found))


def _pages(client: Any, operation: str, part: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(part, ())


def _joined(value: object) -> bytes:
    return b"\0".join(_leaves(value))


def _leaves(value: object) -> Iterator[bytes]:
    """Yield every name and value unencoded: bytes as bytes, not as base64."""
    match value:
        case dict():
            for name, child in value.items():
                yield from _leaves(name)
                yield from _leaves(child)
        case list() | set() | tuple():
            for child in value:
                yield from _leaves(child)
        case bytes():
            yield value
        case _:
            yield str(value).encode(errors="surrogatepass")
