"""The office's table of areas in DynamoDB: one row per postcode and version.

A row has the key ``place`` (such as ``DE 10119``) and ``version``. The row ``in_use`` of version 0
names the version that counts, with its areas and with what it says of whole countries; the row
``begun`` names the one that is being written. No row holds anything about a person.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.ports import Clock
from civic.identity.adapters.items import Item, texts, texts_of
from civic.identity.errors import StoreUnavailable
from civic.identity.model.area_table import Pages, TableVersion, fields_of, place
from civic.identity.model.areas import (
    NO_TABLE,
    AreaEntry,
    Fineness,
    Parity,
    TablePage,
    postcode_key,
)
from civic.identity.model.registration import Address
from civic.identity.ports.areas import AreaBook, AreaEditor
from civic.runtime.aws_errors import failed_condition, unavailable_as
from civic.runtime.cache import ExpiringCache

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POINTER_LIFETIME = timedelta(minutes=1)
"""For how long after a change an address may still be looked up in the version before."""
_BATCH = 25
_IN_USE, _BEGUN = "in_use", "begun"


class _NoTable(Exception):
    """No table has been loaded yet; unlike a version, this is asked anew each time."""


class DynamoDbAreaBook(AreaBook):
    """Looks addresses up; reads one row for each, and which version is in use once a minute."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table
        self._versions = ExpiringCache(self._version, POINTER_LIFETIME, clock)

    @override
    def page(self, address: Address) -> TablePage:
        try:
            known = self._versions.get(_IN_USE)
        except _NoTable:
            return NO_TABLE
        postcode = postcode_key(address.country, address.postcode or "")
        row = None
        if postcode:
            row = _row(self._client, self._table, place(address.country, postcode), known.version)
        entries = _entries(row) if row else ()
        return TablePage(known.version, entries, known.wide, known.fineness)

    @override
    def has(self, area: str) -> bool:
        try:
            return area in self._versions.get(_IN_USE).areas
        except _NoTable:
            return False

    def _version(self, name: str) -> TableVersion:
        row = _row(self._client, self._table, name)
        if row is None:
            raise _NoTable
        return _version(row)


class DynamoDbAreaEditor(AreaEditor):
    """Loads new versions, under the rights of the operator."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def in_use(self) -> TableVersion | None:
        row = _row(self._client, self._table, _IN_USE)
        return _version(row) if row else None

    @override
    def read(self, version: int) -> Iterator[tuple[str, tuple[AreaEntry, ...]]]:
        for row in self._scan("version = :v", {":v": {"N": str(version)}}):
            if "entries" in row:
                yield row["place"]["S"], _entries(row)

    @override
    def begin(self, digest: str) -> int:
        known, begun = self.in_use(), _row(self._client, self._table, _BEGUN)
        if begun and begun["digest"]["S"] == digest and _number(begun) > (known or _FIRST).version:
            return _number(begun)
        version = max((known or _FIRST).version, _number(begun) if begun else 0) + 1
        row = _key(_BEGUN, 0) | {"digest": {"S": digest}, "number": {"N": str(version)}}
        with unavailable_as(StoreUnavailable):
            self._client.put_item(TableName=self._table, Item=row)
        return version

    @override
    def write(self, version: int, pages: Pages) -> None:
        rows = (
            {"PutRequest": {"Item": _key(name, version) | {"entries": _listed(entries)}}}
            for name, entries in pages.items()
        )
        self._batch(rows)

    @override
    def put_in_use(self, table: TableVersion, instead_of: int) -> bool:
        row = _key(_IN_USE, 0) | {
            "number": {"N": str(table.version)},
            "digest": {"S": table.digest},
            "loaded_at": {"S": table.loaded_at},
            "pages": {"N": str(table.pages)},
            "areas": texts(sorted(table.areas)),
            "wide": {"M": {key: texts(areas) for key, areas in table.wide.items()}},
            "before": {"L": [{"N": str(version)} for version in table.before]},
            "fineness": {"M": {place: {"S": asked} for place, asked in table.fineness.items()}},
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(place)"}
        if instead_of:
            condition = {
                "ConditionExpression": "#number = :known",
                "ExpressionAttributeNames": {"#number": "number"},
                "ExpressionAttributeValues": {":known": {"N": str(instead_of)}},
            }
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(TableName=self._table, Item=row, **condition)
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True

    @override
    def discard(self, keep: Collection[int]) -> int:
        old = [
            _key(row["place"]["S"], int(row["version"]["N"]))
            for row in self._scan("version > :zero", {":zero": {"N": "0"}}, "place, version")
            if int(row["version"]["N"]) not in keep
        ]
        self._batch({"DeleteRequest": {"Key": key}} for key in old)
        return len(old)

    def _scan(self, condition: str, values: Item, attributes: str | None = None) -> Iterator[Item]:
        only: dict[str, Any] = {"ProjectionExpression": attributes} if attributes else {}
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
                **only,
            )
            for page in pages:
                yield from page["Items"]

    def _batch(self, requests: Iterator[Mapping[str, Any]]) -> None:
        for some in batched(requests, _BATCH, strict=False):
            left: Any = {self._table: list(some)}
            while left:
                with unavailable_as(StoreUnavailable):
                    answer = self._client.batch_write_item(RequestItems=left)
                left = answer.get("UnprocessedItems", {})


_FIRST = TableVersion(0, "")


def _row(client: "DynamoDBClient", table: str, name: str, version: int = 0) -> Item | None:
    with unavailable_as(StoreUnavailable):
        return client.get_item(TableName=table, Key=_key(name, version), ConsistentRead=True).get(
            "Item"
        )


def _key(name: str, version: int) -> Item:
    return {"place": {"S": name}, "version": {"N": str(version)}}


IN_USE_KEY = _key(_IN_USE, 0)
"""Of the row that says which table is in use."""


def _number(row: Item) -> int:
    return int(row["number"]["N"])


def _listed(entries: tuple[AreaEntry, ...]) -> Item:
    return {
        "L": [
            {"M": {name: _value(said) for name, said in fields_of(one).items()}} for one in entries
        ]
    }


def _value(said: Any) -> Item:
    if isinstance(said, list):
        return texts(said)
    return {"N": str(said)} if isinstance(said, int) else {"S": said}


def _entries(row: Item) -> tuple[AreaEntry, ...]:
    return tuple(_entry(one["M"]) for one in row["entries"]["L"])


def _entry(said: Item) -> AreaEntry:
    return AreaEntry(
        areas=texts_of(said["areas"]),
        city=said["city"]["S"] if "city" in said else "",
        street=said["street"]["S"] if "street" in said else "",
        first=int(said["first"]["N"]) if "first" in said else None,
        last=int(said["last"]["N"]) if "last" in said else None,
        parity=Parity(said["parity"]["S"]) if "parity" in said else Parity.ALL,
    )


def _version(row: Item) -> TableVersion:
    return TableVersion(
        version=_number(row),
        digest=row["digest"]["S"],
        loaded_at=row["loaded_at"]["S"],
        pages=int(row["pages"]["N"]),
        areas=frozenset(texts_of(row["areas"])),
        wide={key: texts_of(areas) for key, areas in row["wide"]["M"].items()},
        before=tuple(int(version["N"]) for version in row.get("before", {"L": []})["L"]),
        fineness={
            name: Fineness(asked["S"])
            for name, asked in row.get("fineness", {"M": {}})["M"].items()
        },
    )
