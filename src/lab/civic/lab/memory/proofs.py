"""Evidence, the trust document and sessions in memory."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jws
from joserfc.jwk import ECKey

from civic.contracts.ports import Clock
from civic.identity.errors import ProviderFailed, WrappingKeyMissing
from civic.identity.model.keys import EVIDENCE_PURPOSE, AccessDigest
from civic.identity.model.proof import ProofRefused
from civic.identity.model.proof_session import ProofSession
from civic.identity.model.trust import NO_TRUST, Jwk, Trust
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


class MemoryProofSessions:
    """Sessions by id, each for its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[str, ProofSession] = {}
        self.used: set[str] = set()
        self.answers: dict[str, tuple[bytes, AccessDigest]] = {}

    def put(self, session: ProofSession) -> None:
        self.rows.setdefault(session.id, session)

    def get(self, session: str) -> ProofSession | None:
        there = self.rows.get(session)
        return there if there is not None and there.expires > self._clock() else None

    def use(self, session: ProofSession) -> bool:
        if session.id not in self.rows or session.id in self.used:
            return False
        self.used.add(session.id)
        return True

    def answered(self, session: ProofSession, evidence: bytes, code: AccessDigest) -> None:
        if session.id in self.used:
            self.answers.setdefault(session.id, (evidence, code))

    def evidence(self, session: ProofSession) -> tuple[bytes, AccessDigest] | None:
        return self.answers.get(session.id) if self.get(session.id) else None


class MemoryTokenSigner:
    """One key pair."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "proofing"})

    def public(self) -> Jwk:
        return dict(self._key.as_dict(private=False))

    def sign(self, typ: str, claims: Mapping[str, Any], chain: Sequence[str] = ()) -> str:
        header: dict[str, Any] = {"alg": "ES256", "kid": "proofing", "typ": typ}
        if chain:
            header["x5c"] = list(chain)
        registry = jws.JWSRegistry(algorithms=["ES256"])
        return jws.serialize_compact(header, json.dumps(dict(claims)), self._key, registry=registry)


class MemoryTokenEndpoint:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.answer: Callable[[Mapping[str, str]], bytes] | None = None

    def redeem(self, url: str, form: Mapping[str, str]) -> bytes:
        del url
        if self.answer is None:
            raise ProviderFailed
        return self.answer(form)


class MemoryStatusLists:
    """Status lists by their address."""

    def __init__(self) -> None:
        self.tokens: dict[str, str] = {}

    def at(self, uri: str) -> str | None:
        return self.tokens.get(uri)

    def keep(self, uri: str, token: str) -> None:
        self.tokens[uri] = token
