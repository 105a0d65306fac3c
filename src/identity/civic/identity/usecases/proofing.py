"""What ``proofing`` does: lead people to a provider, and seal what they come back with.

It reads none of it: what an answer is worth the validator says. The state is used up before the
code is redeemed, so of a state that comes back twice one is refused, and a crash in between costs
the person a new sign-in.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta

from civic.contracts.base64url import encode
from civic.contracts.events import UUID_PATTERN
from civic.contracts.ports import Clock, RandomBytes
from civic.identity.errors import (
    ConfirmationWrong,
    ProofNotAnswered,
    ProofSessionNotFound,
    ProofSessionUsed,
    ProviderFailed,
    ProviderUnknown,
)
from civic.identity.model.keys import AccessDigest, digest_of, may_access
from civic.identity.model.proof import ProofMethod
from civic.identity.model.proof_session import (
    ProofSession,
    authorization_url,
    begin_session,
    session_of,
)
from civic.identity.model.registration import EVIDENCE_CHARACTERS_MOST, Evidence
from civic.identity.model.renewal import comparison_code, read_code
from civic.identity.model.trust import OidcProvider
from civic.identity.ports.proofs import (
    EvidenceSealer,
    ProofSessions,
    TokenEndpoint,
    TokenSigner,
    TrustStore,
)
from civic.identity.proofs.statement import STATEMENT_TYPE, Answer, Statement
from civic.identity.proofs.statement import digest_of as digest

_NAME = re.compile(UUID_PATTERN)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Proofing:
    """What proofing works with."""

    sessions: ProofSessions
    trust: TrustStore
    sealer: EvidenceSealer
    signer: TokenSigner
    endpoint: TokenEndpoint
    clock: Clock
    entropy: RandomBytes


@dataclass(frozen=True, slots=True)
class Started:
    """A session that has begun, and where to go."""

    session: ProofSession
    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What a browser brings back from a provider (RFC 6749 section 4.1.2; RFC 9207)."""

    state: str
    code: str | None
    issuer: str | None


def begin(proofing: Proofing, provider: str) -> Started:
    """Begin a session at an identity provider.

    Raises:
        ProviderUnknown: The office trusts nobody of that name.
    """
    trusted = _provider(proofing, provider)
    begun = begin_session(ProofMethod.OIDC, provider, proofing.clock(), proofing.entropy)
    proofing.sessions.put(begun.session)
    return Started(begun.session, begun.secret, authorization_url(begun, trusted))


def come_back(proofing: Proofing, returned: Returned) -> str:
    """Redeem the code that a browser brought, seal the token, and return the confirmation code.

    Raises:
        ProofSessionNotFound: The state is of no session, or its time is over.
        ProofSessionUsed: The state has come back before.
        ProviderFailed: The provider did not let the person in, is another one, or did not give a
            token for the code.
        ProviderUnknown: The office does not trust the provider any more.
    """
    session = session_by(proofing, returned.state, ProofMethod.OIDC)
    if not proofing.sessions.use(session):
        raise ProofSessionUsed
    provider = _provider(proofing, session.provider)
    if not returned.code or returned.issuer not in (None, provider.issuer):
        raise ProviderFailed
    token = _redeem(proofing, session, provider, returned.code)
    return keep_answer(proofing, session, token)


def hand_over(proofing: Proofing, name: str, secret: str, code: str) -> Evidence:
    """Return the evidence of a session to whoever has its secret and its confirmation code.

    Raises:
        ProofSessionNotFound: There is no such session for this secret, or its time is over.
        ProofNotAnswered: Nobody has come back yet.
        ConfirmationWrong: The code is another one.
    """
    session = _session(proofing, name)
    if not may_access(secret, session.secret if session else None) or session is None:
        raise ProofSessionNotFound
    answered = proofing.sessions.evidence(session)
    if answered is None:
        raise ProofNotAnswered
    evidence, confirmation = answered
    if not may_access(read_code(code), confirmation):
        raise ConfirmationWrong
    return Evidence(method=session.method, sealed=encode(evidence))


def session_by(proofing: Proofing, state: str, method: ProofMethod) -> ProofSession:
    """Return the session that a state leads back to.

    Raises:
        ProofSessionNotFound: It is of no session of this method, or its time is over.
    """
    session = _session(proofing, session_of(state))
    known = session.state if session is not None and session.method is method else None
    if not may_access(state, known) or session is None:
        raise ProofSessionNotFound
    return session


def _session(proofing: Proofing, name: str) -> ProofSession | None:
    return proofing.sessions.get(name) if _NAME.fullmatch(name) else None


def _provider(proofing: Proofing, name: str) -> OidcProvider:
    provider = proofing.trust.current().oidc.get(name)
    if provider is None:
        raise ProviderUnknown
    return provider


def _redeem(proofing: Proofing, session: ProofSession, provider: OidcProvider, code: str) -> str:
    """Return the ID token for a code (OpenID Connect Core 1.0 sections 3.1.3 and 9)."""
    now = proofing.clock()
    assertion = proofing.signer.sign(
        "JWT",
        {
            "iss": provider.client_id,
            "sub": provider.client_id,
            "aud": provider.assertion_audience or provider.issuer,
            "jti": encode(proofing.entropy(16)),
            "iat": int(now.timestamp()),
            "exp": int((now + ASSERTION_LIFETIME).timestamp()),
        },
    )
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": provider.redirect_uri,
        "code_verifier": session.verifier,
        "client_id": provider.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    answered = proofing.endpoint.redeem(provider.token_endpoint, form)
    try:
        token = json.loads(answered)["id_token"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ProviderFailed from None
    if not isinstance(token, str) or not token.isascii():
        raise ProviderFailed
    return token


def keep_answer(proofing: Proofing, session: ProofSession, body: str) -> str:
    """Keep an answer, sealed, and return the code that confirms whose it is.

    Raises:
        ProviderFailed: It is too long.
    """
    evidence = _sealed(proofing, session, body)
    code = comparison_code(AccessDigest(proofing.entropy(32)))
    proofing.sessions.answered(session, evidence, digest_of(code))
    return code


def _sealed(proofing: Proofing, session: ProofSession, body: str) -> bytes:
    """Return an answer, sealed with the statement of which session it came to."""
    statement = Statement(
        session.id,
        session.method,
        session.provider,
        session.nonce,
        proofing.clock(),
        digest(body),
    )
    signed = proofing.signer.sign(STATEMENT_TYPE, statement.claims())
    sealed = proofing.sealer.seal(Answer(signed, body).to_bytes())
    if len(encode(sealed)) > EVIDENCE_CHARACTERS_MOST:
        raise ProviderFailed
    return sealed
