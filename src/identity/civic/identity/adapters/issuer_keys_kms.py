"""The issuer's keys: one RSA pair for each election and ballot style, made by KMS.

A row by ``election`` and ``style`` holds the public key in clear, and the private one as KMS
ciphertext with the encryption context ``{election, style, purpose}``. It is written once and never
changed: credentials stay valid under the key they were issued with.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.ports import Clock
from civic.identity.errors import CredentialKeyMissing, KeyServiceUnavailable, StoreUnavailable
from civic.identity.model.blind_rsa import SigningKey
from civic.identity.model.credentials import PURPOSE
from civic.identity.ports.issuing import IssuerKeyRing, SigningKeys
from civic.runtime.aws_errors import failed_condition, unavailable_as
from civic.runtime.cache import ExpiringCache

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

type Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class IssuerKeyTable:
    """The table of keys, and the KMS key that encrypts their private halves."""

    dynamodb: "DynamoDBClient"
    table: str
    kms: "KMSClient"
    kms_key_id: str

    def read(self, election: ElectionId, style: StyleId) -> Item | None:
        """Return a row, if there is one."""
        with unavailable_as(StoreUnavailable):
            answer = self.dynamodb.get_item(
                TableName=self.table, Key=_key(election, style), ConsistentRead=True
            )
        return answer.get("Item")

    def row(self, election: ElectionId, style: StyleId) -> Item:
        """Return a row; raises CredentialKeyMissing."""
        found = self.read(election, style)
        if found is None:
            raise CredentialKeyMissing
        return found


class KmsIssuerKeyRing(IssuerKeyRing):
    """Makes keys."""

    def __init__(self, keys: IssuerKeyTable) -> None:
        """Make them in ``keys``."""
        self._keys = keys

    @override
    def ensure(self, election: ElectionId, style: StyleId) -> bytes:
        """Return the public key, making one if needed; of two made at once the first wins."""
        if self._keys.read(election, style) is None:
            self._make(election, style)
        return bytes(self._keys.row(election, style)["public_key"]["B"])

    def _make(self, election: ElectionId, style: StyleId) -> None:
        with unavailable_as(KeyServiceUnavailable):
            pair = self._keys.kms.generate_data_key_pair_without_plaintext(
                KeyId=self._keys.kms_key_id,
                KeyPairSpec="RSA_3072",
                EncryptionContext=_context(election, style),
            )
        item: Item = {
            **_key(election, style),
            "public_key": {"B": pair["PublicKey"]},
            "private_key": {"B": pair["PrivateKeyCiphertextBlob"]},
        }
        with unavailable_as(StoreUnavailable):
            try:
                self._keys.dynamodb.put_item(
                    TableName=self._keys.table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(election)",
                )
            except ClientError as error:
                if not failed_condition(error):
                    raise


class KmsSigningKeys(SigningKeys):
    """Opens keys, and keeps them opened for a limited time."""

    def __init__(self, keys: IssuerKeyTable, lifetime: timedelta, clock: Clock) -> None:
        """Open those in ``keys``; a zero lifetime asks KMS every time."""
        self._keys = keys
        self._public = ExpiringCache(self._read_public, lifetime, clock)
        self._private = ExpiringCache(self._open, lifetime, clock)

    @override
    def public(self, election: ElectionId, style: StyleId) -> bytes:
        return self._public.get((election, style))

    @override
    def private(self, election: ElectionId, style: StyleId) -> SigningKey:
        return self._private.get((election, style))

    def _read_public(self, name: tuple[ElectionId, StyleId]) -> bytes:
        return bytes(self._keys.row(*name)["public_key"]["B"])

    def _open(self, name: tuple[ElectionId, StyleId]) -> SigningKey:
        blob = bytes(self._keys.row(*name)["private_key"]["B"])
        with unavailable_as(KeyServiceUnavailable):
            opened = self._keys.kms.decrypt(
                KeyId=self._keys.kms_key_id,
                CiphertextBlob=blob,
                EncryptionContext=_context(*name),
            )
        return SigningKey.parse(opened["Plaintext"])


def _key(election: ElectionId, style: StyleId) -> Item:
    return {"election": {"S": election}, "style": {"S": style}}


def _context(election: ElectionId, style: StyleId) -> dict[str, str]:
    return {"election": election, "style": style, "purpose": PURPOSE}
