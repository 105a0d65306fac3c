"""The versioned wrapping pair: public keys in clear, private keys as KMS ciphertext; the pepper.

Table rows by ``wk``: ``current`` holds the newest version's name and public key, which is all the
gateway may read; every version's own row holds the private key, encrypted by KMS with the
encryption context ``{wk, purpose}`` (which CloudTrail shows in clear: it names no person). The
row ``pepper`` holds a data key of another purpose, which only the validator may have opened.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, override

from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from civic.contracts.ports import Clock
from civic.identity.errors import KeyServiceUnavailable, StoreUnavailable, WrappingKeyMissing
from civic.identity.model.keys import PEPPER_PURPOSE, PURPOSE, WrappingKeyVersion
from civic.identity.ports.custody import WrappingKeyRing
from civic.identity.ports.likenesses import Peppers
from civic.runtime.aws_errors import failed_condition, unavailable_as
from civic.runtime.cache import ExpiringCache

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

_CURRENT = "current"
_PEPPER = "pepper"


class PublicKeys:
    """The current public key, re-read after ``lifetime`` so that a rotation takes effect."""

    def __init__(
        self, client: "DynamoDBClient", table: str, lifetime: timedelta, clock: Clock
    ) -> None:
        """Read ``table`` through ``client``."""
        self._client = client
        self._table = table
        self._cache = ExpiringCache(self._read, lifetime, clock)

    def current(self) -> tuple[WrappingKeyVersion, WrappingKey]:
        """Return the version and its public key; raises WrappingKeyMissing."""
        return self._cache.get(_CURRENT)

    def _read(self, name: str) -> tuple[WrappingKeyVersion, WrappingKey]:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"wk": {"S": name}}, ConsistentRead=True
            ).get("Item")
        if item is None:
            message = "no wrapping key has been made yet"
            raise WrappingKeyMissing(message)
        public = load_der_public_key(bytes(item["public_key"]["B"]))
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return WrappingKeyVersion(item["version"]["S"]), _parsed(pem, EncryptionKeyType.PUBLIC)


@dataclass(frozen=True, slots=True)
class KmsKey:
    """The KMS key that encrypts the private halves."""

    client: "KMSClient"
    key_id: str


class PrivateKeys:
    """Private keys, opened by KMS and kept for at most ``lifetime``.

    They are kept parsed: parsing checks that the primes are prime, which takes a hundred times as
    long as unwrapping.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        kms: KmsKey,
        lifetime: timedelta,
        clock: Clock,
    ) -> None:
        """Read ``table`` and decrypt with ``kms``; a zero lifetime asks KMS every time."""
        self._client = client
        self._table = table
        self._kms = kms
        self._cache = ExpiringCache(self._open, lifetime, clock)

    def version(self, version: WrappingKeyVersion) -> WrappingKey:
        """Return a private key; raises WrappingKeyMissing, KeyServiceUnavailable."""
        return self._cache.get(version)

    def _open(self, version: WrappingKeyVersion) -> WrappingKey:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"wk": {"S": version}}, ConsistentRead=True
            ).get("Item")
        if item is None or version == _CURRENT:
            message = "that wrapping key version is not known"
            raise WrappingKeyMissing(message)
        with unavailable_as(KeyServiceUnavailable):
            plaintext = self._kms.client.decrypt(
                KeyId=self._kms.key_id,
                CiphertextBlob=bytes(item["private_key"]["B"]),
                EncryptionContext=_context(version),
            )["Plaintext"]
        # Only the encoding is changed here; the key itself is checked when it is parsed next.
        private = load_der_private_key(plaintext, None, unsafe_skip_rsa_key_validation=True)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return _parsed(pem, EncryptionKeyType.PRIVATE)


