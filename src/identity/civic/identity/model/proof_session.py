"""A proof of identity that is under way: what is asked for, and how its answer is recognised.

Whoever begins a session gets its *secret*; whoever comes back from the provider is shown a
*confirmation code*; the evidence is for whoever has both. Otherwise somebody could begin a session,
have another person sign in by a link, and be handed the other's evidence. The *state* (RFC 6749
section 10.12) leads the way back and works once, the *nonce* binds the token to the session (OpenID
Connect Core 1.0 section 15.5.2), and the *verifier* binds the code to it (RFC 7636).
"""

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from civic.contracts.base64url import encode
from civic.contracts.ports import RandomBytes
from civic.identity.model.keys import AccessDigest, digest_of
from civic.identity.model.proof import ProofMethod
from civic.identity.model.trust import OidcProvider

SESSION_LIFETIME = timedelta(minutes=15)
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class ProofSession:
    """A session as it is kept; nothing in it opens what it was answered with."""

    id: str
    method: ProofMethod
    provider: str
    secret: AccessDigest
    """The digest of the secret."""
    state: AccessDigest
    """The digest of the state."""
    nonce: str
    expires: datetime
    verifier: str = field(repr=False)
    request: str = field(default="", repr=False)
    """To a wallet, signed."""
    key: bytes = field(default=b"", repr=False)
    """Which opens a wallet's answer, sealed."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that begins, with what only its two ends know."""

    session: ProofSession
    secret: str = field(repr=False)
    state: str = field(repr=False)


def begin_session(method: ProofMethod, provider: str, now: datetime, entropy: RandomBytes) -> Begun:
    """Return a new session.

    Args:
        method: How somebody wants to prove who they are.
        provider: With whom, by its name in the trust document.
        now: Aware.
        entropy: Cryptographically secure source of random bytes.
    """
    name = str(uuid.UUID(bytes=entropy(16), version=4))
    secret, mark, nonce, verifier = (encode(entropy(_SECRET_BYTES)) for _ in range(4))
    state = f"{name}.{mark}"
    expires = now + SESSION_LIFETIME
    session = ProofSession(
        name, method, provider, digest_of(secret), digest_of(state), nonce, expires, verifier
    )
    return Begun(session, secret, state)


def session_of(state: str) -> str:
    """Return the session that a state says it is of."""
    return state.partition(".")[0]


def authorization_url(begun: Begun, provider: OidcProvider) -> str:
    """Return where to sign in (OpenID Connect Core 1.0 sections 3.1.2.1 and 5.5; RFC 7636).

    Levels are asked for as essential, the highest first. What counts is the one in the token.
    """
    levels = sorted(provider.levels, key=lambda acr: provider.levels[acr], reverse=True)
    wanted: dict[str, object] = {"acr": {"essential": True, "values": levels}}
    wanted |= {name: {"essential": True} for name in (*provider.name, provider.birth_date)}
    if provider.identifier is not None:
        wanted[provider.identifier.claim] = None
    challenge = encode(hashlib.sha256(begun.session.verifier.encode()).digest())
    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": provider.redirect_uri,
            "scope": provider.scope,
            "state": begun.state,
            "nonce": begun.session.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "acr_values": " ".join(levels),
            "max_age": provider.max_age,
            "claims": json.dumps({"id_token": wanted}, separators=(",", ":")),
        }
    )
    parts = urlsplit(provider.authorization_endpoint)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))
