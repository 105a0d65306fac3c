"""The request log in DynamoDB: one partition per registration.

An open request is kept under ``open#<kind>``, so that the same request made again finds the first;
a rectification also has its revision: ``open#rectification#000002``. Once answered it is moved to
``done#<received>#<kind>...``, where it stays until its ``ttl`` (Unix seconds). A look by staff is
kept under ``view#<time>#<purpose>#<principal>``, so that none replaces another. Times are ISO 8601
in UTC.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, override

from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import REQUEST_LOG_LIFETIME
from civic.identity.adapters.items import Item
from civic.identity.errors import StoreUnavailable
from civic.identity.model.requests import (
    History,
    RequestKind,
    StaffView,
    SubjectRequest,
)
from civic.identity.ports import RequestCalendar, RequestLog
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OPEN, _DONE, _VIEW = "open#", "done#", "view#"


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
                    " due = if_not_exists(due, :due) ADD #count :one"
                ),
                ExpressionAttributeNames={"#count": "count"},
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
        """Move the open requests of a kind to the answered ones."""
        for item in self._query(registration, _OPEN + kind):
            request = _request(item)
            if up_to is not None and (request.revision or up_to) > up_to:
                continue
            expires = int((at + REQUEST_LOG_LIFETIME).timestamp())
            done = item | {
                "entry": {"S": f"{_DONE}{request.received_at.isoformat()}#{_name(request)}"},
                "completed": {"S": at.isoformat()},
                "ttl": {"N": str(expires)},
            }
            # The copy is written before the original is deleted: after a crash it is done again.
            with unavailable_as(StoreUnavailable):
                self._client.put_item(TableName=self._table, Item=done)
                self._client.delete_item(
                    TableName=self._table, Key={"id": item["id"], "entry": item["entry"]}
                )

    @override
    def note_view(self, view: StaffView) -> None:
        item: Item = {
            "id": {"S": view.id},
            "entry": {"S": f"{_VIEW}{view.at.isoformat()}#{view.purpose}#{view.by}"},
            "at": {"S": view.at.isoformat()},
            "by": {"S": view.by},
            "purpose": {"S": view.purpose},
            "ttl": {"N": str(int((view.at + REQUEST_LOG_LIFETIME).timestamp()))},
        }
        with unavailable_as(StoreUnavailable):
            self._client.put_item(TableName=self._table, Item=item)

    @override
    def history(self, registration: RegistrationId) -> History:
        items = list(self._query(registration, ""))
        requests = [_request(one) for one in items if not _entry(one).startswith(_VIEW)]
        return History(
            tuple(sorted(requests, key=lambda request: request.received_at)),
            tuple(_view(one) for one in items if _entry(one).startswith(_VIEW)),
        )

    @override
    def overdue(self, now: datetime) -> Iterator[SubjectRequest]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(entry, :open) AND due < :now",
                ExpressionAttributeValues={":open": {"S": _OPEN}, ":now": {"S": now.isoformat()}},
            )
            for page in pages:
                yield from map(_request, page["Items"])

    def _query(self, registration: RegistrationId, prefix: str) -> list[Item]:
        condition, values = "id = :id", {":id": {"S": str(registration)}}
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


def _name(request: SubjectRequest) -> str:
    if request.revision is None:
        return request.kind
    return f"{request.kind}#{request.revision:06d}"


def _entry(item: Item) -> str:
    return str(item["entry"]["S"])


def _request(item: Item) -> SubjectRequest:
    parts = _entry(item).split("#")
    names = parts[1:] if parts[0] + "#" == _OPEN else parts[2:]
    completed = item.get("completed")
    return SubjectRequest(
        RegistrationId(item["id"]["S"]),
        RequestKind(names[0]),
        datetime.fromisoformat(item["received"]["S"]),
        Revision(int(names[1])) if len(names) > 1 else None,
        int(item["count"]["N"]),
        datetime.fromisoformat(completed["S"]) if completed else None,
    )


def _view(item: Item) -> StaffView:
    return StaffView(
        RegistrationId(item["id"]["S"]),
        datetime.fromisoformat(item["at"]["S"]),
        str(item["by"]["S"]),
        str(item["purpose"]["S"]),
    )
