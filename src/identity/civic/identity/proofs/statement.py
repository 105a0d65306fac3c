"""What ``proofing`` says of an answer: to which session it came, when, and that it is this one.

Whoever got hold of a token could otherwise bring it under a session of their own, as anybody can
seal to a public key. The statement is signed with a key that only ``proofing`` may use.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from civic.contracts.base64url import encode
from civic.identity.model.proof import ProofMethod, ProofRefused
from civic.identity.model.trust import Trust
from civic.identity.proofs.jose import verified

STATEMENT_TYPE = "civic-proof-statement+jwt"
STATEMENT_ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True)
class Statement:
    """What was asked, and when it was answered."""

    session: str
    method: ProofMethod
    provider: str
    """By its name in the trust document."""
    nonce: str
    answered_at: datetime
    digest: str
    """SHA-256 of the answer, base64url."""

    @classmethod
    def of(cls, claims: dict[str, Any]) -> Self:
        """Read a statement from the claims of a token.

        Raises:
            ProofRefused: They are not those of a statement.
        """
        try:
            texts = {name: claims[name] for name in ("session", "provider", "nonce", "digest")}
            method = ProofMethod(claims["method"])
            moment = datetime.fromtimestamp(int(claims["answered_at"]), UTC)
        except (LookupError, TypeError, ValueError, OverflowError, OSError):
            raise ProofRefused("the statement lacks something") from None
        if not all(isinstance(text, str) and text for text in texts.values()):
            raise ProofRefused("the statement lacks something")
        return cls(method=method, answered_at=moment, **texts)

    def claims(self) -> dict[str, Any]:
        """Return the statement as the claims of a token."""
        return {
            "session": self.session,
            "method": self.method,
            "provider": self.provider,
            "nonce": self.nonce,
            "answered_at": int(self.answered_at.timestamp()),
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What is sealed: the statement, signed, and what it is about."""

    statement: str
    body: str
    """The answer in the form of its method, such as an ID token."""

    def to_bytes(self) -> bytes:
        """Return the answer as it is sealed."""
        return json.dumps({"statement": self.statement, "answer": self.body}).encode()

    @classmethod
    def from_bytes(cls, opened: bytes) -> Self:
        """Read what was sealed.

        Raises:
            ProofRefused: Anybody can seal to a public key; this is nothing of ours.
        """
        try:
            document = json.loads(opened)
            statement, body = document["statement"], document["answer"]
            digest_of(body)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise ProofRefused("the evidence holds no answer") from None
        if not isinstance(statement, str):
            raise ProofRefused("the evidence holds no answer")
        return cls(statement, body)

    def stated(self, trust: Trust) -> Statement:
        """Return the statement, once it is known to be ``proofing``'s and about this answer.

        Raises:
            ProofRefused: It is not.
        """
        keys, algorithms = trust.statement_keys, (STATEMENT_ALGORITHM,)
        statement = Statement.of(verified(self.statement, keys, algorithms, STATEMENT_TYPE))
        if statement.digest != digest_of(self.body):
            raise ProofRefused("the statement is about another answer")
        return statement

    def __repr__(self) -> str:
        """Show nothing of the answer."""
        return "Answer(<redacted>)"


def digest_of(body: str) -> str:
    """Return the digest by which a statement names an answer."""
    return encode(hashlib.sha256(body.encode()).digest())
