"""The request log in DynamoDB: two partitions per registration, written by updates and puts only.

Requests are in the partition of the registration's id. An open one is kept under ``open#<kind>``,
so that the same request made again finds the first; a rectification also has its revision:
``open#rectification#000002``. Once answered it is copied to ``done#<received>#<kind>...``, where it
stays until its ``ttl`` (Unix seconds), and what was open is emptied; one that lapsed has ``lapsed``
there in place of ``completed``. No role may delete.

A look by staff is kept in the partition ``looks#<id>``, which only `review` may write, under
``view#<time>#<purpose>#<principal>``, so that none replaces another; that somebody asked for a
renewal is in ``looks#desk#<id>``, which only `front_desk` may write. Earlier releases kept looks
with the requests; they are read there until they expire. Times are ISO 8601 in UTC.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import REQUEST_LOG_LIFETIME
from civic.identity.adapters.items import Item, readable, time_of
from civic.identity.errors import StoreUnavailable
from civic.identity.model.requests import (
    RENEWING,
    History,
    RequestKind,
    StaffView,
    SubjectRequest,
)
from civic.identity.model.rows import Malformed
from civic.identity.ports import RequestCalendar, RequestLog
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OPEN, _DONE, _VIEW = "open#", "done#", "view#"
_LOOKS, _ASKED_AT_THE_DESK = "looks#", "looks#desk#"
_NAMES = {"#count": "count", "#ttl": "ttl"}


class DynamoDbRequestLog(RequestLog, RequestCalendar):
    """The request log, and its calendar."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def note_request(self, request: SubjectRequest) -> SubjectRequest:
        with unavailable_as(StoreUnavailable):
            answer = self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": request.id}, "entry": {"S": _OPEN + _name(request)}},
                UpdateExpression=(
                    "SET received = if_not_exists(received, :received),"
                    " due = if_not_exists(due, :due) ADD #count :one REMOVE #ttl"
                ),
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={
                    ":received": {"S": request.received_at.isoformat()},
                    ":due": {"S": request.due_at.isoformat()},
                    ":one": {"N": "1"},
                },
                ReturnValues="ALL_NEW",
            )
        return _request(answer["Attributes"])

    @override
    def complete(
        self,
        registration: RegistrationId,
        kind: RequestKind,
        at: datetime,
        up_to: Revision | None = None,
    ) -> None:
        for item in self._query(registration, _OPEN + kind):
            if _answered(item):
                continue
            request = _request(item)
            if up_to is not None and (request.revision or up_to) > up_to:
                continue
            self._end(item, "completed", at)

    @override
    def lapse(self, registration: RegistrationId, at: datetime) -> None:
        for item in self._query(registration, _OPEN):
            if not _answered(item):
                self._end(item, "lapsed", at)

    def _end(self, item: Item, how: str, at: datetime) -> None:
        # The copy is written before the original is emptied: after a crash it is done again.
        self._keep(item, how, at)
        self._empty(item, at)

    def _keep(self, item: Item, how: str, at: datetime) -> None:
        request = _request(item)
        entry = f"{_DONE}{request.received_at.isoformat()}#{_name(request)}"
        with unavailable_as(StoreUnavailable):
            self._client.update_item(
                TableName=self._table,
                Key={"id": item["id"], "entry": {"S": entry}},
                UpdateExpression=(
                    "SET received = :received, due = :due, #count = :count, #how = :at, #ttl = :ttl"
                ),
                ExpressionAttributeNames={**_NAMES, "#how": how},
                ExpressionAttributeValues={
                    ":received": item["received"],
                    ":due": item["due"],
                    ":count": item["count"],
                    ":at": {"S": at.isoformat()},
                    ":ttl": _expiry(at),
                },
            )

    def _empty(self, item: Item, at: datetime) -> None:
        """Leave of an open request only its key, unless it was answered and made again since."""
        with unavailable_as(StoreUnavailable):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key={"id": item["id"], "entry": item["entry"]},
                    UpdateExpression="REMOVE received, due, #count SET #ttl = :ttl",
                    ConditionExpression="received = :received",
                    ExpressionAttributeNames=_NAMES,
                    ExpressionAttributeValues={
                        ":received": item["received"],
                        ":ttl": _expiry(at),
                    },
                )
            except ClientError as error:
                if not failed_condition(error):
                    raise

    @override
    def note_view(self, view: StaffView) -> None:
        item: Item = {
            "id": {"S": _partition(view)},
            "entry": {"S": f"{_VIEW}{view.at.isoformat()}#{view.purpose}#{view.by}"},
            "at": {"S": view.at.isoformat()},
            "by": {"S": view.by},
            "purpose": {"S": view.purpose},
            "ttl": _expiry(view.at),
        }
        with unavailable_as(StoreUnavailable):
            self._client.put_item(TableName=self._table, Item=item)

    @override
    def history(self, registration: RegistrationId) -> History:
        items = self._query(registration, "")
        requests = [_request(one) for one in items if not _answered(one)]
        earlier = [one for one in items if _is_view(one)]
        looks = earlier + self._query(_LOOKS + registration, "")
        looks += self._query(_ASKED_AT_THE_DESK + registration, "")
        return History(
            tuple(sorted(requests, key=lambda request: request.received_at)),
            tuple(sorted(map(_view, looks), key=lambda view: (view.at, view.purpose, view.by))),
        )

    @override
    def overdue(self, now: datetime) -> Iterator[SubjectRequest | Malformed]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(entry, :open) AND due < :now",
                ExpressionAttributeValues={":open": {"S": _OPEN}, ":now": {"S": now.isoformat()}},
            )
            for page in pages:
                for item in page["Items"]:
                    yield readable(_request, item)

    def _query(self, partition: str, prefix: str) -> list[Item]:
        condition, values = "id = :id", {":id": {"S": partition}}
        if prefix:
            condition += " AND begins_with(entry, :prefix)"
            values[":prefix"] = {"S": prefix}
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
            )
            return [item for page in pages for item in page["Items"]]


