"""Subject keys as the release before wrapped them: not bound to an access digest."""

from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import Algorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKey

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import SubjectKey, WrappedKey, WrappingKeyVersion


def unbound(
    key: SubjectKey,
    registration: RegistrationId,
    version: WrappingKeyVersion,
    public_key: WrappingKey,
) -> WrappedKey:
    """Wrap a key with the Encryption SDK; its context names the subject and the purpose only."""
    client = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    blob, _ = client.encrypt(
        source=key.secret,
        key_provider=RawMasterKey(provider_id="civic", key_id=version, wrapping_key=public_key),
        algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        encryption_context={"subject": registration, "purpose": "registration"},
        frame_length=0,
    )
    return WrappedKey(version, blob)
