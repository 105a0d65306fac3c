"""DynamoDB in memory: the operations of the handlers, with what each consumes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from civic.lab.bench.expressions import Placeholders, holds, projected, updated
from civic.lab.bench.sizes import Item, item_bytes, read_units, write_units

type Key = tuple[tuple[str, str], ...]
type Request = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer in wire form, and what getting it consumed."""

    body: dict[str, Any]
    write_units: float = 0
    read_units: float = 0
    written: tuple[tuple[str, int], ...] = ()
    """Table and bytes of each item that was written."""
    status: int = 200


@dataclass(slots=True)
class Tables:
    """The tables, by name and key."""

    keys: Mapping[str, tuple[str, ...]]
    """The attributes that make up each table's key."""
    items: defaultdict[str, dict[Key, Item]] = field(default_factory=lambda: defaultdict(dict))

    def answer(self, operation: str, request: Request) -> Outcome:
        """Carry out one operation; raises KeyError for one that is not counted here."""
        return _OPERATIONS[operation](self, request)

    def get_item(self, request: Request) -> Outcome:
        """Read one item; a projection narrows the answer and not what is consumed."""
        item = self._rows(request).get(self._key(request, request["Key"]))
        units = read_units(item_bytes(item or {}), consistent=_consistent(request))
        shown = item and projected(
            request.get("ProjectionExpression"), item, Placeholders.of(request)
        )
        return Outcome({"Item": shown} if shown else {}, read_units=units)

    def query(self, request: Request) -> Outcome:
        """Read the items under a key condition, on one page."""
        placeholders = Placeholders.of(request)
        found = [
            item
            for item in self._rows(request).values()
            if holds(request["KeyConditionExpression"], item, placeholders)
        ]
        units = read_units(sum(map(item_bytes, found)), consistent=_consistent(request))
        shown = [projected(request.get("ProjectionExpression"), one, placeholders) for one in found]
        count = len(found)
        return Outcome({"Items": shown, "Count": count, "ScannedCount": count}, read_units=units)

    def put_item(self, request: Request) -> Outcome:
        """Write one item."""
        return self._write(request, self._key(request, request["Item"]), dict(request["Item"]))

    def update_item(self, request: Request) -> Outcome:
        """Change one item, or begin it."""
        key = self._key(request, request["Key"])
        before = self._rows(request).get(key, dict(request["Key"]))
        after = updated(request["UpdateExpression"], before, Placeholders.of(request))
        outcome = self._write(request, key, after)
        if request.get("ReturnValues") == "ALL_NEW" and outcome.written:
            outcome.body["Attributes"] = after
        return outcome

    def delete_item(self, request: Request) -> Outcome:
        """Remove one item."""
        return self._write(request, self._key(request, request["Key"]), None)

    def _write(self, request: Request, key: Key, after: Item | None) -> Outcome:
        rows = self._rows(request)
        before = rows.get(key)
        size = item_bytes(after or {})
        units = write_units(item_bytes(before or {}), size)
        placeholders = Placeholders.of(request)
        if not holds(request.get("ConditionExpression"), before or {}, placeholders):
            return _refused(request, before, units)
        if after is None:
            rows.pop(key, None)
            return Outcome({}, write_units=units)
        rows[key] = after
        return Outcome({}, write_units=units, written=((request["TableName"], size),))

    def _rows(self, request: Request) -> dict[Key, Item]:
        return self.items[request["TableName"]]

    def _key(self, request: Request, attributes: Item) -> Key:
        parts = (attributes[name] for name in self.keys[request["TableName"]])
        return tuple(next(iter(part.items())) for part in parts)


def _consistent(request: Request) -> bool:
    return bool(request.get("ConsistentRead", False))


def _refused(request: Request, before: Item | None, units: float) -> Outcome:
    body: dict[str, Any] = {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "message": "The conditional request failed",
    }
    if request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and before:
        body["Item"] = before
    return Outcome(body, write_units=units, status=400)


_OPERATIONS = {
    "DeleteItem": Tables.delete_item,
    "GetItem": Tables.get_item,
    "PutItem": Tables.put_item,
    "Query": Tables.query,
    "UpdateItem": Tables.update_item,
}
