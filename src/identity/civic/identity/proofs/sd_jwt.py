"""Selective disclosure (SD-JWT, RFC 9901) with key binding, as a verifier sees it.

A presentation is ``issuer-signed JWT ~ disclosure ~ ... ~ key binding JWT``. The issuer signs
digests of disclosures, the holder sends those that are asked for, and signs with the key that the
issuer named (``cnf``) for whom and for which request that is.

The library ``sd-jwt`` was weighed: it takes disclosures that no digest names, checks no time and
no digest of an array for repetition, and leaves it to the presentation whether there is a key
binding. What remains after that are the lines below.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.proofs import tokens
from civic.identity.proofs.tokens import Claims, Json, Token

MAX_CHARACTERS = 12_288
"""The longest presentation that is read."""
_MAX_DISCLOSURES = 64
_MAX_DEPTH = 16
_DIGEST_NAMES = ("_sd", "...")
_OF_A_MEMBER, _OF_AN_ELEMENT = 3, 2


@dataclass(frozen=True, slots=True, repr=False)
class Presentation:
    """The parts of a presentation."""

    issued: Token
    disclosures: tuple[str, ...]
    binding: Token

    @property
    def digest(self) -> str:
        """Of all that the holder signs, ``sd_hash`` (RFC 9901 section 4.3.1)."""
        return _digest("~".join((self.issued.text, *self.disclosures, "")))


def parse(text: str) -> Presentation:
    """Return the parts of a presentation; nothing of it is verified.

    Raises:
        ProofRefused: It is no presentation, or has no key binding.
    """
    if len(text) > MAX_CHARACTERS or not text.isascii():
        raise ProofRefused("a presentation is too long, or not ASCII")
    whole, _, binding = text.rpartition("~")
    issued, *disclosures = whole.split("~")
    if not whole or not binding:
        raise ProofRefused("a presentation has no key binding")
    if len(disclosures) > _MAX_DISCLOSURES:
        raise ProofRefused("a presentation has too many disclosures")
    return Presentation(tokens.parse(issued), tuple(disclosures), tokens.parse(binding))


def check_binding(presentation: Presentation, *, nonce: str, audience: str, at: datetime) -> None:
    """Check that the holder made a presentation for this request (RFC 9901 section 7.3).

    The issuer's signature must have been checked: it says whose key the holder's is.

    Args:
        presentation: What was presented.
        nonce: Of the request.
        audience: The full client identifier of who asks.
        at: When the answer arrived.

    Raises:
        ProofRefused: It was not made for this request, by this holder, of these disclosures.
    """
    confirmation = presentation.issued.claims.get("cnf")
    jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(jwk, dict):
        raise ProofRefused("the issuer names no key of the holder")
    bound = presentation.binding
    tokens.verify_by(bound, tokens.key_of(jwk), "kb+jwt")
    if bound.claims.get("aud") != audience:
        raise ProofRefused("the presentation was made for somebody else")
    if bound.claims.get("nonce") != nonce:
        raise ProofRefused("the presentation was made for another request")
    if bound.claims.get("sd_hash") != presentation.digest:
        raise ProofRefused("the key binding is of another presentation")
    issued = tokens.moment(bound.claims, "iat")
    if issued is None or issued < at - _BINDING_AGE:
        raise ProofRefused("the key binding is too old")
    tokens.check_times(bound.claims, at)


_BINDING_AGE = timedelta(minutes=15)
"""As long as a session lasts in which a presentation is asked for."""


def disclosed(presentation: Presentation) -> dict[str, Json]:
    """Return what the issuer signed, with what is disclosed of it (RFC 9901 section 7.1).

    Raises:
        ProofRefused: A disclosure is not one of the issuer's, or there are two of one claim.
    """
    claims = dict(presentation.issued.claims)
    if claims.pop("_sd_alg", "sha-256") != "sha-256":
        raise ProofRefused("the digests of the disclosures are of an unknown kind")
    given = {_digest(text): text for text in presentation.disclosures}
    if len(given) != len(presentation.disclosures):
        raise ProofRefused("a disclosure is there twice")
    processing = _Processing(given, set())
    result = processing.members(claims, 0)
    if not processing.found >= given.keys():
        raise ProofRefused("a disclosure is not one of the issuer's")
    return result


@dataclass(frozen=True, slots=True, repr=False)
class _Processing:
    """The steps of RFC 9901 section 7.1, with each digest that was met."""

    given: Mapping[str, str]
    found: set[str]

    def members(self, signed: Claims, depth: int) -> dict[str, Json]:
        """Return an object with what is disclosed of it."""
        if "..." in signed or depth > _MAX_DEPTH:
            raise ProofRefused("a digest is where none may be")
        result = {
            name: self.value(value, depth + 1) for name, value in signed.items() if name != "_sd"
        }
        for digest in _digests(signed.get("_sd", [])):
            disclosure = self._of(digest, _OF_A_MEMBER)
            if disclosure is None:
                continue
            _, name, value = disclosure
            if not isinstance(name, str) or name in _DIGEST_NAMES or name in result:
                raise ProofRefused("a disclosure is of a claim that is there, or may not be")
            result[name] = self.value(value, depth + 1)
        return result

    def value(self, signed: Json, depth: int) -> Json:
        """Return any value with what is disclosed of it."""
        if isinstance(signed, dict):
            return self.members(signed, depth)
        if isinstance(signed, list):
            return self._elements(signed, depth)
        return signed

    def _elements(self, signed: list[Json], depth: int) -> list[Json]:
        if depth > _MAX_DEPTH:
            raise ProofRefused("a presentation is too deep")
        result = []
        for element in signed:
            if not isinstance(element, dict) or element.keys() != {"..."}:
                result.append(self.value(element, depth + 1))
                continue
            (digest,) = _digests([element["..."]])
            disclosure = self._of(digest, _OF_AN_ELEMENT)
            if disclosure is not None:
                result.append(self.value(disclosure[1], depth + 1))
        return result

    def _of(self, digest: str, parts: int) -> list[Json] | None:
        if digest in self.found:
            raise ProofRefused("a digest is there twice")
        self.found.add(digest)
        if digest not in self.given:
            return None
        disclosure = tokens.parse_json(tokens.octets_of(self.given[digest]))
        if not isinstance(disclosure, list) or len(disclosure) != parts:
            raise ProofRefused("a disclosure has another form than its digest")
        if not isinstance(disclosure[0], str):
            raise ProofRefused("a disclosure has no salt")
        return disclosure


def _digests(value: Json) -> list[str]:
    if not isinstance(value, list):
        raise ProofRefused("digests are not in an array")
    digests = [digest for digest in value if isinstance(digest, str)]
    if len(digests) != len(value):
        raise ProofRefused("a digest is not text")
    return digests


def _digest(text: str) -> str:
    return base64url.encode(hashlib.sha256(text.encode()).digest())
