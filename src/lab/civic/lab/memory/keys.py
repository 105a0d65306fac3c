"""Wrapping keys in memory: no RSA or KMS, but ciphertexts bound to what the real ones are."""

from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import KeyRefused, WrappingKeyMissing
from civic.identity.model.keys import (
    PURPOSE,
    AccessDigest,
    SubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)

_NONCE_BYTES = 12


class MemoryKeyRing:
    """The wrapping key ring; a version is a secret that wraps and unwraps."""

    def __init__(self) -> None:
        self.secrets: dict[WrappingKeyVersion, bytes] = {}
        self.pepper = b""

    def current(self) -> WrappingKeyVersion | None:
        return max(self.secrets, default=None)

    def add(self) -> WrappingKeyVersion:
        version = WrappingKeyVersion(f"wk-{len(self.secrets) + 1:04d}")
        self.secrets[version] = version.encode().ljust(32, b".")
        return version

    def ensure_pepper(self) -> None:
        self.pepper = b"pepper".ljust(32, b".")


class MemoryKeyWrapper:
    """Wraps under the ring's current version."""

    def __init__(self, ring: MemoryKeyRing) -> None:
        self._ring = ring
        self._wrapped = 0

    def wrap(
        self, key: SubjectKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> WrappedKey:
        return self._wrapped_for(key, _bound(registration, access_digest))

    def wrap_unbound(self, key: SubjectKey, registration: RegistrationId) -> WrappedKey:
        """Wrap a key as it was done before keys were bound to digests."""
        return self._wrapped_for(key, _unbound(registration))

    def _wrapped_for(self, key: SubjectKey, binding: bytes) -> WrappedKey:
        version = self._ring.current()
        if version is None:
            raise WrappingKeyMissing
        self._wrapped += 1
        nonce = self._wrapped.to_bytes(_NONCE_BYTES, "big")
        box = AESGCM(self._ring.secrets[version])
        return WrappedKey(version, nonce + box.encrypt(nonce, key.to_bytes(), binding))


class MemoryKeyUnwrapper:
    """Unwraps with any version of the ring."""

    def __init__(self, ring: MemoryKeyRing) -> None:
        self._ring = ring

    def unwrap(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> SubjectKey:
        for binding in (_bound(registration, access_digest), _unbound(registration)):
            with suppress(InvalidTag, ValueError):
                return self._opened(wrapped, binding)
        raise KeyRefused

    def is_bound(
        self, wrapped: WrappedKey, registration: RegistrationId, access_digest: AccessDigest
    ) -> bool:
        try:
            self._opened(wrapped, _bound(registration, access_digest))
        except (InvalidTag, ValueError, WrappingKeyMissing):
            return False
        return True

    def _opened(self, wrapped: WrappedKey, binding: bytes) -> SubjectKey:
        secret = self._ring.secrets.get(wrapped.version)
        if secret is None:
            raise WrappingKeyMissing
        nonce, box = wrapped.blob[:_NONCE_BYTES], wrapped.blob[_NONCE_BYTES:]
        return SubjectKey.from_bytes(AESGCM(secret).decrypt(nonce, box, binding))


def _unbound(registration: RegistrationId) -> bytes:
    return f"{PURPOSE}/{registration}".encode()


def _bound(registration: RegistrationId, access_digest: AccessDigest) -> bytes:
    return _unbound(registration) + b"/" + access_digest
