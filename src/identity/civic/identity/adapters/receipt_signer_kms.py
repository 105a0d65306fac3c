"""Signing erasure receipts with an asymmetric KMS key (ECC_NIST_P256)."""

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, override

from civic.identity.errors import KeyServiceUnavailable
from civic.identity.ports import ReceiptSigner
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsReceiptSigner(ReceiptSigner):
    """Signs with one key; asks for its public half once per environment."""

    def __init__(self, client: "KMSClient", key_id: str) -> None:
        """Sign with ``key_id`` through ``client``."""
        self._client = client
        self._key_id = key_id

    @override
    def public_key(self) -> bytes:
        """Return the public key, DER SubjectPublicKeyInfo."""
        return self._public_key

    @override
    def sign(self, document: bytes) -> bytes:
        """Return the ECDSA signature over SHA-256, DER."""
        with unavailable_as(KeyServiceUnavailable):
            answer = self._client.sign(
                KeyId=self._key_id,
                Message=hashlib.sha256(document).digest(),
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        return answer["Signature"]

    @cached_property
    def _public_key(self) -> bytes:
        with unavailable_as(KeyServiceUnavailable):
            return self._client.get_public_key(KeyId=self._key_id)["PublicKey"]
