"""Status lists in DynamoDB: rows beside the trust document, which only operators write."""

from typing import TYPE_CHECKING, override

from civic.identity.errors import StoreUnavailable
from civic.identity.ports.proofs import StatusListKeeper
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LIST_CHARACTERS_MOST = 393_216
"""An item of DynamoDB has at most 400 KB."""


class DynamoDbStatusLists(StatusListKeeper):
    """Rows ``status ADDRESS``."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def at(self, uri: str) -> str | None:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key=_key(uri), ConsistentRead=True
            ).get("Item")
        return item["token"]["S"] if item else None

    @override
    def keep(self, uri: str, token: str) -> None:
        with unavailable_as(StoreUnavailable):
            self._client.put_item(TableName=self._table, Item={**_key(uri), "token": {"S": token}})


def _key(uri: str) -> dict[str, dict[str, str]]:
    return {"trust": {"S": f"status {uri}"}}
