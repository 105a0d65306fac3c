"""Signed tokens (RFC 7515, RFC 7519), read strictly.

Of what the specifications leave open, the stricter is done: the algorithm must be one of a short
list and the one of the key, no header may be critical, no JSON object may name a member twice, and
every part must be the only text of its bytes. What a token says is believed only once it verifies.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused

ALGORITHMS = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
"""The algorithms of credentials and of key binding, each with its curve."""
SKEW = timedelta(minutes=1)
"""How far the clock of whoever signed may be ahead of ours."""
_PARTS = 3
_MAX_HEADER = 12_288
"""A header may hold a chain of certificates."""

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Claims = Mapping[str, Json]


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What a token says, whether or not that is true."""

    text: str
    header: Claims
    claims: Claims


class _Registry(jws.JWSRegistry):
    """Other headers than those of RFC 7515 are ignored, as its section 4 wants."""

    max_header_length = _MAX_HEADER

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)


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


def verify(token: Token, keys: Iterable[ECKey], of_type: str) -> None:
    """Check that one of the keys signed a token, and that it is one of that type.

    Raises:
        ProofRefused: It is not so, or the token wants something that is not understood.
    """
    algorithm = token.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise ProofRefused("a token is signed by an algorithm that is not accepted")
    if "crit" in token.header or "b64" in token.header:
        raise ProofRefused("a token has a critical header that is not understood")
    if token.header.get("typ") != of_type:
        raise ProofRefused("a token is of another type")
    fitting = [key for key in keys if key.curve_name == ALGORITHMS[algorithm]]
    if not any(_signed(token.text, key, algorithm) for key in fitting):
        raise ProofRefused("a token is signed by none of the keys that are trusted for it")


def _signed(text: str, key: ECKey, algorithm: str) -> bool:
    try:
        jws.deserialize_compact(text, key, registry=_Registry(algorithm))
    except (JoseError, ValueError):
        return False
    return True


def public_key(jwk: Mapping[str, Json]) -> ECKey:
    """Return the key of a JWK (RFC 7517).

    Raises:
        ProofRefused: It is not a public key of an accepted curve.
    """
    if jwk.get("kty") != "EC" or jwk.get("crv") not in ALGORITHMS.values() or "d" in jwk:
        raise ProofRefused("a key is not a public key of an accepted curve")
    point: dict[str, str | list[str]] = {
        name: str(jwk.get(name)) for name in ("kty", "crv", "x", "y")
    }
    try:
        return ECKey.import_key(point)
    except (JoseError, ValueError):
        raise ProofRefused("a key is not a point of its curve") from None


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
