"""Tallies in DynamoDB: one item per election and stream shard."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId
from civic.runtime.aws_errors import failed_condition, unavailable_as
from civic.voting.errors import StoreUnavailable, TallyMoved
from civic.voting.model.tally import Counts, ShardTally
from civic.voting.ports import TallyStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbTallies(TallyStore):
    """The tally store."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def read(self, election: ElectionId, shard: str) -> ShardTally | None:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"election": {"S": election}, "shard": {"S": shard}},
                ConsistentRead=True,
            )
        item = answer.get("Item")
        return None if item is None else _tally_of(item)

    @override
    def write(self, election: ElectionId, shard: str, tally: ShardTally) -> None:
        first = tally.revision == 1
        condition: dict[str, Any] = (
            {"ConditionExpression": "attribute_not_exists(election)"}
            if first
            else {
                "ConditionExpression": "revision = :before",
                "ExpressionAttributeValues": {":before": {"N": str(tally.revision - 1)}},
            }
        )
        item: dict[str, Any] = {
            "election": {"S": election},
            "shard": {"S": shard},
            "revision": {"N": str(tally.revision)},
            "last": {"S": tally.last},
            "counts": {"S": tally.counts.dump()},
        }
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(TableName=self._table, Item=item, **condition)
            except ClientError as error:
                if failed_condition(error):
                    raise TallyMoved("the stored tally is not the revision before") from error
                raise

    @override
    def every(self, election: ElectionId) -> Iterator[ShardTally]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="election = :election",
                ExpressionAttributeValues={":election": {"S": election}},
            )
            for page in pages:
                yield from map(_tally_of, page["Items"])


def _tally_of(item: dict[str, Any]) -> ShardTally:
    return ShardTally(
        item["last"]["S"], int(item["revision"]["N"]), Counts.load(item["counts"]["S"])
    )
