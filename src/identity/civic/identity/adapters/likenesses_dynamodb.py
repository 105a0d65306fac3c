"""Likenesses in DynamoDB: a row for each, with the ids of those who were accepted under it.

A change is under the condition that the row is as it was read, by a version and by the ids: a row
that was deleted and made anew begins with version 1 again, but an id that has left does not come
back. A row without ids is deleted, so that nothing is left of a likeness once those who had it are
erased.
"""

from typing import TYPE_CHECKING, override

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.items import Item, texts, texts_of, unless_in_the_way
from civic.identity.errors import StoreUnavailable
from civic.identity.model.likeness import Comparison, LikenessKey, Listing, Others
from civic.identity.ports.likenesses import Likenesses
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CHANGE = "SET ids = :ids, version = :next, numbers = :numbers"


class DynamoDbLikenesses(Likenesses):
    """Rows by ``likeness``."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def listing(self, likeness: LikenessKey) -> Listing:
        with unavailable_as(StoreUnavailable):
            item: Item = self._client.get_item(
                TableName=self._table, Key=_key(likeness), ConsistentRead=True
            ).get("Item", {})
        if not item:
            return Listing(likeness)
        ids = tuple(map(RegistrationId, texts_of(item["ids"])))
        numbers = tuple(int(one["N"]) for one in item["numbers"]["L"])
        return Listing(likeness, ids, int(item["version"]["N"]), numbers)

    @override
    def leave(self, likeness: LikenessKey, registration: RegistrationId) -> None:
        while registration in (there := self.listing(likeness)).ids:
            same, values = _as_read(there)
            left = there.without(registration)
            unless_in_the_way(
                self._client.update_item if left.ids else self._client.delete_item,
                TableName=self._table,
                Key=_key(likeness),
                ConditionExpression=same,
                ExpressionAttributeValues=values | (_changed(left) if left.ids else {}),
                **({"UpdateExpression": _CHANGE} if left.ids else {}),
            )

    def joining(self, comparison: Comparison, registration: RegistrationId) -> list[Item]:
        """Return the parts of a transaction that list a registration beside the others."""
        return [self._joining(one, registration) for one in comparison.under]

    def _joining(self, others: Others, registration: RegistrationId) -> Item:
        there = others.listing
        same, values = _as_read(there)
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(there.likeness),
                "UpdateExpression": _CHANGE,
                "ConditionExpression": same,
                "ExpressionAttributeValues": values | _changed(others.joined_by(registration)),
            }
        }


def _key(likeness: LikenessKey) -> Item:
    return {"likeness": {"B": likeness}}


def _changed(to: Listing) -> Item:
    numbers = {"L": [{"N": str(one)} for one in to.numbers]}
    return {":ids": texts(to.ids), ":next": {"N": str(to.version)}, ":numbers": numbers}


def _as_read(there: Listing) -> tuple[str, Item]:
    if not there.version:
        return "attribute_not_exists(likeness)", {}
    values = {":there": texts(there.ids), ":version": {"N": str(there.version)}}
    return "ids = :there AND version = :version", values
