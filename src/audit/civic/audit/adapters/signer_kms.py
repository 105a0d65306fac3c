"""The log's Ed25519 key in KMS: it signs there and never leaves it."""

from functools import cached_property
from typing import TYPE_CHECKING, override

from civic.audit.errors import StoreUnavailable
from civic.audit.ports import Signer
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_KEY_BYTES = 32


class KmsSigner(Signer):
    """Signs with one KMS key (spec ``ECC_NIST_EDWARDS25519``)."""

    def __init__(self, client: "KMSClient", key_id: str) -> None:
        """Sign with ``key_id`` through ``client``."""
        self._client = client
        self._key_id = key_id

    @override
    def public_key(self) -> bytes:
        """Return the public key: the end of its SubjectPublicKeyInfo (RFC 8410 section 4)."""
        return self._public_key

    @override
    def sign(self, text: bytes) -> bytes:
        """Return the signature of a text (RFC 8032, without pre-hashing)."""
        with unavailable_as(StoreUnavailable):
            answer = self._client.sign(
                KeyId=self._key_id,
                Message=text,
                MessageType="RAW",
                SigningAlgorithm="ED25519_SHA_512",
            )
        return answer["Signature"]

    @cached_property
    def _public_key(self) -> bytes:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_public_key(KeyId=self._key_id)
        return answer["PublicKey"][-_KEY_BYTES:]
