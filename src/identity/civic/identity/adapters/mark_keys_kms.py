"""The keys of elections' marks: one data key for each election, made by KMS.

A row by ``election`` holds the key as KMS ciphertext with the encryption context ``{election,
purpose}``. At the end of the election a row without it takes its place, and stays, so that no key
is made anew. The table has no backup: what is destroyed is nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, override

from civic.contracts.identifiers import ElectionId
from civic.contracts.ports import Clock
from civic.identity.adapters.items import unless_in_the_way
from civic.identity.errors import CredentialKeyMissing, KeyServiceUnavailable, StoreUnavailable
from civic.identity.model.marks import MARKS_PURPOSE
from civic.identity.ports.issuing import MarkKeyRing, MarkKeys
from civic.runtime.aws_errors import unavailable_as
from civic.runtime.cache import ExpiringCache

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


@dataclass(frozen=True, slots=True)
class MarkKeyTable:
    """The table of keys, and the KMS key that encrypts them."""

    dynamodb: "DynamoDBClient"
    table: str
    kms: "KMSClient"
    kms_key_id: str

    def read(self, election: ElectionId) -> dict[str, Any]:
        """Return a row, empty if there is none."""
        with unavailable_as(StoreUnavailable):
            answer: Any = self.dynamodb.get_item(
                TableName=self.table, Key=_key(election), ConsistentRead=True
            )
        return {**answer.get("Item", {})}


class KmsMarkKeyRing(MarkKeyRing):
    """Makes keys, and destroys them."""

    def __init__(self, keys: MarkKeyTable) -> None:
        """Make them in ``keys``."""
        self._keys = keys

    @override
    def ensure(self, election: ElectionId, expires: datetime) -> None:
        """Have a key made; of two made at once the first wins."""
        until = {"N": str(int(expires.timestamp()))}
        there = self._keys.read(election)
        if not there:
            self._put(
                {"secret": {"B": self._make(election)}, "ttl": until},
                election,
                ConditionExpression="attribute_not_exists(election)",
            )
        elif "secret" in there and int(there["ttl"]["N"]) < int(until["N"]):
            self._put(
                {"secret": there["secret"], "ttl": until},
                election,
                ConditionExpression="attribute_exists(secret) AND #ttl = :before",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":before": there["ttl"]},
            )

    @override
    def destroy(self, election: ElectionId) -> None:
        self._put({}, election)

    def _make(self, election: ElectionId) -> bytes:
        with unavailable_as(KeyServiceUnavailable):
            return self._keys.kms.generate_data_key_without_plaintext(
                KeyId=self._keys.kms_key_id,
                KeySpec="AES_256",
                EncryptionContext=_context(election),
            )["CiphertextBlob"]

    def _put(self, facts: dict[str, Any], election: ElectionId, **condition: Any) -> None:
        unless_in_the_way(
            self._keys.dynamodb.put_item,
            TableName=self._keys.table,
            Item=_key(election) | facts,
            **condition,
        )


class KmsMarkKeys(MarkKeys):
    """Opens keys, and keeps them opened for a limited time."""

    def __init__(self, keys: MarkKeyTable, lifetime: timedelta, clock: Clock) -> None:
        """Open those in ``keys``; a zero lifetime asks KMS every time."""
        self._keys = keys
        self._opened = ExpiringCache(self._open, lifetime, clock)

    @override
    def find(self, election: ElectionId) -> bytes | None:
        try:
            return self._opened.get(election)
        except CredentialKeyMissing:
            return None

    def _open(self, election: ElectionId) -> bytes:
        there = self._keys.read(election)
        if "secret" not in there:
            # Not remembered: it may be made in the next moment.
            raise CredentialKeyMissing
        with unavailable_as(KeyServiceUnavailable):
            return self._keys.kms.decrypt(
                KeyId=self._keys.kms_key_id,
                CiphertextBlob=bytes(there["secret"]["B"]),
                EncryptionContext=_context(election),
            )["Plaintext"]


def _key(election: ElectionId) -> dict[str, Any]:
    return {"election": {"S": election}}


def _context(election: ElectionId) -> dict[str, str]:
    return {"election": election, "purpose": MARKS_PURPOSE}
