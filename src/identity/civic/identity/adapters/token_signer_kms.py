"""Tokens signed by KMS with an asymmetric key (ECC_NIST_P256): ES256 of RFC 7518 section 3.4."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, override

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.contracts.base64url import encode
from civic.identity.errors import KeyServiceUnavailable
from civic.identity.model.trust import Jwk
from civic.identity.ports.proofs import TokenSigner
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_COORDINATE_BYTES = 32
_ALGORITHM = "ES256"


class KmsTokenSigner(TokenSigner):
    """Signs with one key, whose id is also its name in tokens."""

    def __init__(self, client: "KMSClient", key: str) -> None:
        """Sign with ``key``, an ARN, through ``client``."""
        self._client = client
        self._key = key

    @override
    def sign(self, typ: str, claims: Mapping[str, Any], chain: Sequence[str] = ()) -> str:
        header: dict[str, Any] = {"alg": _ALGORITHM, "kid": name_of(self._key), "typ": typ}
        if chain:
            header["x5c"] = list(chain)
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, dict(claims)))
        with unavailable_as(KeyServiceUnavailable):
            answer = self._client.sign(
                KeyId=self._key,
                Message=hashlib.sha256(signed.encode()).digest(),
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        numbers = decode_dss_signature(answer["Signature"])
        return f"{signed}.{encode(b''.join(map(_octets, numbers)))}"


def public_jwk(client: "KMSClient", key: str) -> Jwk:
    """Return the public half of a key as JSON (RFC 7518 section 6.2)."""
    with unavailable_as(KeyServiceUnavailable):
        der = client.get_public_key(KeyId=key)["PublicKey"]
    public = load_der_public_key(der)
    if not isinstance(public, EllipticCurvePublicKey):
        message = "the key is not on an elliptic curve"
        raise TypeError(message)
    point = public.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": encode(_octets(point.x)),
        "y": encode(_octets(point.y)),
        "use": "sig",
        "alg": _ALGORITHM,
        "kid": name_of(key),
    }


def name_of(key: str) -> str:
    """Return the id of a key, which is the end of its ARN."""
    return key.rpartition("/")[2]


def _octets(number: int) -> bytes:
    return number.to_bytes(_COORDINATE_BYTES, "big")
