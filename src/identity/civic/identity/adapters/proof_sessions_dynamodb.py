"""Sessions of proofs in DynamoDB, which deletes them after their time; there are no backups."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, override

from civic.contracts.ports import Clock
from civic.identity.adapters.items import Item, unless_in_the_way
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import AccessDigest
from civic.identity.model.proof import ProofMethod
from civic.identity.model.proof_session import ProofSession
from civic.identity.ports.proofs import ProofSessions
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NEW = "attribute_not_exists(id)"
_UNUSED = "attribute_exists(id) AND attribute_not_exists(used)"
_UNANSWERED = "attribute_exists(used) AND attribute_not_exists(evidence)"


class DynamoDbProofSessions(ProofSessions):
    """Rows by ``id``."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: Clock) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table
        self._clock = clock

    @override
    def put(self, session: ProofSession) -> None:
        unless_in_the_way(
            self._client.put_item,
            TableName=self._table,
            Item={
                "id": {"S": session.id},
                "method": {"S": session.method},
                "provider": {"S": session.provider},
                "secret": {"B": session.secret},
                "state": {"B": session.state},
                "nonce": {"S": session.nonce},
                "verifier": {"S": session.verifier},
                "ttl": {"N": str(int(session.expires.timestamp()))},
                **({"request": {"S": session.request}} if session.request else {}),
                **({"key": {"B": session.key}} if session.key else {}),
            },
            ConditionExpression=_NEW,
        )

    @override
    def get(self, session: str) -> ProofSession | None:
        item = self._read(session)
        if item is None:
            return None
        return ProofSession(
            item["id"]["S"],
            ProofMethod(item["method"]["S"]),
            item["provider"]["S"],
            AccessDigest(bytes(item["secret"]["B"])),
            AccessDigest(bytes(item["state"]["B"])),
            item["nonce"]["S"],
            datetime.fromtimestamp(int(item["ttl"]["N"]), UTC),
            item["verifier"]["S"],
            item["request"]["S"] if "request" in item else "",
            bytes(item["key"]["B"]) if "key" in item else b"",
        )

    @override
    def use(self, session: ProofSession) -> bool:
        there = unless_in_the_way(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": session.id}},
            UpdateExpression="SET used = :now",
            ConditionExpression=_UNUSED,
            ExpressionAttributeValues={":now": {"S": self._clock().isoformat()}},
        )
        return there is None

    @override
    def answered(self, session: ProofSession, evidence: bytes, code: AccessDigest) -> None:
        unless_in_the_way(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": session.id}},
            UpdateExpression="SET evidence = :evidence, code = :code",
            ConditionExpression=_UNANSWERED,
            ExpressionAttributeValues={":evidence": {"B": evidence}, ":code": {"B": code}},
        )

    @override
    def evidence(self, session: ProofSession) -> tuple[bytes, AccessDigest] | None:
        item = self._read(session.id)
        if item is None or "evidence" not in item:
            return None
        return bytes(item["evidence"]["B"]), AccessDigest(bytes(item["code"]["B"]))

    def _read(self, session: str) -> Item | None:
        with unavailable_as(StoreUnavailable):
            item: Item | None = self._client.get_item(
                TableName=self._table, Key={"id": {"S": session}}, ConsistentRead=True
            ).get("Item")
        # DynamoDB may take two days to delete what has expired.
        if item is None or int(item["ttl"]["N"]) <= self._clock().timestamp():
            return None
        return item
