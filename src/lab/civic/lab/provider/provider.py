"""What an identity provider does, in as few words as OpenID Connect Core 1.0 allows.

Authorization code, PKCE with S256 and `private_key_jwt`; the subject is pairwise. It believes
whoever signs in.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, import_key

from civic.contracts.base64url import encode

HIGH, SUBSTANTIAL, LOW = (f"urn:lab:loa:{level}" for level in ("high", "substantial", "low"))
"""The levels it knows, by their ``acr``."""
IDENTIFIER = "national_number"
KIND = "lab/national-number"
CLIENT = "civic-office"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_SECONDS = 300


class SignInRefused(Exception):
    """A request is not as it should be; the message is an error code of RFC 6749 section 5.2."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whom the provider knows."""

    given_name: str
    family_name: str
    birthdate: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client has asked for, and what became of it."""

    query: Mapping[str, str]
    holder: Holder | None = None
    acr: str | None = None
    at: datetime | None = None


@dataclass
class IdentityProvider:
    """A provider with one client; safe to share between threads."""

    issuer: str
    redirect_uri: str
    client_keys: tuple[Mapping[str, Any], ...]
    clock: Callable[[], datetime]
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "lab-1"}))
    acr: str | None = SUBSTANTIAL
    """Of every sign-in, whatever was asked for; None leaves it out of the token."""
    _waiting: dict[str, _Asked] = field(default_factory=dict)
    _codes: dict[str, _Asked] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def trusted(self) -> dict[str, Any]:
        """Return what the office writes into its trust document about this provider."""
        return {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "redirect_uri": self.redirect_uri,
            "keys": [dict(self.key.as_dict(private=False))],
            "algorithms": ["ES256"],
            "levels": {HIGH: "high", SUBSTANTIAL: "substantial", LOW: "basic"},
            "identifier": {"claim": IDENTIFIER, "kind": KIND},
        }

    def authorize(self, query: Mapping[str, str]) -> str:
        """Return the ticket of a sign-in that may begin; raises SignInRefused."""
        wanted = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": self.redirect_uri,
            "code_challenge_method": "S256",
        }
        if any(query.get(name) != value for name, value in wanted.items()):
            raise SignInRefused("invalid_request")
        if not all(query.get(name) for name in ("state", "nonce", "code_challenge")):
            raise SignInRefused("invalid_request")
        ticket = secrets.token_urlsafe()
        with self._lock:
            self._waiting[ticket] = _Asked(query)
        return ticket

    def sign_in(self, ticket: str, holder: Holder) -> str:
        """Return where the browser goes on to after somebody has signed in."""
        with self._lock:
            asked = self._waiting.pop(ticket, None)
            if asked is None:
                raise SignInRefused("invalid_request")
            code = secrets.token_urlsafe()
            self._codes[code] = _Asked(asked.query, holder, self.acr, self.clock())
        answer = {"code": code, "state": asked.query["state"], "iss": self.issuer}
        return f"{self.redirect_uri}?{urlencode(answer)}"

    def redeem(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the tokens for a code; raises SignInRefused."""
        self._require_client(form)
        with self._lock:
            asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or asked.holder is None or asked.at is None:
            raise SignInRefused("invalid_grant")
        challenge = encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if not hmac.compare_digest(challenge, asked.query["code_challenge"]):
            raise SignInRefused("invalid_grant")
        if form.get("redirect_uri") != self.redirect_uri:
            raise SignInRefused("invalid_grant")
        now = int(self.clock().timestamp())
        holder = asked.holder
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": encode(hashlib.sha256(repr(holder).encode()).digest()),
            "nonce": asked.query["nonce"],
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "auth_time": int(asked.at.timestamp()),
            "acr": asked.acr,
            "given_name": holder.given_name,
            "family_name": holder.family_name,
            "birthdate": holder.birthdate,
            IDENTIFIER: holder.number,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "ES256", "kid": "lab-1"}
        token = jws.serialize_compact(header, json.dumps(told), self.key)
        return {"id_token": token, "access_token": secrets.token_urlsafe(), "token_type": "Bearer"}

    def _require_client(self, form: Mapping[str, str]) -> None:
        """Check who asks (RFC 7523 section 3)."""
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise SignInRefused("invalid_client")
        try:
            assertion = jws.extract_compact(form.get("client_assertion", "").encode())
            kid = assertion.headers().get("kid")
            (key,) = (one for one in self.client_keys if one["kid"] == kid)
            signed = jws.validate_compact(assertion, import_key(dict(key)), ["ES256"])
            claims = json.loads(assertion.payload or b"")
        except (JoseError, ValueError):
            raise SignInRefused("invalid_client") from None
        now = self.clock().timestamp()
        fresh = now - 60 <= claims["iat"] <= now + 60 and now < claims["exp"]
        ours = (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, self.issuer)
        with self._lock:
            replayed = claims["jti"] in self._seen
            self._seen.add(claims["jti"])
        if not (signed and fresh and ours) or replayed:
            raise SignInRefused("invalid_client")
