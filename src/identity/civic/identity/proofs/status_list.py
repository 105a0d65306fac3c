"""The list of what an issuer has revoked (Token Status List, draft-ietf-oauth-status-list)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

from civic.identity.model.proof import ProofRefused
from civic.identity.proofs import tokens
from civic.identity.proofs.tokens import Claims, Json, Token

VALID = 0
MAX_URI = 1024
MAX_BYTES = 2 << 20
"""The largest list that is read, decompressed: 16 million credentials of one bit."""
_MAX_AGE = timedelta(days=1)
"""Of a list that does not say when it expires."""
_SIZES = (1, 2, 4, 8)
_BYTE = 8


@dataclass(frozen=True, slots=True)
class Reference:
    """Where the status of a credential is."""

    uri: str
    index: int


def reference_of(claims: Claims) -> Reference | None:
    """Return where a credential says that its status is; None if it has none.

    Raises:
        ProofRefused: It says so in another way than by a status list.
    """
    if "status" not in claims:
        return None
    status = claims["status"]
    listed = status.get("status_list") if isinstance(status, dict) else None
    uri, index = (_member(listed, name) for name in ("uri", "idx"))
    if not isinstance(uri, str) or len(uri) > MAX_URI or not _is_number(index) or index < 0:
        raise ProofRefused("the status of the credential is not in a status list")
    return Reference(uri, index)


def check_list(token: Token, reference: Reference, at: datetime) -> None:
    """Check that a verified list says that a credential is valid.

    The list's signature must have been checked.

    Raises:
        ProofRefused: It says that the credential is revoked or suspended, or says nothing of it.
    """
    claims = token.claims
    if claims.get("sub") != reference.uri:
        raise ProofRefused("the status list is another one")
    issued, expiry = tokens.moment(claims, "iat"), tokens.moment(claims, "exp")
    if issued is None or at >= (expiry or issued + _MAX_AGE):
        raise ProofRefused("the status list is too old")
    tokens.check_times(claims, at)
    if status_at(claims.get("status_list"), reference.index) != VALID:
        raise ProofRefused("the credential was revoked or suspended")


def status_at(listed: Json, index: int) -> int:
    """Return the status at an index of a list (section 4.1 of the draft).

    Raises:
        ProofRefused: It is no list, is too large, or ends before the index.
    """
    bits, text = _member(listed, "bits"), _member(listed, "lst")
    if not _is_number(bits) or bits not in _SIZES or not isinstance(text, str):
        raise ProofRefused("a status list is not of a known form")
    octets = _decompressed(tokens.octets_of(text))
    place, offset = divmod(index * bits, _BYTE)
    if place >= len(octets):
        raise ProofRefused("the status list ends before the credential")
    return octets[place] >> offset & ((1 << bits) - 1)


def _decompressed(octets: bytes) -> bytes:
    # One byte more than allowed tells a list that is too large from one that just fits.
    stream = zlib.decompressobj()
    try:
        result = stream.decompress(octets, MAX_BYTES + 1)
    except zlib.error:
        raise ProofRefused("a status list does not decompress") from None
    if len(result) > MAX_BYTES:
        raise ProofRefused("a status list is too large")
    if not stream.eof or stream.unused_data:
        raise ProofRefused("a status list does not decompress")
    return result


def _member(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, Mapping) else None


def _is_number(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
