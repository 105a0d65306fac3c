"""The high-security store in DynamoDB: one binary attribute per sealed field."""

from datetime import datetime
from typing import override

from civic.contracts.events import SealedFields
from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.items import (
    LATER_REVISION,
    SAME_DIGEST,
    Item,
    RevisionedTable,
    digest_of,
    grave_of,
    record_of,
)
from civic.identity.model.rows import Tombstone, VaultRow
from civic.identity.ports import PiiVault

_FIELD_PREFIX = "pii_"


class DynamoDbVault(PiiVault):
    """Sealed records by registration id."""

    def __init__(self, table: RevisionedTable) -> None:
        """Keep the rows in ``table``."""
        self._table = table

    @override
    def get(self, registration: RegistrationId) -> VaultRow | Tombstone | None:
        item = self._table.read(registration)
        if item is None:
            return None
        return grave_of(item) or _row(item)

    @override
    def store(self, row: VaultRow) -> VaultRow | Tombstone | None:
        known = self._table.write(
            _item(row),
            f"({LATER_REVISION}) AND {SAME_DIGEST}",
            ExpressionAttributeValues={
                ":r": {"N": str(row.record.revision)},
                ":digest": {"B": row.access_digest},
            },
        )
        if not known:
            return None
        return grave_of(known) or _row(known)

    @override
    def bury(self, grave: Tombstone) -> None:
        self._table.bury(grave)


def _item(row: VaultRow) -> Item:
    fields = {_FIELD_PREFIX + name: {"B": blob} for name, blob in row.sealed.fields.items()}
    return fields | {
        "id": {"S": row.record.id},
        "revision": {"N": str(row.record.revision)},
        "access_digest": {"B": row.access_digest},
        "commitment": {"B": row.sealed.commitment},
        "created": {"S": row.created.isoformat()},
        "updated": {"S": row.updated.isoformat()},
    }


def _row(item: Item) -> VaultRow:
    fields = {
        name.removeprefix(_FIELD_PREFIX): bytes(value["B"])
        for name, value in item.items()
        if name.startswith(_FIELD_PREFIX)
    }
    return VaultRow(
        record_of(item),
        digest_of(item),
        SealedFields(commitment=bytes(item["commitment"]["B"]), fields=fields),
        datetime.fromisoformat(item["created"]["S"]),
        datetime.fromisoformat(item["updated"]["S"]),
    )