def open_request(item: Item) -> SubjectRequest | None:
    """Return an entry as the request that it is, None if it is answered or a look."""
    if not _entry(item).startswith(_OPEN) or _answered(item):
        return None
    return _request(item)


def _name(request: SubjectRequest) -> str:
    if request.revision is None:
        return request.kind
    return f"{request.kind}#{request.revision:06d}"


def _expiry(answered: datetime) -> Item:
    return {"N": str(int((answered + REQUEST_LOG_LIFETIME).timestamp()))}


def _answered(item: Item) -> bool:
    """Tell whether this is no request: a look, or what was open and is kept elsewhere by now."""
    return "received" not in item


def _partition(view: StaffView) -> str:
    return (_ASKED_AT_THE_DESK if view.purpose == RENEWING else _LOOKS) + view.id


def _is_view(item: Item) -> bool:
    return _entry(item).startswith(_VIEW)


def _entry(item: Item) -> str:
    return str(item["entry"]["S"])


def _request(item: Item) -> SubjectRequest:
    parts = _entry(item).split("#")
    names = parts[1:] if parts[0] + "#" == _OPEN else parts[2:]
    return SubjectRequest(
        RegistrationId(item["id"]["S"]),
        RequestKind(names[0]),
        datetime.fromisoformat(item["received"]["S"]),
        Revision(int(names[1])) if len(names) > 1 else None,
        int(item["count"]["N"]),
        time_of(item, "completed"),
        time_of(item, "lapsed"),
    )


def _view(item: Item) -> StaffView:
    return StaffView(
        RegistrationId(item["id"]["S"].removeprefix(_ASKED_AT_THE_DESK).removeprefix(_LOOKS)),
        datetime.fromisoformat(item["at"]["S"]),
        str(item["by"]["S"]),
        str(item["purpose"]["S"]),
    )
