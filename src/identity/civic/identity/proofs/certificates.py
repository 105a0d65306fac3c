"""Signatures of issuers: by their own keys, or by certificates of their own roots.

An issuer is trusted for its own keys or for the certificates of its own roots, never for those of
another.
"""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.x509 import verification

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.model.trust import Jwk, PidIssuer
from civic.identity.proofs import tokens
from civic.identity.proofs.tokens import Json, Token

_MAX_CHAIN = 5
_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_PERMIT_ALL = verification.ExtensionPolicy.permit_all()


def check_signed(issuer: PidIssuer, token: Token, of_type: str, at: datetime) -> None:
    """Check that an issuer signed a token of a type.

    Raises:
        ProofRefused: It did not, or its certificate was not valid at that moment.
    """
    chain = token.header.get("x5c")
    if chain is None:
        tokens.verify(token, issuer.keys, of_type)
        return
    anchors = [x509.load_pem_x509_certificate(root.encode()) for root in issuer.roots]
    tokens.verify_by(token, _certified(chain, anchors, at), of_type)


def _certified(chain: Json, anchors: Sequence[x509.Certificate], at: datetime) -> Jwk:
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


def _key_of(leaf: x509.Certificate) -> Jwk:
    key = leaf.public_key()
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise ProofRefused("a certificate is of a key of another kind")
    point, size = key.public_numbers(), (key.key_size + 7) // 8
    x, y = (base64url.encode(number.to_bytes(size)) for number in (point.x, point.y))
    return {"kty": "EC", "crv": _CURVES[key.curve.name], "x": x, "y": y}
