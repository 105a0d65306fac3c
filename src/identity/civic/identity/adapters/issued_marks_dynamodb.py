"""Marks in DynamoDB: a row for each, by the digest of a place.

No row names an election or a registration, and none is changed. Without the key of the election's
marks a row is random, and nobody can tell of which election it is.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, override

from civic.identity.adapters.items import Item, unless_in_the_way
from civic.identity.model.marks import Mark
from civic.identity.ports.issuing import IssuedMarks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NOT_THERE = "attribute_not_exists(place)"
_OF_THE_SAME = "(holder = :holder AND asked = :asked)"


class DynamoDbIssuedMarks(IssuedMarks):
    """Rows by ``place``."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def note(self, marks: Sequence[Mark]) -> None:
        for mark in marks:
            unless_in_the_way(
                self._client.put_item,
                TableName=self._table,
                Item=_item(mark),
                ConditionExpression=_NOT_THERE,
            )


def making(table: str, marks: Iterable[Mark]) -> list[Any]:
    """Return the parts of a transaction that make marks, if none is there but the same ones."""
    return [
        {
            "Put": {
                "TableName": table,
                "Item": _item(mark),
                "ConditionExpression": f"{_NOT_THERE} OR {_OF_THE_SAME}",
                "ExpressionAttributeValues": {
                    ":holder": {"B": mark.holder},
                    ":asked": {"B": mark.asked},
                },
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }
        for mark in marks
    ]


def is_held_by(item: Item, mark: Mark) -> bool:
    """Return whether a row is of the registration that a mark is of."""
    return bytes(item["holder"]["B"]) == mark.holder


def _item(mark: Mark) -> Item:
    return {
        "place": {"B": mark.place},
        "holder": {"B": mark.holder},
        "asked": {"B": mark.asked},
        "ttl": {"N": str(int(mark.expires.timestamp()))},
    }
