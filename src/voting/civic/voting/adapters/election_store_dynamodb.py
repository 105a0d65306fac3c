"""Elections in DynamoDB: one partition each, so that one Query finds everything.

The part ``definition`` holds the election as one JSON ``document``, its revision and state beside
it and, as long as the bus may not have heard of that revision, its events as ``unannounced``. A
draft that was deleted leaves a ``definition`` without a document until the bus has heard of that.
The part ``secret`` is the election's secret, ``key#<style>`` the public key of a ballot style,
``box`` how many ballots the sealed box held, ``log`` how many the public log has.
Every write is of a single item, and conditional.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.registry import EVENTS
from civic.contracts.voting import ElectionChange, ElectionDeleted
from civic.runtime.aws_errors import failed_condition, unavailable_as
from civic.voting.errors import ElectionMoved, StoreUnavailable
from civic.voting.model.election import Election
from civic.voting.ports import Announcement, BoxCount, ElectionStore, StoredElection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = dict[str, Any]

_DEFINITION, _SECRET, _KEY = "definition", "secret", "key#"
_BOX, _LOG = "box", "log"
_ABSENT = "attribute_not_exists(id)"
_THE_ONE_BEFORE = (
    "revision = :before AND attribute_exists(document) AND attribute_not_exists(unannounced)"
)


class DynamoDbElections(ElectionStore):
    """The elections."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def create(
        self, election: Election, sealed_secret: bytes, *events: ElectionChange
    ) -> Announcement:
        """Put the secret, then the definition: a crash in between leaves no election."""
        secret = {**_key(election.id, _SECRET), "sealed": {"B": sealed_secret}}
        self._put(secret, _ABSENT)
        if not self._put(_definition(election, events), _ABSENT):
            raise ElectionMoved
        return _announcement(election, events)

    @override
    def replace(self, election: Election, *events: ElectionChange) -> Announcement:
        return self._follow(election, _definition(election, events), events)

    @override
    def delete(self, election: Election, *events: ElectionChange) -> Announcement:
        """Replace the definition with one that has no document."""
        return self._follow(election, _head(election, events), events)

    @override
    def announced(self, announcement: Announcement) -> None:
        """Forget the events, and what a deleted draft has left except its secret, now useless."""
        only: Any = {
            "Key": _key(announcement.election, _DEFINITION),
            "ConditionExpression": "revision = :this",
            "ExpressionAttributeValues": {":this": {"N": str(announcement.revision)}},
        }
        if any(isinstance(event, ElectionDeleted) for event in announcement.events):
            self._write(self._client.delete_item, **only)
        else:
            self._write(self._client.update_item, **only, UpdateExpression="REMOVE unannounced")

    @override
    def keep_keys(self, election: ElectionId, keys: Mapping[StyleId, bytes]) -> None:
        # By UpdateItem, which the function's role narrows to this attribute: PutItem replaces whole
        # rows, so it could remove a definition.
        for style, key in keys.items():
            self._write(
                self._client.update_item,
                Key=_key(election, _KEY + style),
                UpdateExpression="SET public_key = :key",
                ConditionExpression=_ABSENT,
                ExpressionAttributeValues={":key": {"B": key}},
            )

    @override
    def keep_box_count(self, election: ElectionId, count: BoxCount) -> None:
        # These two by UpdateItem as well, each role narrowed to the attributes of its own.
        self._write(
            self._client.update_item,
            Key=_key(election, _BOX),
            UpdateExpression="SET seal = :seal, in_box = :ballots",
            ConditionExpression="attribute_not_exists(seal) OR seal <= :seal",
            ExpressionAttributeValues={
                ":seal": {"N": str(count.seal)},
                ":ballots": {"N": str(count.ballots)},
            },
        )

    @override
    def keep_logged(self, election: ElectionId, tree_size: int, ballots: int) -> None:
        self._write(
            self._client.update_item,
            Key=_key(election, _LOG),
            UpdateExpression="SET tree_size = :size, in_log = :ballots",
            ConditionExpression="attribute_not_exists(tree_size) OR tree_size < :size",
            ExpressionAttributeValues={
                ":size": {"N": str(tree_size)},
                ":ballots": {"N": str(ballots)},
            },
        )

    @override
    def find(self, election: ElectionId) -> StoredElection | None:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": str(election)}},
                ConsistentRead=True,
            )
            parts = {item["part"]["S"]: item for page in pages for item in page["Items"]}
        found = parts.get(_DEFINITION, {})
        if "document" not in found:
            return None
        return StoredElection(
            election=_election(found),
            keys={
                StyleId(part.removeprefix(_KEY)): bytes(item["public_key"]["B"])
                for part, item in parts.items()
                if part.startswith(_KEY)
            },
            sealed_secret=bytes(parts[_SECRET]["sealed"]["B"]),
            unannounced=_unannounced(found) if "unannounced" in found else None,
            box=_box(parts.get(_BOX, {})),
            logged=int(parts.get(_LOG, {}).get("in_log", {"N": "0"})["N"]),
        )

    @override
    def every(self) -> Iterator[Election]:
        yield from map(_election, self._scan("attribute_exists(document)"))

    @override
    def unannounced(self) -> Iterator[Announcement]:
        yield from map(_unannounced, self._scan("attribute_exists(unannounced)"))

    def _scan(self, condition: str) -> Iterator[Item]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table, FilterExpression=condition, ConsistentRead=True
            )
            for page in pages:
                yield from page["Items"]

    def _follow(
        self, election: Election, item: Item, events: tuple[ElectionChange, ...]
    ) -> Announcement:
        if not self._put(item, _THE_ONE_BEFORE, before=election.revision - 1):
            raise ElectionMoved
        return _announcement(election, events)

    def _put(self, item: Item, condition: str, **revisions: int) -> bool:
        values = {f":{name}": {"N": str(number)} for name, number in revisions.items()}
        more: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        return self._write(self._client.put_item, Item=item, ConditionExpression=condition, **more)

    def _write(self, operation: Callable[..., object], **request: Any) -> bool:
        """Make a conditional write; return whether the condition held."""
        with unavailable_as(StoreUnavailable):
            try:
                operation(TableName=self._table, **request)
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True


