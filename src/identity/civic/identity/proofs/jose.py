"""Signed tokens: JSON Web Signatures in compact form (RFC 7515), and nothing else of JOSE.

The algorithm comes from a list, the key from the trust document: a token chooses neither. The
library takes long to import, and is needed only for a registration that brings a proof.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from civic.identity.model.proof import ProofRefused
from civic.identity.model.trust import Jwk

_TOKEN_CHARACTERS_MOST = 16_384
_KEY_TYPES = {"E": "EC", "P": "RSA", "R": "RSA"}


def verified(
    token: str, keys: Sequence[Jwk], algorithms: Collection[str], typ: str | None = None
) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed.

    Args:
        token: The token in compact form.
        keys: The public keys of whoever should have signed it.
        algorithms: Those that are allowed; RFC 8725 section 3.1.
        typ: Its type, if only one will do (RFC 8725 section 3.11).

    Raises:
        ProofRefused: It is signed by nobody else than one of the keys, or not at all, or is no
            token.
    """
    from joserfc import jwk, jws  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    if len(token) > _TOKEN_CHARACTERS_MOST:
        raise ProofRefused("a token is too long")
    # What else a header says means nothing here, and a chain of certificates is long.
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_header_length = _TOKEN_CHARACTERS_MOST
    try:
        unverified = jws.extract_compact(token.encode(), registry=registry)
        header = unverified.headers()
        algorithm = _algorithm(header, algorithms, typ)
        key = jwk.import_key(dict(_key(header, algorithm, keys)))
        signed = jws.validate_compact(unverified, key, registry=registry)
        claims = json.loads(unverified.payload, object_pairs_hook=_unique)
        # Half a character can be written in JSON, and is no text.
        json.dumps(claims, ensure_ascii=False).encode()
    # A key of another curve, or a header of another form, ends in one of these.
    except (JoseError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise ProofRefused("a token does not verify") from None
    if not signed or not isinstance(claims, dict):
        raise ProofRefused("a token does not verify")
    return claims


def _algorithm(header: dict[str, Any], algorithms: Collection[str], typ: str | None) -> str:
    algorithm = header.get("alg")
    if algorithm not in algorithms:
        raise ProofRefused("a token has an algorithm that is not allowed")
    if "crit" in header or "b64" in header:
        raise ProofRefused("a token has an extension that is not understood")
    if typ is not None and header.get("typ") != typ:
        raise ProofRefused("a token is of another type")
    return str(algorithm)


def _key(header: dict[str, Any], algorithm: str, keys: Sequence[Jwk]) -> Jwk:
    """Return the one key that a token can have been signed with."""
    suitable = [
        key
        for key in keys
        if key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
        and key["kty"] == ("OKP" if algorithm == "Ed25519" else _KEY_TYPES[algorithm[0]])
    ]
    if "kid" in header:
        suitable = [key for key in suitable if key.get("kid") == header["kid"]]
    if len(suitable) != 1:
        raise ProofRefused("a token is signed with a key that is not known")
    return suitable[0]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ProofRefused("a token names a claim twice")
    return members
