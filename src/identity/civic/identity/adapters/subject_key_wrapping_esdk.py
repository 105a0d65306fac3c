"""Wrapping of subject keys with the AWS Encryption SDK (see ``esdk_messages``).

The message's encryption context names the subject, the purpose and the access digest, and is
compared after decryption: a key moved to another person's row does not open, nor does one whose row
got another digest. A key of the time before has no digest in its context. It is accepted without,
until the custodian binds it; what a message's context says is authenticated under its data key, so
nobody who lacks the private key can take the digest out of one.
"""

from typing import override

from civic.contracts.base64url import encode
from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.esdk_messages import MessageRefused, Messages, header_of
from civic.identity.adapters.wrapping_keys_kms import PrivateKeys, PublicKeys
from civic.identity.errors import KeyRefused
from civic.identity.model.keys import (
    PURPOSE,
    WRAPPED_BYTES_MOST,
    AccessDigest,
    SubjectKey,
    WrappedKey,
)
from civic.identity.ports import KeyUnwrapper, KeyWrapper


class EsdkKeyWrapper(KeyWrapper):
    """Wraps under the current public key."""

    def __init__(self, keys: PublicKeys) -> None:
        """Take the public key from ``keys``."""
        self._keys = keys
        self._messages = Messages()

    @override
    def wrap(
        self, key: SubjectKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> WrappedKey:
        version, public_key = self._keys.current()
        context = _bound(registration, access_digest)
        return WrappedKey(
            version, self._messages.sealed(key.to_bytes(), version, public_key, context)
        )


class EsdkKeyUnwrapper(KeyUnwrapper):
    """Unwraps with the private key that KMS opens."""

    def __init__(self, keys: PrivateKeys) -> None:
        """Take private keys from ``keys``."""
        self._keys = keys
        self._messages = Messages()

    @override
    def unwrap(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> SubjectKey:
        private_key = self._keys.version(wrapped.version)
        try:
            unwrapped, context = self._messages.opened(
                wrapped.blob, wrapped.version, private_key, WRAPPED_BYTES_MOST
            )
            key = SubjectKey.from_bytes(unwrapped)
        except ValueError as error:
            message = "a wrapped subject key does not open"
            raise KeyRefused(message) from error
        if context not in (_bound(registration, access_digest), _unbound(registration)):
            message = "a wrapped subject key is bound to something else"
            raise KeyRefused(message)
        return key

    @override
    def is_bound(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> bool:
        try:
            header = header_of(wrapped.blob)
        except MessageRefused:
            return False
        return dict(header.encryption_context) == _bound(registration, access_digest)


def _unbound(registration: RegistrationId) -> dict[str, str]:
    return {"subject": registration, "purpose": PURPOSE}


def _bound(registration: RegistrationId, access_digest: AccessDigest) -> dict[str, str]:
    return _unbound(registration) | {"access": encode(access_digest)}
