"""Evidence and the trust document in memory."""

from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from civic.identity.errors import WrappingKeyMissing
from civic.identity.model.keys import EVIDENCE_PURPOSE
from civic.identity.model.proof import ProofRefused
from civic.identity.model.trust import NO_TRUST, Trust
from civic.lab.memory.keys import MemoryKeyRing

_NONCE_BYTES = 12


class MemoryEvidence:
    """Seals under the ring's current version, and opens what any version sealed."""

    def __init__(self, ring: MemoryKeyRing) -> None:
        self._ring = ring
        self._sealed = 0

    def seal(self, answer: bytes) -> bytes:
        version = self._ring.current()
        if version is None:
            raise WrappingKeyMissing
        self._sealed += 1
        nonce = self._sealed.to_bytes(_NONCE_BYTES, "big")
        box = AESGCM(self._ring.secrets[version])
        return nonce + box.encrypt(nonce, answer, EVIDENCE_PURPOSE.encode())

    def open(self, sealed: bytes) -> bytes:
        nonce, box = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for secret in self._ring.secrets.values():
            with suppress(InvalidTag, ValueError):
                return AESGCM(secret).decrypt(nonce, box, EVIDENCE_PURPOSE.encode())
        raise ProofRefused("the evidence does not open")


class MemoryTrust:
    """The trust document."""

    def __init__(self) -> None:
        self.trust = NO_TRUST

    def current(self) -> Trust:
        return self.trust

    def replace(self, trust: Trust) -> None:
        self.trust = trust
