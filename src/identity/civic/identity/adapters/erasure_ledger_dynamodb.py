"""The erasure ledger in DynamoDB: one row per registration, to which facts are only ever added.

Each store's confirmation is an attribute of its own, ``at_<store>``, so that confirmations may
come in any order. Times are ISO 8601 in UTC; ``ttl`` is Unix seconds.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.items import Item
from civic.identity.errors import StoreUnavailable
from civic.identity.model.erasure import (
    UNREQUESTED_LIFETIME,
    ErasureRecord,
    ErasureStore,
    SignedReceipt,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.ports import ErasureCount, ErasureLedger
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbErasureLedger(ErasureLedger, ErasureCount):
    """The ledger, and its pages for a replay."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def note_request(
        self,
        registration: RegistrationId,
        requested_at: datetime,
        digest: AccessDigest,
        expires: datetime,
    ) -> ErasureRecord:
        noted = self._update(
            registration,
            "SET requested = :at, access_digest = :digest, #ttl = :ttl",
            "attribute_not_exists(receipt)"
            " AND (attribute_not_exists(requested) OR requested > :at)",
            {
                ":at": {"S": requested_at.isoformat()},
                ":digest": {"B": digest},
                ":ttl": _seconds(expires),
            },
            {"#ttl": "ttl"},
        )
        return noted or self.get(registration) or ErasureRecord(registration)

    @override
    def confirm(
        self, registration: RegistrationId, stores: Sequence[ErasureStore], at: datetime
    ) -> ErasureRecord:
        changes = ", ".join(f"at_{one} = if_not_exists(at_{one}, :at)" for one in stores)
        noted = self._update(
            registration,
            f"SET {changes}, #ttl = if_not_exists(#ttl, :ttl)",
            "attribute_not_exists(receipt)",
            {
                ":at": {"S": at.isoformat()},
                ":ttl": _seconds(at + UNREQUESTED_LIFETIME),
            },
            {"#ttl": "ttl"},
        )
        return noted or self.get(registration) or ErasureRecord(registration)

    @override
    def seal(self, registration: RegistrationId, receipt: SignedReceipt, expires: datetime) -> None:
        self._update(
            registration,
            "SET receipt = :receipt, signature = :signature, public_key = :key, #ttl = :ttl",
            "attribute_not_exists(receipt)",
            {
                ":receipt": {"B": receipt.document},
                ":signature": {"B": receipt.signature},
                ":key": {"B": receipt.public_key},
                ":ttl": _seconds(expires),
            },
            {"#ttl": "ttl"},
        )

    @override
    def get(self, registration: RegistrationId) -> ErasureRecord | None:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"id": {"S": registration}}, ConsistentRead=True
            ).get("Item")
        return _record(item) if item and "requested" in item else None

    @override
    def page(self, cursor: str | None, size: int) -> tuple[list[ErasureRecord], str | None]:
        """Return a page of entries; the cursor is the table's own, as JSON."""
        start: dict[str, Any] = {"ExclusiveStartKey": json.loads(cursor)} if cursor else {}
        with unavailable_as(StoreUnavailable):
            answer = self._client.scan(
                TableName=self._table, Limit=size, ConsistentRead=True, **start
            )
        last = answer.get("LastEvaluatedKey")
        records = [_record(item) for item in answer["Items"] if "requested" in item]
        return records, json.dumps(last) if last else None

    @override
    def completed(self, before: datetime, since: datetime) -> int:
        """Count by scanning; a store that joined after the receipt is not in the entry."""
        everywhere = " AND ".join(f"attribute_exists(at_{one})" for one in ErasureStore)
        in_time = " AND ".join(
            f"(attribute_not_exists(at_{one}) OR at_{one} < :before)" for one in ErasureStore
        )
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                Select="COUNT",
                ConsistentRead=True,
                FilterExpression=(
                    f"(attribute_exists(receipt) OR {everywhere}) AND {in_time}"
                    " AND requested >= :since"
                ),
                ExpressionAttributeValues={
                    # Every time on a day is a longer text that begins with the day.
                    ":before": {"S": before.date().isoformat()},
                    ":since": {"S": since.date().isoformat()},
                },
            )
            return sum(page["Count"] for page in pages)

    def _update(
        self,
        registration: RegistrationId,
        change: str,
        condition: str,
        values: Item,
        names: dict[str, str],
    ) -> ErasureRecord | None:
        """Change an entry; return it, None if the condition did not hold."""
        with unavailable_as(StoreUnavailable):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={"id": {"S": registration}},
                    UpdateExpression=change,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                if failed_condition(error):
                    return None
                raise
        return _record(answer["Attributes"])


def _seconds(moment: datetime) -> Item:
    return {"N": str(int(moment.timestamp()))}


def _record(item: Item) -> ErasureRecord:
    digest, requested, receipt = (
        item.get(name) for name in ("access_digest", "requested", "receipt")
    )
    return ErasureRecord(
        RegistrationId(item["id"]["S"]),
        datetime.fromisoformat(requested["S"]) if requested else None,
        AccessDigest(bytes(digest["B"])) if digest else None,
        {
            store: datetime.fromisoformat(item[f"at_{store}"]["S"])
            for store in ErasureStore
            if f"at_{store}" in item
        },
        SignedReceipt(
            bytes(receipt["B"]), bytes(item["signature"]["B"]), bytes(item["public_key"]["B"])
        )
        if receipt
        else None,
    )
