"""Messages of the AWS Encryption SDK under the wrapping pair.

Raw RSA-OAEP with SHA-256 over a wrapping pair, algorithm suite 0x0478: AES-256-GCM with HKDF and
key commitment, no signature (AWS Encryption SDK developer guide, "Algorithm suites reference").
"""

from collections.abc import Mapping
from io import BytesIO, IOBase

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import Algorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.internal.formatting.deserialize import deserialize_header
from aws_encryption_sdk.key_providers.raw import RawMasterKey
from aws_encryption_sdk.structures import MessageHeader
from cryptography.exceptions import InvalidTag

from civic.identity.model.keys import WrappingKeyVersion

_PROVIDER = "civic"
_SUITE = Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY


class MessageRefused(ValueError):
    """A message does not open, or is not one of ours."""


class Messages:
    """Seals and opens messages, each bound to what its encryption context says."""

    def __init__(self) -> None:
        """Require key commitment, and one data key."""
        self._client = EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
            max_encrypted_data_keys=1,
        )

    def sealed(
        self,
        plaintext: bytes,
        version: WrappingKeyVersion,
        key: WrappingKey,
        context: Mapping[str, str],
    ) -> bytes:
        """Return a message under a public key."""
        blob, _ = self._client.encrypt(
            source=plaintext,
            key_provider=_master_key(version, key),
            algorithm=_SUITE,
            encryption_context=dict(context),
            frame_length=0,
        )
        return bytes(blob)

    def opened(
        self, blob: bytes, version: WrappingKeyVersion, key: WrappingKey, most: int
    ) -> tuple[bytes, dict[str, str]]:
        """Return the plaintext of a message and its encryption context.

        Args:
            blob: The message.
            version: The name of the key pair.
            key: Its private key.
            most: How long the plaintext may be; an altered length is refused before anything tries
                to read that much.

        Raises:
            MessageRefused: It was not sealed under this key with this suite, or was altered.
        """
        try:
            plaintext, header = self._decrypted(blob, _master_key(version, key), most)
        except (AWSEncryptionSDKClientError, InvalidTag, ValueError) as error:
            raise MessageRefused from error
        if header.algorithm != _SUITE:
            raise MessageRefused
        return plaintext, dict(header.encryption_context)

    def _decrypted(
        self, blob: bytes, provider: RawMasterKey, most: int
    ) -> tuple[bytes, MessageHeader]:
        source = BytesIO(blob)
        stream = self._client.stream(
            mode="decrypt-unsigned", source=source, key_provider=provider, max_body_length=most
        )
        try:
            opened = stream.read(), stream.header
        finally:
            # The stream's own close raises if the message was not read to its end, and the
            # interpreter, which closes what it drops, would log that with a traceback.
            IOBase.close(stream)
        if source.read(1):
            raise MessageRefused
        return opened


def header_of(blob: bytes) -> MessageHeader:
    """Return what a message says of itself, of which nothing is verified.

    Raises:
        MessageRefused: It says nothing.
    """
    try:
        header, _ = deserialize_header(BytesIO(blob))
    except (AWSEncryptionSDKClientError, ValueError) as error:
        raise MessageRefused from error
    return header


def _master_key(version: WrappingKeyVersion, key: WrappingKey) -> RawMasterKey:
    return RawMasterKey(provider_id=_PROVIDER, key_id=version, wrapping_key=key)
