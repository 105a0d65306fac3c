"""KMS in memory: it keeps what was encrypted and gives it back for the same encryption context."""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

CIPHERTEXT_OVERHEAD_BYTES = 152
"""A symmetric ciphertext blob is this much longer: 184 bytes for a 32-byte data key."""

type Request = Mapping[str, Any]
type Answer = dict[str, Any]


@dataclass(slots=True)
class Kms:
    """One symmetric key."""

    _kept: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)

    def answer(self, operation: str, request: Request) -> Answer:
        """Carry out one operation; raises KeyError for one that is not counted here."""
        return _OPERATIONS[operation](self, request)

    def encrypt(self, request: Request) -> Answer:
        """Return a blob as long as a real one."""
        blob = self._keep(request["Plaintext"], request)
        return {"CiphertextBlob": blob, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "KeyId": _ARN}

    def decrypt(self, request: Request) -> Answer:
        """Return what a blob was made of; KeyError if it or its context is another."""
        plaintext, context = self._kept[request["CiphertextBlob"]]
        if context != request.get("EncryptionContext", {}):
            raise KeyError("the encryption context is another")
        return {
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "KeyId": _ARN,
            "Plaintext": plaintext,
        }

    def generate_data_key(self, request: Request) -> Answer:
        """Return a random key of 256 bits as a blob."""
        return {"CiphertextBlob": self._keep(_text(os.urandom(32)), request), "KeyId": _ARN}

    def generate_data_key_pair(self, request: Request) -> Answer:
        """Return a real RSA pair, the private half as a blob."""
        bits = int(request["KeyPairSpec"].removeprefix("RSA_"))
        pair = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        private = pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        public = pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {
            "KeyId": _ARN,
            "KeyPairSpec": request["KeyPairSpec"],
            "PrivateKeyCiphertextBlob": self._keep(_text(private), request),
            "PublicKey": _text(public),
        }

    def _keep(self, plaintext: str, request: Request) -> str:
        length = len(base64.b64decode(plaintext)) + CIPHERTEXT_OVERHEAD_BYTES
        blob = _text(os.urandom(length))
        self._kept[blob] = (plaintext, request.get("EncryptionContext", {}))
        return blob


_ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_OPERATIONS: dict[str, Callable[[Kms, Request], Answer]] = {
    "Decrypt": Kms.decrypt,
    "Encrypt": Kms.encrypt,
    "GenerateDataKeyWithoutPlaintext": Kms.generate_data_key,
    "GenerateDataKeyPairWithoutPlaintext": Kms.generate_data_key_pair,
}


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
