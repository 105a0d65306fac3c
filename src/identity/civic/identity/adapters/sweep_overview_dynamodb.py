"""What a sweep sees of the stores in DynamoDB: named attributes only, as its role allows no others.

The attributes of the roll and of analytics are those of `issuer_roll_dynamodb` and
`civic.analytics.join_store_dynamodb`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.area_book_dynamodb import IN_USE_KEY
from civic.identity.adapters.decision_store_dynamodb import newest_of
from civic.identity.adapters.items import (
    Item,
    digest_of,
    only,
    readable,
    registration_of,
)
from civic.identity.adapters.request_log_dynamodb import open_request
from civic.identity.errors import RowMalformed, StoreUnavailable
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import SubjectRequest
from civic.identity.model.sweeping import (
    Buried,
    Death,
    Followed,
    Follower,
    Held,
    Life,
)
from civic.identity.ports.sweeping import Overview, Page
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ERASED = "erased_at"
_LIFE = (
    *("id", "revision", "round", "decision", "restriction", "accepted_by", "updated"),
    *("newest", "submitted", "access_digest", "listed", _ERASED),
)
_HELD = ("id", "revision", "updated", "access_digest", _ERASED)
_KEY = ("id", "revision")
_ON_ROLL = ("id", "revision", "round", "accepted", "area_version", _ERASED)
_JOINED = ("id", "dr", "round", "sr", _ERASED)
_ERASURE = ("id", "requested", "receipt")
_CASE = ("id", "revision")
_REQUEST = ("id", "entry", "received", "count")
_TABLE_IN_USE = ("place", "version", "number")


@dataclass(frozen=True, slots=True)
class SweptTables:
    """The names of the tables."""

    decisions: str
    vault: str
    subject_keys: str
    roll: str
    joins: str
    ledger: str
    reviews: str
    requests: str
    areas: str


class DynamoDbOverview(Overview):
    """Every store about people, for looking only."""

    def __init__(self, client: "DynamoDBClient", tables: SweptTables) -> None:
        """Look into ``tables`` through ``client``."""
        self._client = client
        self._tables = tables

    @override
    def lives(self, start: str | None, size: int) -> Page[Life | Death]:
        items, end = self._page(self._tables.decisions, _LIFE, start, size)
        return [readable(_life, item) for item in items], end

    @override
    def records(self, start: str | None, size: int) -> Page[Held]:
        items, end = self._page(self._tables.vault, _HELD, start, size)
        rows = [readable(_held, item) for item in items]
        return [row for row in rows if not isinstance(row, Buried)], end

    @override
    def keys(self, start: str | None, size: int) -> Page[RecordId]:
        items, end = self._page(self._tables.subject_keys, _KEY, start, size)
        return [readable(_record, item) for item in items], end

    @override
    def open_requests(self, start: str | None, size: int) -> Page[SubjectRequest]:
        items, end = self._page(self._tables.requests, _REQUEST, start, size)
        rows = [readable(_request, item) for item in items]
        return [row for row in rows if row is not None], end

    @override
    def life(self, registration: RegistrationId) -> Life | Death | None:
        item = self._get(self._tables.decisions, _LIFE, _id(registration))
        return _parsed(_life, item) if item else None

    @override
    def record(self, registration: RegistrationId) -> Held | Buried | None:
        item = self._get(self._tables.vault, _HELD, _id(registration))
        return _parsed(_held, item) if item else None

    @override
    def has_key(self, record: RecordId) -> bool:
        key = _id(record.id) | {"revision": {"N": str(record.revision)}}
        return self._get(self._tables.subject_keys, _KEY, key) is not None

    @override
    def on_roll(self, registration: RegistrationId) -> Follower:
        item = self._get(self._tables.roll, _ON_ROLL, _id(registration))
        return _parsed(lambda there: _follower(there, "revision"), item) if item else None

    @override
    def joined(self, registration: RegistrationId) -> Follower:
        item = self._get(self._tables.joins, _JOINED, _id(registration))
        return _parsed(lambda there: _follower(there, "dr"), item) if item else None

    @override
    def has_receipt(self, registration: RegistrationId) -> bool:
        item = self._get(self._tables.ledger, _ERASURE, _id(registration))
        return item is not None and {"requested", "receipt"} <= item.keys()

    @override
    def area_version(self) -> int:
        item = self._get(self._tables.areas, _TABLE_IN_USE, IN_USE_KEY)
        return _parsed(lambda there: _number(there, "number") or 0, item) if item else 0

    @override
    def case_of(self, registration: RegistrationId) -> Revision | None:
        item = self._get(self._tables.reviews, _CASE, _id(registration))
        return _parsed(_record, item).revision if item else None

    def _page(
        self, table: str, attributes: tuple[str, ...], start: str | None, size: int
    ) -> tuple[list[Item], str | None]:
        begin: dict[str, Any] = {"ExclusiveStartKey": json.loads(start)} if start else {}
        with unavailable_as(StoreUnavailable):
            answer = self._client.scan(
                TableName=table,
                Limit=size,
                Select="SPECIFIC_ATTRIBUTES",
                **only(attributes),
                **begin,
            )
        last = answer.get("LastEvaluatedKey")
        return list(answer["Items"]), json.dumps(last) if last else None

    def _get(self, table: str, attributes: tuple[str, ...], key: Mapping[str, Any]) -> Item | None:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=table, Key=key, ConsistentRead=True, **only(attributes)
            )
        return answer.get("Item")


def _id(registration: RegistrationId) -> Item:
    return {"id": {"S": registration}}


def _parsed[Row](parse: Callable[[Item], Row], item: Item) -> Row:
    try:
        return parse(item)
    except (LookupError, ValueError):
        # Without the cause, which may say what is in the row.
        raise RowMalformed from None


def _record(item: Item) -> RecordId:
    return RecordId(registration_of(item), Revision(int(item["revision"]["N"])))


def _life(item: Item) -> Life | Death:
    if _ERASED in item:
        return Death(registration_of(item), _time(item, _ERASED), listed="listed" in item)
    newest, time, undecided = newest_of(item)
    return Life(
        RecordId(registration_of(item), newest),
        digest_of(item),
        _time(item, time),
        None if undecided else Decision(item["decision"]["S"]),
        0 if undecided else _number(item, "round") or 0,
        restricted=(_number(item, "restriction") or 0) % 2 == 1,
        accepted_by=_revision(item, "accepted_by"),
        listed="listed" in item,
    )


def _held(item: Item) -> Held | Buried:
    if _ERASED in item:
        return Buried()
    return Held(_record(item), digest_of(item), _time(item, "updated"))


def _request(item: Item) -> SubjectRequest | None:
    request = open_request(item)
    if request is not None:
        registration_of(item)
        _time(item, "received")
    return request


def _follower(item: Item, revision: str) -> Follower:
    if _ERASED in item:
        return Buried()
    return Followed(
        _revision(item, revision),
        _number(item, "round") or 0,
        _revision(item, "sr"),
        accepted="accepted" in item and bool(item["accepted"]["BOOL"]),
        area_version=_number(item, "area_version") or 0,
    )


def _revision(item: Item, name: str) -> Revision | None:
    number = _number(item, name)
    return Revision(number) if number else None


def _time(item: Item, name: str) -> datetime:
    at = datetime.fromisoformat(item[name]["S"])
    if at.tzinfo is None:
        raise ValueError
    return at


def _number(item: Item, name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
