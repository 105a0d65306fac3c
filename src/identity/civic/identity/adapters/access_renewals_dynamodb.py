"""Renewals of access tokens in DynamoDB: one row per registration and digest of a new token.

`front_desk` may write ``asked_by`` and ``asked_at`` only, `review` ``agreed_by`` and ``agreed_at``,
`accountability` ``ttl`` (Unix seconds). What a condition names, a role may also write, so each
condition names only what its own role writes, and the key. Times are ISO 8601 in UTC.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.items import Item, unless_in_the_way
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import AccessDigest
from civic.identity.model.renewal import Half, Renewal
from civic.identity.ports.renewing import AccessRenewals, Registrations
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbAccessRenewals(AccessRenewals):
    """Renewals by registration id."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def of(self, registration: RegistrationId) -> tuple[Renewal, ...]:
        return tuple(map(_renewal, self._query(registration)))

    @override
    def ask(self, registration: RegistrationId, digest: AccessDigest, half: Half) -> None:
        self._update(
            _key(registration, digest),
            "SET asked_by = :by, asked_at = :at",
            "attribute_not_exists(asked_at)",
            ExpressionAttributeValues=_values(half),
        )

    @override
    def agree(self, registration: RegistrationId, digest: AccessDigest, half: Half) -> None:
        self._update(
            _key(registration, digest),
            "SET agreed_by = :by, agreed_at = :at",
            "attribute_exists(digest) AND attribute_not_exists(agreed_at)",
            ExpressionAttributeValues=_values(half),
        )

    @override
    def expire(self, registration: RegistrationId, at: datetime) -> None:
        keys = self._query(
            registration, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="id, digest"
        )
        for key in keys:
            self._update(
                key,
                "SET #ttl = :ttl",
                "attribute_exists(digest) AND attribute_not_exists(#ttl)",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":ttl": {"N": str(int(at.timestamp()))}},
            )

    def _query(self, registration: RegistrationId, **projection: Any) -> list[Item]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": registration}},
                ConsistentRead=True,
                **projection,
            )
            return [item for page in pages for item in page["Items"]]

    def _update(self, key: Item, change: str, condition: str, **names_and_values: Any) -> None:
        """Change a row under a condition, or do nothing if it does not hold."""
        unless_in_the_way(
            self._client.update_item,
            TableName=self._table,
            Key=key,
            UpdateExpression=change,
            ConditionExpression=condition,
            **names_and_values,
        )


class DynamoDbRegistrations(Registrations):
    """Which registrations there are; reads two attributes of their rows, as its role allows."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Look into ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def has(self, registration: RegistrationId) -> bool:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"id": {"S": registration}},
                ProjectionExpression="id, erased_at",
                ConsistentRead=True,
            )
        return "Item" in answer and "erased_at" not in answer["Item"]


def _key(registration: RegistrationId, digest: AccessDigest) -> Item:
    return {"id": {"S": registration}, "digest": {"B": digest}}


def _values(half: Half) -> Item:
    return {":by": {"S": half.by}, ":at": {"S": half.at.isoformat()}}


def _renewal(item: Item) -> Renewal:
    return Renewal(
        RegistrationId(item["id"]["S"]),
        AccessDigest(bytes(item["digest"]["B"])),
        _half(item, "asked"),
        _half(item, "agreed"),
    )


def _half(item: Item, name: str) -> Half | None:
    """Return a half; None if somebody wrote there what is none, which must not stop the rest."""
    try:
        half = Half(item[f"{name}_by"]["S"], datetime.fromisoformat(item[f"{name}_at"]["S"]))
    except (LookupError, TypeError, ValueError):
        return None
    return half if half.at.tzinfo is not None else None
