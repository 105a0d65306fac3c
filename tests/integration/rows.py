"""The rows of the stores, read with an administrator's rights."""

from typing import Any

from civic.client.citizen import Receipt
from civic.stack.target import Target

type Item = dict[str, Any]

BY_ID = (
    *("HighSecDataStoreName", "LowSecDataStoreName"),
    *("AnalyticsJoinsName", "IssuerRollName"),
)
"""The stores with one row per registration, by the stack's outputs."""


def row(target: Target, store: str, receipt: Receipt) -> Item | None:
    """Return the row of a registration in one of ``BY_ID``."""
    answer = target.dynamodb.get_item(
        TableName=target.output(store), Key={"id": {"S": receipt.id}}, ConsistentRead=True
    )
    return answer.get("Item")


def rows(target: Target, store: str) -> list[Item]:
    """Return every row of a table."""
    pages = target.dynamodb.get_paginator("scan").paginate(
        TableName=target.output(store), ConsistentRead=True
    )
    return [item for page in pages for item in page["Items"]]


def subject_keys(target: Target, receipt: Receipt) -> list[Item]:
    """Return the subject keys of a registration, by revision."""
    return target.dynamodb.query(
        TableName=target.output("SubjectKeysTableName"),
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": receipt.id}},
        ConsistentRead=True,
    )["Items"]


def subject_key_revisions(target: Target, receipt: Receipt) -> list[int]:
    """Return which revisions of a registration have a subject key."""
    return [int(item["revision"]["N"]) for item in subject_keys(target, receipt)]


def everything_about(target: Target, receipt: Receipt) -> dict[str, object]:
    """Return everything that the stores hold about a registration, to compare before and after."""
    held: dict[str, object] = {store: row(target, store, receipt) for store in BY_ID}
    return held | {"SubjectKeysTableName": subject_keys(target, receipt)}


def is_tombstone(item: Item | None) -> bool:
    """Return whether a row says that its registration was erased, and nothing else about it."""
    allowed = {"id", "erased_at", "ttl", "access_digest"}
    return item is not None and "erased_at" in item and item.keys() <= allowed
