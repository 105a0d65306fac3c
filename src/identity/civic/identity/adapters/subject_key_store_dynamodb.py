"""Subject keys in a DynamoDB table with id and revision as its key.

The wrapped key is in ``w``. Only ``get`` and ``page`` read it; the policies of functions that need
neither allow only the other attributes.
"""

import json
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.items import digest_of, record_of
from civic.identity.errors import RevisionTaken, StoreUnavailable
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)
from civic.identity.ports import SubjectKeyStore
from civic.identity.ports.custody import RewrapQueue
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbSubjectKeys(SubjectKeyStore, RewrapQueue):
    """The subject key store, and its pages for rewrapping."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def put(self, row: StoredSubjectKey) -> None:
        item = {
            **_key(row.record),
            "wk": {"S": row.wrapped.version},
            "w": {"B": row.wrapped.blob},
            "access_digest": {"B": row.access_digest},
        }
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(
                    TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(id)"
                )
            except ClientError as error:
                if failed_condition(error):
                    raise RevisionTaken from error
                raise

    @override
    def get(self, record: RecordId) -> StoredSubjectKey | None:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key=_key(record), ConsistentRead=True
            ).get("Item")
        return _row(item) if item else None

    @override
    def owners(self, registration: RegistrationId) -> dict[Revision, AccessDigest]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="id = :id",
                ExpressionAttributeValues={":id": {"S": registration}},
                # Stated explicitly, as roles that may not read the keys require it.
                Select="SPECIFIC_ATTRIBUTES",
                ProjectionExpression="id, revision, access_digest",
                ConsistentRead=True,
            )
            return {
                record_of(item).revision: digest_of(item)
                for page in pages
                for item in page["Items"]
            }

    @override
    def delete(self, record: RecordId) -> None:
        with unavailable_as(StoreUnavailable):
            self._client.delete_item(TableName=self._table, Key=_key(record))

    @override
    def page(self, cursor: str | None, size: int) -> tuple[list[StoredSubjectKey], str | None]:
        """Return a page of rows; the cursor is the table's own, as JSON."""
        start: dict[str, Any] = {"ExclusiveStartKey": json.loads(cursor)} if cursor else {}
        with unavailable_as(StoreUnavailable):
            answer = self._client.scan(
                TableName=self._table, Limit=size, ConsistentRead=True, **start
            )
        last = answer.get("LastEvaluatedKey")
        return [_row(item) for item in answer["Items"]], json.dumps(last) if last else None

    @override
    def replace(self, old: StoredSubjectKey, new: WrappedKey) -> bool:
        with unavailable_as(StoreUnavailable):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(old.record),
                    UpdateExpression="SET wk = :wk, w = :w",
                    ConditionExpression="w = :old",
                    ExpressionAttributeValues={
                        ":wk": {"S": new.version},
                        ":w": {"B": new.blob},
                        ":old": {"B": old.wrapped.blob},
                    },
                )
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True


def _key(record: RecordId) -> dict[str, Any]:
    return {"id": {"S": record.id}, "revision": {"N": str(record.revision)}}


def _row(item: dict[str, Any]) -> StoredSubjectKey:
    return StoredSubjectKey(
        record_of(item),
        WrappedKey(WrappingKeyVersion(item["wk"]["S"]), bytes(item["w"]["B"])),
        digest_of(item),
    )