class KmsWrappingKeyRing(WrappingKeyRing):
    """Adds versions: two conditional writes, of the version's row and then of ``current``."""

    def __init__(self, client: "DynamoDBClient", table: str, kms: KmsKey) -> None:
        """Write to ``table``; make the pairs with ``kms``."""
        self._client = client
        self._table = table
        self._kms = kms

    @override
    def current(self) -> WrappingKeyVersion | None:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"wk": {"S": _CURRENT}}, ConsistentRead=True
            ).get("Item")
        return WrappingKeyVersion(item["version"]["S"]) if item else None

    @override
    def ensure_pepper(self) -> None:
        with unavailable_as(StoreUnavailable):
            if "Item" in self._client.get_item(
                TableName=self._table, Key={"wk": {"S": _PEPPER}}, ProjectionExpression="wk"
            ):
                return
        with unavailable_as(KeyServiceUnavailable):
            made = self._kms.client.generate_data_key_without_plaintext(
                KeyId=self._kms.key_id, KeySpec="AES_256", EncryptionContext=_pepper_context()
            )
        row = {"wk": {"S": _PEPPER}, "secret": {"B": made["CiphertextBlob"]}}
        self._put(row, "attribute_not_exists(wk)", {})

    @override
    def add(self) -> WrappingKeyVersion:
        """Make another pair and make it current; of two runs at once one wins."""
        previous = self.current()
        number = int(previous.removeprefix("wk-")) + 1 if previous else 1
        version = WrappingKeyVersion(f"wk-{number:04d}")
        with unavailable_as(KeyServiceUnavailable):
            pair = self._kms.client.generate_data_key_pair_without_plaintext(
                KeyId=self._kms.key_id,
                KeyPairSpec="RSA_3072",
                EncryptionContext=_context(version),
            )
        public = {"B": pair["PublicKey"]}
        private = {"B": pair["PrivateKeyCiphertextBlob"]}
        row = {"wk": {"S": version}, "public_key": public, "private_key": private}
        if not self._put(row, "attribute_not_exists(wk)", {}):
            # Another run, perhaps one that was interrupted, made this version: take its pair.
            public = self._public_key_of(version)
        condition, values = ("attribute_not_exists(wk)", {})
        if previous:
            condition, values = ("version = :previous", {":previous": {"S": previous}})
        row = {"wk": {"S": _CURRENT}, "version": {"S": version}, "public_key": public}
        self._put(row, condition, values)
        return version

    def _public_key_of(self, version: WrappingKeyVersion) -> dict[str, bytes]:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"wk": {"S": version}}, ConsistentRead=True
            )["Item"]
        return {"B": bytes(item["public_key"]["B"])}

    def _put(self, item: dict[str, Any], condition: str, values: dict[str, Any]) -> bool:
        arguments: Any = {"ExpressionAttributeValues": values} if values else {}
        with unavailable_as(StoreUnavailable):
            try:
                self._client.put_item(
                    TableName=self._table, Item=item, ConditionExpression=condition, **arguments
                )
            except ClientError as error:
                if failed_condition(error):
                    return False
                raise
        return True


class KmsPeppers(Peppers):
    """The pepper, opened by KMS and kept for at most ``lifetime``."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        kms: KmsKey,
        lifetime: timedelta,
        clock: Clock,
    ) -> None:
        """Read ``table`` and decrypt with ``kms``."""
        self._client = client
        self._table = table
        self._kms = kms
        self._cache = ExpiringCache(self._open, lifetime, clock)

    @override
    def current(self) -> bytes:
        return self._cache.get(_PEPPER)

    def _open(self, name: str) -> bytes:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"wk": {"S": name}}, ConsistentRead=True
            ).get("Item")
        if item is None:
            message = "no pepper has been made yet"
            raise WrappingKeyMissing(message)
        with unavailable_as(KeyServiceUnavailable):
            return self._kms.client.decrypt(
                KeyId=self._kms.key_id,
                CiphertextBlob=bytes(item["secret"]["B"]),
                EncryptionContext=_pepper_context(),
            )["Plaintext"]


def _parsed(pem: bytes, key_type: EncryptionKeyType) -> WrappingKey:
    return WrappingKey(
        wrapping_algorithm=WrappingAlgorithm.RSA_OAEP_SHA256_MGF1,
        wrapping_key=pem,
        wrapping_key_type=key_type,
    )


def _pepper_context() -> dict[str, str]:
    return {"wk": _PEPPER, "purpose": PEPPER_PURPOSE}


def _context(version: WrappingKeyVersion) -> dict[str, str]:
    return {"wk": version, "purpose": PURPOSE}
