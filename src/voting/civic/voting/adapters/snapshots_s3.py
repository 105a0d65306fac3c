"""Snapshots of results in S3, from where a CDN may serve them, and the queue that asks for them."""

import json
from typing import TYPE_CHECKING, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId
from civic.contracts.ports import Clock
from civic.runtime.aws_errors import unavailable_as
from civic.voting.errors import StoreUnavailable
from civic.voting.ports import SnapshotRequests, SnapshotStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_LATEST = "results/latest.json"


class S3Snapshots(SnapshotStore):
    """The published snapshots."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """Use ``bucket`` through ``client``."""
        self._client = client
        self._bucket = bucket

    @override
    def put(self, election: ElectionId, document: bytes) -> None:
        with unavailable_as(StoreUnavailable):
            # The election's own goes last: a retry that finds it takes everything for done.
            for key in (_LATEST, _key(election)):
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=document,
                    ContentType="application/json",
                    CacheControl="public, max-age=1, stale-while-revalidate=5",
                )

    @override
    def get(self, election: ElectionId | None) -> bytes | None:
        key = _LATEST if election is None else _key(election)
        with unavailable_as(StoreUnavailable):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                    return None
                raise
            return answer["Body"].read()


def _key(election: ElectionId) -> str:
    return f"results/{election}.json"


class SqsSnapshotRequests(SnapshotRequests):
    """A FIFO queue with a delay: requests of one second become one, and no two run at once."""

    def __init__(self, client: "SQSClient", url: str, clock: Clock) -> None:
        """Ask the queue at ``url``.

        Args:
            client: The SQS client.
            url: A FIFO queue that delays its messages by a second, so that what is counted within
                the second is in the snapshot.
            clock: The current time; requests for an election in the same second are deduplicated.
        """
        self._client = client
        self._url = url
        self._clock = clock

    @override
    def ask(self, election: ElectionId) -> None:
        second = int(self._clock().timestamp())
        with unavailable_as(StoreUnavailable):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"detail": {"election": election}}),
                MessageGroupId=election,
                MessageDeduplicationId=f"{election}-{second}",
            )
