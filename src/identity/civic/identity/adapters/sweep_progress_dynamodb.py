"""How far each walk through the stores has come, in a DynamoDB table with one row per walk.

``position`` is absent at the beginning of a round. Of a walk of the sweep it is the table's own
cursor as JSON, an id.
"""

from typing import TYPE_CHECKING, override

from botocore.exceptions import ClientError

from civic.identity.adapters.items import Item
from civic.identity.errors import StoreUnavailable
from civic.identity.model.sweeping import Cursor, Search, Walk
from civic.identity.ports.sweeping import Progress
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbProgress(Progress):
    """The progress of every walk."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def cursor(self, walk: Walk | Search) -> Cursor:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"walk": {"S": walk}}, ConsistentRead=True
            ).get("Item")
        if item is None:
            return Cursor()
        position = item.get("position")
        return Cursor(position["S"] if position else None, int(item["number"]["N"]))

    @override
    def advance(self, walk: Walk | Search, come_to: Cursor) -> bool:
        number: Item = {"N": str(come_to.number)}
        item: Item = {"walk": {"S": walk}, "number": number}
        if come_to.position is not None:
            item["position"] = {"S": come_to.position}
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(walk) OR #number < :number",
                    ExpressionAttributeNames={"#number": "number"},
                    ExpressionAttributeValues={":number": number},
                )
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True
