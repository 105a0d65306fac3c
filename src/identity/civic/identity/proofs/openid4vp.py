"""How a wallet is asked, and how its answer is opened (OpenID4VP 1.0, ``direct_post.jwt``).

Every request has an encryption key of its own. Its public half is in the request; whoever asks
gives the private half away, sealed, and keeps the answer as it comes. So only who may unseal the
key reads the presentation.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.proofs import tokens
from civic.identity.proofs.tokens import ALGORITHMS, Json
from civic.identity.proofs.trust import TrustedIssuer
from civic.identity.proofs.wallet import CREDENTIAL_TYPE, NAME_AND_BIRTH, QUERY_ID

REQUEST_TYPE = "oauth-authz-req+jwt"
"""``typ`` of a request object (RFC 9101)."""
ANY_WALLET = "https://self-issued.me/v2"
"""The audience of a request to a wallet that is not known beforehand (section 5.8)."""
CURVE = "P-256"
_AGREEMENT = "ECDH-ES"
_CIPHERS = ("A128GCM", "A256GCM")
MAX_ANSWER_CHARACTERS = 32_768


@dataclass(frozen=True, slots=True)
class Asking:
    """A request to a wallet."""

    client_id: str
    nonce: str
    response_uri: str
    encryption_key: ECKey = field(repr=False)
    """To which the answer is encrypted; only the public half is used."""


def client_id_of(certificate: bytes) -> str:
    """Return the client identifier of who signs requests with a certificate (section 5.9.3).

    Args:
        certificate: In DER; the first of ``x5c`` in the header of the request.
    """
    return f"x509_hash:{base64url.encode(hashlib.sha256(certificate).digest())}"


def request_object(asking: Asking, trusted: Sequence[TrustedIssuer]) -> dict[str, Json]:
    """Return the claims of the request, which are signed as a token of type `REQUEST_TYPE`."""
    key: dict[str, Json] = {
        name: str(value) for name, value in asking.encryption_key.as_dict(private=False).items()
    }
    key |= {"use": "enc", "alg": _AGREEMENT, "kid": key_id(asking.encryption_key)}
    accepted: list[Json] = list(ALGORITHMS)
    return {
        "aud": ANY_WALLET,
        "client_id": asking.client_id,
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "response_uri": asking.response_uri,
        "nonce": asking.nonce,
        "dcql_query": query(trusted),
        "client_metadata": {
            "jwks": {"keys": [key]},
            "encrypted_response_enc_values_supported": list(_CIPHERS),
            "vp_formats_supported": {
                CREDENTIAL_TYPE: {"sd-jwt_alg_values": accepted, "kb-jwt_alg_values": accepted}
            },
        },
    }


def query(trusted: Sequence[TrustedIssuer]) -> dict[str, Json]:
    """Return what a wallet is asked for (DCQL, section 6): as little as tells who a person is."""
    types = dict.fromkeys(vct for issuer in trusted for vct in issuer.types)
    numbers = dict.fromkeys(
        issuer.identified_by.claim for issuer in trusted if issuer.identified_by is not None
    )
    names = dict.fromkeys((*NAME_AND_BIRTH, *numbers))
    # The first set that a credential has: with a number, and without one.
    sets: list[Json] = [[*NAME_AND_BIRTH, number] for number in numbers]
    credential: dict[str, Json] = {
        "id": QUERY_ID,
        "format": CREDENTIAL_TYPE,
        "meta": {"vct_values": list(types)},
        "claims": [{"id": name, "path": [name]} for name in names],
        "claim_sets": [*sets, list(NAME_AND_BIRTH)],
    }
    return {"credentials": [credential]}


def key_id(key: ECKey) -> str:
    """Return the name of a key: the one it has, or its thumbprint (RFC 7638)."""
    return key.kid or key.thumbprint()


def open_answer(text: str, key: ECKey) -> bytes:
    """Return the parameters of an encrypted answer (section 8.3), as JSON.

    Raises:
        ProofRefused: It was not encrypted to this key, or was altered.
    """
    if len(text) > MAX_ANSWER_CHARACTERS:
        raise ProofRefused("the answer is too long")
    header = tokens.parse_object(tokens.octets_of(text.split(".", 1)[0]))
    accepted = header.get("alg") == _AGREEMENT and header.get("enc") in _CIPHERS
    if not accepted or header.keys() & {"zip", "crit"}:
        raise ProofRefused("the answer is encrypted in a way that was not offered")
    if header.get("kid") != key_id(key):
        raise ProofRefused("the answer is encrypted to another key")
    registry = jwe.JWERegistry(algorithms=[_AGREEMENT, *_CIPHERS], strict_check_header=False)
    try:
        opened = jwe.decrypt_compact(text, key, registry=registry).plaintext
    except (JoseError, ValueError, KeyError, TypeError):
        raise ProofRefused("the answer does not decrypt") from None
    if opened is None:
        raise ProofRefused("the answer is empty")
    return opened
