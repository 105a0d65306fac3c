"""The low-security store in DynamoDB."""

from datetime import datetime

from civic.contracts.events import Decision, Reason
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.items import LATER_REVISION, Item, RevisionedTable, grave_of
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import DecisionRow, Status, Tombstone, Verdict

_UNDECIDED = f"{LATER_REVISION} OR (revision = :r AND #status = :pending)"


class DynamoDbDecisions:
    """Decisions by registration id."""

    def __init__(self, table: RevisionedTable) -> None:
        """Keep the rows in ``table``."""
        self._table = table

    def get(self, registration: RegistrationId) -> DecisionRow | Tombstone | None:
        """Return what is there."""
        return _parse(self._table.read(registration))

    def open(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        """Note a revision as pending; return what stands in the way."""
        known = self._table.write(
            _item(row), LATER_REVISION, ExpressionAttributeValues={":r": _revision(row)}
        )
        return _parse(known)

    def decide(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        """Write a verdict; return what stands in the way."""
        known = self._table.write(
            _item(row),
            _UNDECIDED,
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":r": _revision(row), ":pending": {"S": Status.PENDING}},
        )
        return _parse(known)

    def bury(self, grave: Tombstone) -> None:
        """Replace the row by a tombstone."""
        self._table.bury(grave)


def _revision(row: DecisionRow) -> Item:
    return {"N": str(row.record.revision)}


def _item(row: DecisionRow) -> Item:
    item: Item = {
        "id": {"S": row.record.id},
        "revision": _revision(row),
        "access_digest": {"B": row.access_digest},
        "status": {"S": row.status},
        "created": {"S": row.created.isoformat()},
        "updated": {"S": row.updated.isoformat()},
    }
    if row.verdict is not None:
        reasons = [{"L": [{"S": r.code}, {"S": r.pointer}]} for r in row.verdict.reasons]
        item |= {
            "decision": {"S": row.verdict.decision},
            "reasons": {"L": reasons},
            "rule_set": {"S": row.verdict.rule_set},
        }
    return item


def _parse(item: Item | None) -> DecisionRow | Tombstone | None:
    if not item:
        return None
    grave = grave_of(item)
    if grave is not None:
        return grave
    return DecisionRow(
        RecordId(RegistrationId(item["id"]["S"]), Revision(int(item["revision"]["N"]))),
        AccessDigest(bytes(item["access_digest"]["B"])),
        datetime.fromisoformat(item["created"]["S"]),
        datetime.fromisoformat(item["updated"]["S"]),
        _verdict(item),
    )


def _verdict(item: Item) -> Verdict | None:
    if "decision" not in item:
        return None
    reasons = tuple(
        Reason(code=code["S"], pointer=pointer["S"])
        for code, pointer in (reason["L"] for reason in item["reasons"]["L"])
    )
    return Verdict(Decision(item["decision"]["S"]), reasons, item["rule_set"]["S"])
