"""The DynamoDB form that the decision store, the vault and the roll share, with tombstones.

Times are ISO 8601 in UTC. A row with ``erased_at`` is a tombstone. It holds nothing but the
id and its ``ttl`` (Unix seconds, for DynamoDB's expiry) or, in the low-security store, where it
does not expire, the access digest.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from civic.contracts.events import UUID_PATTERN
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import ListingChanged, StoreUnavailable
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.likeness import Place
from civic.identity.model.pairs import NO_PAIRS, Pairs, kinds_in, mask_of
from civic.identity.model.rows import Malformed, Tombstone
from civic.runtime.aws_errors import code_of, failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Item = dict[str, Any]

_UUID = re.compile(UUID_PATTERN)
_NO_ID = RegistrationId("none")
"""In place of an id that is none: what somebody else wrote there could be personal."""

_CONDITION_FAILED, _CONFLICT = "ConditionalCheckFailed", "TransactionConflict"
"""Why a part of a transaction was not made."""
_ATTEMPTS = 4
"""How often a write is tried that meets a transaction; that takes a few milliseconds."""

LATER_REVISION = "attribute_not_exists(id) OR (attribute_not_exists(erased_at) AND revision < :r)"
"""Holds if there is no row yet, or one of a revision before ``:r``."""


SAME_DIGEST = "(attribute_not_exists(id) OR access_digest = :digest)"
"""Holds if there is no row yet, or one under the access digest ``:digest``."""


# ISO 8601 in one zone sorts by time.
EARLIEST_GRAVE = "attribute_not_exists(erased_at) OR erased_at > :at"
"""Holds if there is no tombstone yet, or only one of a time after ``:at``."""


class RevisionedTable:
    """A table with one row per registration, which only ever moves forward."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    def read(self, registration: RegistrationId) -> Item | None:
        """Return the row, if any."""
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=self._table, Key={"id": {"S": registration}}, ConsistentRead=True
            )
        return answer.get("Item")

    def write(self, item: Item, condition: str, **names_and_values: Any) -> Item | None:
        """Put a row under a condition.

        Returns:
            None if it was written, otherwise the row that stood in its way; empty if none did.
        """
        return unless_in_the_way(
            self._client.put_item,
            TableName=self._table,
            Item=item,
            ConditionExpression=condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **names_and_values,
        )

    def write_beside(
        self, item: Item, others: Sequence[Item], condition: str, **names_and_values: Any
    ) -> Item | None:
        """Put a row under a condition, and make other changes in the same transaction.

        Returns:
            What ``write`` does.

        Raises:
            ListingChanged: The condition of another change does not hold.
        """
        put: Any = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **names_and_values,
        }
        in_the_way = transact(self._client, {"Put": put}, *others)
        if in_the_way is None:
            return None
        ours, *_ = in_the_way
        if ours is None:
            raise ListingChanged
        return ours

    def advance(
        self, registration: RegistrationId, change: str, condition: str, **names_and_values: Any
    ) -> Item | None:
        """Change a row, or begin it, under a condition.

        Returns:
            None if it was written, otherwise the row that stood in its way.
        """
        return unless_in_the_way(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": registration}},
            UpdateExpression=change,
            ConditionExpression=condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **names_and_values,
        )

    def update(
        self, registration: RegistrationId, change: str, condition: str, **names_and_values: Any
    ) -> bool:
        """Change a row under a condition; False if it does not hold."""
        known = unless_in_the_way(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": registration}},
            UpdateExpression=change,
            ConditionExpression=condition,
            **names_and_values,
        )
        return known is None

    def scan(self, condition: str, **names_and_values: Any) -> Iterator[Item]:
        """Return every row for which a condition holds."""
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table, FilterExpression=condition, **names_and_values
            )
            for page in pages:
                yield from page["Items"]

    def bury(self, grave: Tombstone) -> None:
        """Put a tombstone, unless there is an earlier one."""
        item = item_of(grave)
        self.write(item, EARLIEST_GRAVE, ExpressionAttributeValues={":at": item["erased_at"]})


def transact(client: "DynamoDBClient", *changes: Any) -> tuple[Item | None, ...] | None:
    """Make several conditional changes, or none; again, if they meet another transaction.

    Returns:
        None if they were made; otherwise for each change None if its condition holds, or the row
        that stood in its way, which is empty if none did or the change does not ask for it.
    """
    with unavailable_as(StoreUnavailable):
        try:
            _despite_conflicts(client.transact_write_items, TransactItems=changes)
        except ClientError as error:
            failed = [one["Code"] == _CONDITION_FAILED for one in _reasons(error)]
            if not any(failed):
                raise
            rows = ({**one.get("Item", {})} for one in _reasons(error))
            return tuple(row if is_so else None for row, is_so in zip(rows, failed, strict=True))
    return None


def unless_in_the_way(write: Callable[..., Any], **request: Any) -> Item | None:
    """Make a conditional write; again, if it meets a transaction.

    Returns:
        None if it was made; otherwise the row that stood in its way, if the request asks for it.
    """
    with unavailable_as(StoreUnavailable):
        try:
            _despite_conflicts(write, **request)
        except ClientError as error:
            if not failed_condition(error):
                raise
            known: Any = error.response
            return {**known.get("Item", {})}
    return None


