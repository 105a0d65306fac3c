"""What wallets and issuers sign, read before it is known whose key it must be signed with.

Every part must be the only text of its bytes, and no JSON object may name a member twice. What a
token says is believed only once it verifies (``jose``).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.model.trust import CURVES, Jwk
from civic.identity.proofs.jose import verified

ALGORITHMS = ("ES256", "ES384", "ES512")
"""The algorithms of credentials and of key binding."""
SKEW = timedelta(minutes=1)
"""How far the clock of whoever signed may be ahead of ours."""
_PARTS = 3

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Claims = Mapping[str, Json]


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What a token says, whether or not that is true."""

    text: str
    header: Claims
    claims: Claims


def parse(text: str) -> Token:
    """Return what a token says; nothing of it is verified.

    Raises:
        ProofRefused: It is not a token in the compact form.
    """
    parts = text.split(".")
    if len(parts) != _PARTS:
        raise ProofRefused("a token does not have three parts")
    header, claims = (parse_object(octets_of(part)) for part in parts[:2])
    return Token(text, header, claims)


def verify(token: Token, keys: Sequence[Jwk], of_type: str) -> None:
    """Check that one of the keys signed a token, and that it is one of that type.

    Raises:
        ProofRefused: It is not so, or the token wants something that is not understood.
    """
    verified(token.text, keys, ALGORITHMS, of_type)


def verify_by(token: Token, key: Jwk, of_type: str) -> None:
    """Check that a certain key signed a token, whatever name the token has for it.

    Raises:
        ProofRefused: It did not, or the token is not of that type.
    """
    name = {"kid": token.header["kid"]} if "kid" in token.header else {}
    verify(token, [{**key, **name}], of_type)


def key_of(jwk: Mapping[str, Json]) -> Jwk:
    """Return the key of a JWK (RFC 7517) that a token brings along.

    Raises:
        ProofRefused: It is not a public key of an accepted curve.
    """
    if jwk.get("kty") != "EC" or jwk.get("crv") not in CURVES or "d" in jwk:
        raise ProofRefused("a key is not a public key of an accepted curve")
    return {name: str(jwk.get(name)) for name in ("kty", "crv", "x", "y")}


def check_times(claims: Claims, at: datetime) -> None:
    """Check that a token had been issued, was valid and had not expired at a moment.

    Raises:
        ProofRefused: It had not, was not, or had.
    """
    expiry, start, issued = (moment(claims, name) for name in ("exp", "nbf", "iat"))
    if expiry is not None and at >= expiry:
        raise ProofRefused("a token has expired")
    if start is not None and start > at + SKEW:
        raise ProofRefused("a token is not yet valid")
    if issued is not None and issued > at + SKEW:
        raise ProofRefused("a token was issued in the future")


def moment(claims: Claims, name: str) -> datetime | None:
    """Return a time that a token names (RFC 7519 section 2, NumericDate), if it does.

    Raises:
        ProofRefused: It is not a time.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProofRefused("a time of a token is not a number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise ProofRefused("a time of a token is out of range") from None


def day_of(text: str) -> date:
    """Return a date as a person identification has it, YYYY-MM-DD.

    Raises:
        ProofRefused: It is none, or only a part of one.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ProofRefused("the birth date is not a whole date") from None
    if day.isoformat() != text:
        raise ProofRefused("the birth date is not a whole date")
    return day


def parse_object(octets: bytes) -> dict[str, Json]:
    """Return a JSON object.

    Raises:
        ProofRefused: It is none, or has a member twice.
    """
    value = parse_json(octets)
    if not isinstance(value, dict):
        raise ProofRefused("a part of a proof is not a JSON object")
    return value


def parse_json(octets: bytes) -> Json:
    """Return a JSON value.

    Raises:
        ProofRefused: It is none, or an object in it has a member twice.
    """
    try:
        value: Json = json.loads(
            octets.decode(), object_pairs_hook=_members, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise ProofRefused("a part of a proof is not JSON") from None
    return value


def _members(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ProofRefused("a part of a proof has a member twice")
    return members


def _no_constant(_: str) -> NoReturn:
    raise ProofRefused("a part of a proof is not JSON")


def octets_of(text: str) -> bytes:
    """Return the bytes of base64url without padding.

    Raises:
        ProofRefused: It is no such text, or not the only one of these bytes.
    """
    try:
        return base64url.decode(text)
    except ValueError:
        raise ProofRefused("a part of a proof is not base64url") from None
