"""What the evidence of a registration proves; the one place where that is decided."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from civic.contracts.base64url import decode
from civic.identity.model.proof import ProofMethod, ProofRefused, Proven
from civic.identity.model.proving import NO_EVIDENCE, Examined
from civic.identity.model.registration import Evidence, Registration
from civic.identity.model.trust import Trust
from civic.identity.ports.proofs import EvidenceOpener, StatusLists, TrustStore
from civic.identity.proofs.oidc import verify_id_token
from civic.identity.proofs.openid4vp import Posted, open_answer
from civic.identity.proofs.statement import Answer, Statement
from civic.identity.proofs.vendor import Webhook, reference_for
from civic.identity.proofs.vendor import verify as verify_webhook

EVIDENCE_LIFETIME = timedelta(hours=24)
"""How long after it was answered evidence may be submitted: so long is it worth stealing."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of two functions may differ."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What it takes to verify evidence."""

    opener: EvidenceOpener
    trust: TrustStore
    status_lists: StatusLists


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
    return verify(proofs, answer, statement, trust)


def _oidc(_: Proofs, answer: Answer, statement: Statement, trust: Trust) -> Proven:
    provider = trust.oidc.get(statement.provider)
    if provider is None:
        raise ProofRefused("the provider is not trusted")
    return verify_id_token(answer.body, statement, provider)


def _wallet(proofs: Proofs, answer: Answer, statement: Statement, trust: Trust) -> Proven:
    # What verifies certificates takes long to import, as in ``jose``.
    from civic.identity.proofs import wallet  # noqa: PLC0415

    service = trust.wallets.get(statement.provider)
    if service is None:
        raise ProofRefused("the provider is not trusted")
    posted = Posted.from_text(answer.body)
    opened = open_answer(posted.response, proofs.opener.open(posted.key))
    expected = wallet.Expected(statement.nonce, posted.client_id, statement.answered_at)
    return wallet.verify(opened, expected, service.issuers, proofs.status_lists.at)


def _vendor(_: Proofs, answer: Answer, statement: Statement, trust: Trust) -> Proven:
    service = trust.vendors.get(statement.provider)
    if service is None:
        raise ProofRefused("the provider is not trusted")
    webhook = Webhook.from_text(answer.body)
    reference = reference_for(statement.session, statement.nonce)
    return verify_webhook(webhook, service, reference=reference, answered_at=statement.answered_at)


_VERIFIERS: Mapping[ProofMethod, Callable[[Proofs, Answer, Statement, Trust], Proven]] = {
    ProofMethod.OIDC: _oidc,
    ProofMethod.WALLET: _wallet,
    ProofMethod.VENDOR: _vendor,
}
"""How each kind of answer is verified."""
