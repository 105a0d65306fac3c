"""What the evidence of a registration proves; the one place where that is decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from civic.contracts.base64url import decode
from civic.identity.model.proof import ProofMethod, ProofRefused, Proven
from civic.identity.model.proving import NO_EVIDENCE, Examined
from civic.identity.model.registration import Evidence, Registration
from civic.identity.model.trust import Trust
from civic.identity.ports.proofs import EvidenceOpener, TrustStore
from civic.identity.proofs.oidc import verify_id_token
from civic.identity.proofs.statement import Answer, Statement

EVIDENCE_LIFETIME = timedelta(hours=24)
"""How long after it was answered evidence may be submitted: so long is it worth stealing."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two functions may differ."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What it takes to verify evidence."""

    opener: EvidenceOpener
    trust: TrustStore


def examine(proofs: Proofs, registration: Registration, submitted_at: datetime) -> Examined:
    """Return what the evidence of a registration proves, if it has any.

    Evidence that does not verify is as good as none: anybody can send anything.
    """
    if registration.evidence is None:
        return NO_EVIDENCE
    try:
        return Examined(_proven(proofs, registration.evidence, submitted_at))
    except ProofRefused:
        return Examined(refused=True)


def _proven(proofs: Proofs, evidence: Evidence, submitted_at: datetime) -> Proven:
    try:
        sealed = decode(evidence.sealed)
    except ValueError:
        raise ProofRefused("the evidence is not base64url") from None
    answer = Answer.from_bytes(proofs.opener.open(sealed))
    trust = proofs.trust.current()
    statement = answer.stated(trust)
    if statement.method is not evidence.method:
        raise ProofRefused("the evidence is of another method")
    age = submitted_at - statement.answered_at
    if not -CLOCK_SKEW <= age <= EVIDENCE_LIFETIME:
        raise ProofRefused("the evidence is too old")
    verify = _VERIFIERS.get(statement.method)
    if verify is None:
        raise ProofRefused("proofs of this kind are not taken")
    return verify(answer, statement, trust)


def _oidc(answer: Answer, statement: Statement, trust: Trust) -> Proven:
    provider = trust.oidc.get(statement.provider)
    if provider is None:
        raise ProofRefused("the provider is not trusted")
    return verify_id_token(answer.body, statement, provider)


_VERIFIERS: Mapping[ProofMethod, Callable[[Answer, Statement, Trust], Proven]] = {
    ProofMethod.OIDC: _oidc,
}
"""How each kind of answer is verified."""
