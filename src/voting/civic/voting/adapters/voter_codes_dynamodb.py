"""Keyed hashes of posted codes in DynamoDB: one item each, under the hash.

An item says which election and ballot style a code is for, and nothing about who got it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId, StyleId
from civic.runtime.aws_errors import failed_condition, unavailable_as
from civic.voting.errors import CodeTaken, StoreUnavailable
from civic.voting.ports import VoterCodes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbVoterCodes(VoterCodes):
    """The voters' codes."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def find(self, hashed: bytes) -> tuple[ElectionId, StyleId] | None:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(TableName=self._table, Key={"code": {"B": hashed}})
        item = answer.get("Item")
        if item is None:
            return None
        return ElectionId(item["election"]["S"]), StyleId(item["style"]["S"])

    @override
    def add(self, election: ElectionId, style: StyleId, hashes: Iterable[bytes]) -> None:
        for code in hashes:
            self._add(election, style, code)

    def _add(self, election: ElectionId, style: StyleId, code: bytes) -> None:
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={"code": {"B": code}, "election": {"S": election}, "style": {"S": style}},
                    ConditionExpression=(
                        "attribute_not_exists(code) OR (election = :election AND #style = :style)"
                    ),
                    ExpressionAttributeNames={"#style": "style"},
                    ExpressionAttributeValues={
                        ":election": {"S": election},
                        ":style": {"S": style},
                    },
                )
            except ClientError as error:
                if failed_condition(error):
                    raise CodeTaken from error
                raise
