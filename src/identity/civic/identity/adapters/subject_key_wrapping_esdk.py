"""Wrapping of subject keys with the AWS Encryption SDK.

Raw RSA-OAEP with SHA-256 over a wrapping pair, algorithm suite 0x0478: AES-256-GCM with HKDF and
key commitment, no signature (AWS Encryption SDK developer guide, "Algorithm suites reference").
The message's encryption context names the subject, the purpose and the access digest, and is
compared after decryption: a key moved to another person's row does not open, nor does one whose row
got another digest. A key of the time before has no digest in its context. It is accepted without,
until the custodian binds it; what a message's context says is authenticated under its data key, so
nobody who lacks the private key can take the digest out of one.
"""

from io import BytesIO, IOBase
from typing import override

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import Algorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.internal.formatting.deserialize import deserialize_header
from aws_encryption_sdk.key_providers.raw import RawMasterKey
from aws_encryption_sdk.structures import MessageHeader
from cryptography.exceptions import InvalidTag

from civic.contracts.base64url import encode
from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.wrapping_keys_kms import PrivateKeys, PublicKeys
from civic.identity.errors import KeyRefused
from civic.identity.model.keys import (
    PURPOSE,
    WRAPPED_BYTES_MOST,
    AccessDigest,
    SubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)
from civic.identity.ports import KeyUnwrapper, KeyWrapper

_PROVIDER = "civic"
_SUITE = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


def _client() -> EncryptionSDKClient:
    return EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
        max_encrypted_data_keys=1,
    )


class EsdkKeyWrapper(KeyWrapper):
    """Wraps under the current public key."""

    def __init__(self, keys: PublicKeys) -> None:
        """Take the public key from ``keys``."""
        self._keys = keys
        self._client = _client()

    @override
    def wrap(
        self, key: SubjectKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> WrappedKey:
        version, public_key = self._keys.current()
        blob, _ = self._client.encrypt(
            source=key.to_bytes(),
            key_provider=_master_key(version, public_key),
            algorithm=_SUITE,
            encryption_context=_bound(registration, access_digest),
            frame_length=0,
        )
        return WrappedKey(version, blob)


class EsdkKeyUnwrapper(KeyUnwrapper):
    """Unwraps with the private key that KMS opens."""

    def __init__(self, keys: PrivateKeys) -> None:
        """Take private keys from ``keys``."""
        self._keys = keys
        self._client = _client()

    @override
    def unwrap(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> SubjectKey:
        provider = _master_key(wrapped.version, self._keys.version(wrapped.version))
        try:
            unwrapped, header = self._decrypted(wrapped.blob, provider)
            key = SubjectKey.from_bytes(unwrapped)
        except (AWSEncryptionSDKClientError, InvalidTag, ValueError) as error:
            message = "a wrapped subject key does not open"
            raise KeyRefused(message) from error
        accepted = (_bound(registration, access_digest), _unbound(registration))
        if dict(header.encryption_context) not in accepted or header.algorithm != _SUITE:
            message = "a wrapped subject key is bound to something else"
            raise KeyRefused(message)
        return key

    @override
    def is_bound(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> bool:
        try:
            header, _ = deserialize_header(BytesIO(wrapped.blob))
        except (AWSEncryptionSDKClientError, ValueError):
            return False
        return dict(header.encryption_context) == _bound(registration, access_digest)

    def _decrypted(self, blob: bytes, provider: RawMasterKey) -> tuple[bytes, MessageHeader]:
        source = BytesIO(blob)
        stream = self._client.stream(
            mode="decrypt-unsigned",
            source=source,
            key_provider=provider,
            # An altered length is refused before anything tries to read that much.
            max_body_length=WRAPPED_BYTES_MOST,
        )
        try:
            opened = stream.read(), stream.header
        finally:
            # The stream's own close raises if the message was not read to its end, and the
            # interpreter, which closes what it drops, would log that with a traceback.
            IOBase.close(stream)
        if source.read(1):
            message = "something follows a wrapped subject key"
            raise KeyRefused(message)
        return opened


def _master_key(version: WrappingKeyVersion, key: WrappingKey) -> RawMasterKey:
    return RawMasterKey(provider_id=_PROVIDER, key_id=version, wrapping_key=key)


def _unbound(registration: RegistrationId) -> dict[str, str]:
    return {"subject": registration, "purpose": PURPOSE}


def _bound(registration: RegistrationId, access_digest: AccessDigest) -> dict[str, str]:
    return _unbound(registration) | {"access": encode(access_digest)}
