"""ID tokens of a national identity provider (OpenID Connect Core 1.0 section 3.1.3.7).

The level is the one in the token: what a sign-in was asked for says nothing of what it was.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from civic.identity.model.proof import Identifier, ProofLevel, ProofMethod, ProofRefused, Proven
from civic.identity.model.trust import OidcProvider
from civic.identity.proofs.jose import verified
from civic.identity.proofs.statement import Statement

SKEW = timedelta(minutes=2)
"""How far the provider's clock may be off."""
SESSION = timedelta(minutes=15)
"""How long a session is open: what it was answered with is no older."""


def verify_id_token(token: str, statement: Statement, provider: OidcProvider) -> Proven:
    """Return what an ID token proves.

    Without an ``acr`` that is trusted it proves the level ``none``, and identifies nobody.

    Raises:
        ProofRefused: It is not the provider's, for us, of this session, or lacks what is needed.
    """
    claims = verified(token, provider.keys, provider.algorithms)
    if claims.get("iss") != provider.issuer:
        raise ProofRefused("the token is of another issuer")
    if claims.get("aud") not in (provider.client_id, [provider.client_id]):
        raise ProofRefused("the token is for somebody else")
    if claims.get("azp", provider.client_id) != provider.client_id:
        raise ProofRefused("the token was asked for by somebody else")
    if claims.get("nonce") != statement.nonce:
        raise ProofRefused("the token is of another session")
    _in_time(claims, statement.answered_at, timedelta(seconds=provider.max_age))
    if not _text(claims, "sub"):
        raise ProofRefused("the token is about nobody")
    acr = claims.get("acr")
    level = provider.levels.get(acr, ProofLevel.NONE) if isinstance(acr, str) else ProofLevel.NONE
    identifier = None
    if provider.identifier is not None and level is not ProofLevel.NONE:
        value = _text(claims, provider.identifier.claim)
        identifier = Identifier(provider.identifier.kind, value) if value else None
    return Proven(
        ProofMethod.OIDC,
        level,
        provider.issuer,
        statement.answered_at.date(),
        _name(claims, provider),
        _birth_date(claims, provider),
        identifier,
    )


def _in_time(claims: dict[str, Any], answered: datetime, max_age: timedelta) -> None:
    if answered >= _moment(claims, "exp") + SKEW:
        raise ProofRefused("the token had expired")
    if not answered - SESSION - SKEW <= _moment(claims, "iat") <= answered + SKEW:
        raise ProofRefused("the token was not issued for this session")
    if "nbf" in claims and _moment(claims, "nbf") > answered + SKEW:
        raise ProofRefused("the token was not valid yet")
    signed_in = _moment(claims, "auth_time")
    if not answered - SESSION - max_age - SKEW <= signed_in <= answered + SKEW:
        raise ProofRefused("the sign-in was too long ago")


def _moment(claims: dict[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProofRefused("the token lacks a time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ProofRefused("the token has an impossible time") from None


def _name(claims: dict[str, Any], provider: OidcProvider) -> str:
    parts = [_text(claims, name) for name in provider.name]
    name = " ".join(part for part in parts if part)
    if not name:
        raise ProofRefused("the token names nobody")
    return name


def _birth_date(claims: dict[str, Any], provider: OidcProvider) -> date:
    try:
        return date.fromisoformat(_text(claims, provider.birth_date))
    except ValueError:
        raise ProofRefused("the token has no date of birth") from None


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) else ""
