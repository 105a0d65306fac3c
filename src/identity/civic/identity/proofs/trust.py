"""Whose credentials are believed: what the operator enters, and how a signature is held to it.

An issuer is trusted for its own keys or for the certificates of its own roots, never for those of
another, and for the types of credential that it is entered for.
"""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field, model_validator

from civic.identity.model.proof import ProofLevel, ProofRefused
from civic.identity.proofs import tokens
from civic.identity.proofs.tokens import Json, Token

_MAX_CHAIN = 5
_PERMIT_ALL = verification.ExtensionPolicy.permit_all()


class IdentifyingClaim(BaseModel):
    """Which claim tells a person from all others, and what kind of identifier that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    claim: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    kind: Annotated[str, Field(min_length=1, max_length=64)]


class TrustedIssuer(BaseModel):
    """An issuer of credentials, as the operator enters it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Annotated[str, Field(min_length=1, max_length=256)]
    """``iss`` of its credentials; where they have none, only a name of it."""
    level: ProofLevel
    types: Annotated[tuple[str, ...], Field(min_length=1)]
    """``vct`` of the credentials it is trusted for."""
    jwks: tuple[dict[str, Json], ...] = ()
    """Its keys (RFC 7517), for credentials that name no certificate."""
    roots: tuple[str, ...] = ()
    """The certificates, in PEM, that vouch for those its credentials name (``x5c``)."""
    identified_by: IdentifyingClaim | None = None

    @model_validator(mode="after")
    def _can_be_verified(self) -> Self:
        if not self.jwks and not self.roots:
            message = "an issuer has keys, or root certificates"
            raise ValueError(message)
        try:
            _ = self._keys, self._anchors
        except ProofRefused as refused:
            raise ValueError(str(refused)) from None
        return self

    @cached_property
    def _keys(self) -> tuple[ECKey, ...]:
        return tuple(map(tokens.public_key, self.jwks))

    @cached_property
    def _anchors(self) -> tuple[x509.Certificate, ...]:
        return tuple(x509.load_pem_x509_certificate(root.encode()) for root in self.roots)

    def check_signed(self, token: Token, of_type: str, at: datetime) -> None:
        """Check that this issuer signed a token of that type.

        Raises:
            ProofRefused: It did not, or its certificate was not valid at that moment.
        """
        chain = token.header.get("x5c")
        if chain is None:
            tokens.verify(token, self._keys, of_type)
        else:
            tokens.verify(token, [_certified(chain, self._anchors, at)], of_type)


def _certified(chain: Json, anchors: Sequence[x509.Certificate], at: datetime) -> ECKey:
    """Return the key of the first certificate of a chain, which ends at one of the roots."""
    if not anchors or not isinstance(chain, list) or not 0 < len(chain) <= _MAX_CHAIN:
        raise ProofRefused("a token names certificates that nobody trusted vouches for")
    leaf, *others = map(_certificate, chain)
    policy = (
        verification.PolicyBuilder()
        .store(verification.Store(list(anchors)))
        .time(at)
        .max_chain_depth(_MAX_CHAIN)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(), ee_policy=_PERMIT_ALL
        )
    )
    try:
        policy.build_client_verifier().verify(leaf, others)
    except (verification.VerificationError, ValueError):
        raise ProofRefused("a certificate is not vouched for by a root that is trusted") from None
    _check_signs_credentials(leaf, anchors)
    return _key_of(leaf)


def _check_signs_credentials(leaf: x509.Certificate, anchors: Sequence[x509.Certificate]) -> None:
    """Check that a certificate is one of a signer, not one that vouches for others."""
    found = leaf.extensions
    for extension in found:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise ProofRefused("a certificate is not one that signs credentials")
        if isinstance(value, x509.KeyUsage) and not value.digital_signature:
            raise ProofRefused("a certificate is not one that signs credentials")
    if leaf in anchors:
        raise ProofRefused("a certificate is not one that signs credentials")


def _certificate(text: Json) -> x509.Certificate:
    # RFC 7515 section 4.1.6: base64 here, not base64url.
    try:
        return x509.load_der_x509_certificate(b64decode(str(text), validate=True))
    except ValueError:
        raise ProofRefused("a token names no certificate where it says so") from None


def _key_of(leaf: x509.Certificate) -> ECKey:
    key = leaf.public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise ProofRefused("a certificate is of a key of another kind")
    try:
        return ECKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    except (JoseError, ValueError):
        raise ProofRefused("a certificate is of a key of another kind") from None