def _key(election: ElectionId, part: str) -> Item:
    return {"id": {"S": str(election)}, "part": {"S": part}}


def _head(election: Election, events: tuple[ElectionChange, ...]) -> Item:
    told = [
        {"M": {"type": {"S": event.detail_type()}, "detail": {"S": event.model_dump_json()}}}
        for event in events
    ]
    return {
        **_key(election.id, _DEFINITION),
        "revision": {"N": str(election.revision)},
        "unannounced": {"L": told},
    }


def _definition(election: Election, events: tuple[ElectionChange, ...]) -> Item:
    return {
        **_head(election, events),
        "state": {"S": election.state},
        "document": {"S": election.model_dump_json(exclude_none=True)},
    }


def _election(item: Item) -> Election:
    return Election.model_validate_json(item["document"]["S"])


def _announcement(election: Election, events: tuple[ElectionChange, ...]) -> Announcement:
    return Announcement(election.id, election.revision, events)


def _box(item: Item) -> BoxCount | None:
    if "in_box" not in item:
        return None
    return BoxCount(int(item["seal"]["N"]), int(item["in_box"]["N"]))


def _unannounced(item: Item) -> Announcement:
    events = []
    for told in item["unannounced"]["L"]:
        event = EVENTS[told["M"]["type"]["S"]].model_validate_json(told["M"]["detail"]["S"])
        if isinstance(event, ElectionChange):
            events.append(event)
    return Announcement(ElectionId(item["id"]["S"]), int(item["revision"]["N"]), tuple(events))