def _despite_conflicts(write: Callable[..., Any], **request: Any) -> None:
    """Make a write again that meets a transaction, which botocore does not."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            write(**request)
        except ClientError as error:
            conflict = code_of(error) == f"{_CONFLICT}Exception" or _CONFLICT in {
                one["Code"] for one in _reasons(error)
            }
            if not (left and conflict):
                raise
        else:
            return


def _reasons(error: ClientError) -> Sequence[Item]:
    """Return why each part of a transaction was not made; one without a code of anything else."""
    known: Any = error.response
    reasons: Sequence[Item] = known.get("CancellationReasons", [{"Code": None}])
    return reasons


def only(attributes: Iterable[str]) -> dict[str, Any]:
    """Return a projection; some names are words of DynamoDB's."""
    names = tuple(attributes)
    return {
        "ProjectionExpression": ", ".join(f"#{name}" for name in names),
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
    }


def readable[Row](parse: Callable[[Item], Row], item: Item) -> Row | Malformed:
    """Return what a row says, or that it cannot be read: another release may have written it."""
    try:
        return parse(item)
    except (LookupError, TypeError, ValueError):
        try:
            return Malformed(registration_of(item))
        except ValueError:
            return Malformed(_NO_ID)


def registration_of(item: Item) -> RegistrationId:
    """Return whose row it is.

    Raises:
        ValueError: The key is no id: what somebody else wrote there could be personal.
    """
    name = str(item["id"]["S"])
    if not _UUID.fullmatch(name):
        raise ValueError
    return RegistrationId(name)


def record_of(item: Item) -> RecordId:
    """Return which record a row is about."""
    return RecordId(RegistrationId(item["id"]["S"]), Revision(int(item["revision"]["N"])))


def digest_of(item: Item) -> AccessDigest:
    """Return the access digest of a row."""
    return AccessDigest(bytes(item["access_digest"]["B"]))


def time_of(item: Item, name: str) -> datetime | None:
    """Return a time of a row, None if it has none."""
    return datetime.fromisoformat(item[name]["S"]) if name in item else None


def texts(values: Iterable[str]) -> Item:
    """Return texts as a list of DynamoDB's."""
    return {"L": [{"S": value} for value in values]}


def texts_of(value: Item) -> tuple[str, ...]:
    """Return a list of DynamoDB's as texts."""
    return tuple(one["S"] for one in value["L"])


def places(listed: Iterable[Place]) -> Item:
    """Return places as a list of DynamoDB's."""
    return {"L": [{"B": one.encoded} for one in listed]}


def places_of(item: Item) -> tuple[Place, ...]:
    """Return the places where a row is listed."""
    listed = item.get("listed", {"L": []})["L"]
    return tuple(Place.parse(bytes(one["B"])) for one in listed)


def pairs_item(pairs: Pairs) -> Item:
    """Return pairs as attributes of a row; nothing if there are none."""
    if pairs == NO_PAIRS:
        return {}
    named = {"open": pairs.open, "apart": pairs.apart}
    item: Item = {
        "pairs": {
            "M": {
                name: {"M": {one: {"N": str(mask_of(common))} for one, common in some.items()}}
                for name, some in named.items()
            }
        }
    }
    if pairs.held_until is not None:
        item["held_until"] = {"S": pairs.held_until.isoformat()}
    return item


def pairs_of(item: Item) -> Pairs:
    """Return the pairs of a row."""
    if "pairs" not in item:
        return NO_PAIRS

    def named(name: str) -> dict[RegistrationId, Any]:
        some = item["pairs"]["M"][name]["M"]
        return {RegistrationId(one): kinds_in(int(mask["N"])) for one, mask in some.items()}

    return Pairs(named("open"), named("apart"), time_of(item, "held_until"))


def paired_as(pairs: Pairs) -> tuple[str, Item]:
    """Return the condition that the pairs of a row are as they were when it was read."""
    item = pairs_item(pairs)
    if not item:
        return "attribute_not_exists(pairs)", {}
    return "(attribute_not_exists(id) OR pairs = :pairs)", {":pairs": item["pairs"]}


def item_of(grave: Tombstone) -> Item:
    """Return a tombstone as a row."""
    item: Item = {
        "id": {"S": grave.id},
        "erased_at": {"S": grave.erased_at.isoformat()},
    }
    if grave.expires is not None:
        item["ttl"] = {"N": str(int(grave.expires.timestamp()))}
    if grave.access_digest is not None:
        item["access_digest"] = {"B": grave.access_digest}
    if grave.listed:
        item["listed"] = places(grave.listed)
    return item


def grave_of(item: Item) -> Tombstone | None:
    """Return a row as the tombstone that it is, or None if it is not one."""
    if "erased_at" not in item:
        return None
    digest, ttl = item.get("access_digest"), item.get("ttl")
    return Tombstone(
        RegistrationId(item["id"]["S"]),
        datetime.fromisoformat(item["erased_at"]["S"]),
        datetime.fromtimestamp(int(ttl["N"]), UTC) if ttl else None,
        AccessDigest(bytes(digest["B"])) if digest else None,
        places_of(item),
    )
