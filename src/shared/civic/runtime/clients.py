"""AWS clients, made on first use and once per execution environment, and the calls they make."""

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

CONNECTIONS = 25
"""How many calls of one client can run at the same time, each on a connection that is kept."""

_CONFIG = Config(
    # Well below a function's time limit, so that a call without an answer becomes an error here.
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=CONNECTIONS,
    # Fixed, as botocore builds its own twice per call, at a third of the cost of the call.
    user_agent="civic",
)

calls: Counter[str] = Counter()
"""AWS calls of the current invocation by operation; an environment serves one at a time."""

_counting = Lock()


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    return cast("DynamoDBClient", _client("dynamodb"))


def dynamodb_streams() -> "DynamoDBStreamsClient":
    """Return the DynamoDB Streams client."""
    return cast("DynamoDBStreamsClient", _client("dynamodbstreams"))


def events() -> "EventBridgeClient":
    """Return the EventBridge client."""
    return cast("EventBridgeClient", _client("events"))


def kms() -> "KMSClient":
    """Return the KMS client."""
    return cast("KMSClient", _client("kms"))


def s3() -> "S3Client":
    """Return the S3 client."""
    return cast("S3Client", _client("s3"))


def sqs() -> "SQSClient":
    """Return the SQS client."""
    return cast("SQSClient", _client("sqs"))


@cache
def _client(service: str) -> Any:
    # botocore's own session: boto3 adds resources, which nothing here uses, and import time.
    return session().create_client(service, config=_CONFIG)


@cache
def session() -> botocore.session.Session:
    """Return the session of all clients; a hook registered on it applies to those made later."""
    made = botocore.session.get_session()
    made.register("before-call", _count)
    return made


def forget() -> None:
    """Drop the clients and their session; the next use makes new ones, as in a new environment."""
    _client.cache_clear()
    session.cache_clear()


def _count(**call: Any) -> None:
    model = call["model"]
    # Calls are made from several threads.
    with _counting:
        calls[f"{model.service_model.service_name}:{model.name}"] += 1
