"""How a wallet is asked, and how its answer is opened (OpenID4VP 1.0, ``direct_post.jwt``).

Every request has an encryption key of its own. Its public half is in the request; whoever asks
gives the private half away, sealed, and keeps the answer as it comes. So only who may unseal the
key reads the presentation.
"""

import hashlib
import json
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from civic.contracts import base64url
from civic.contracts.ports import RandomBytes
from civic.identity.model.proof import ProofRefused
from civic.identity.model.trust import Jwk, PidIssuer
from civic.identity.proofs import tokens
from civic.identity.proofs.tokens import ALGORITHMS, Json

REQUEST_TYPE = "oauth-authz-req+jwt"
"""``typ`` of a request object (RFC 9101)."""
ANY_WALLET = "https://self-issued.me/v2"
"""The audience of a request to a wallet that is not known beforehand (section 5.8)."""
CREDENTIAL_TYPE = "dc+sd-jwt"
QUERY_ID = "pid"
"""Of the one credential that is asked for."""
NAME_AND_BIRTH = ("family_name", "given_name", "birthdate")
"""The claims without which nothing is proven."""
_AGREEMENT = "ECDH-ES"
_CIPHERS = ("A128GCM", "A256GCM")
MAX_ANSWER_CHARACTERS = 16_384
_PARTS = 5
_POSTED = ("response", "key", "client_id")
_COORDINATE_BYTES = 32
_SCALAR_BYTES = 48
"""Sixteen more than the order of P-256 has: FIPS 186-5 appendix A.2.1 wants eight."""
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (SP 800-186 section 3.2.1.3)."""


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A key pair for one answer."""

    public: Jwk
    private: bytes = field(repr=False)
    """The pair as a JWK, in JSON."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A request to a wallet."""

    client_id: str
    nonce: str
    response_uri: str
    key: Jwk
    """The public key to which the answer is encrypted."""


@dataclass(frozen=True, slots=True, repr=False)
class Posted:
    """What is kept of an answer: as it came, with the sealed key that opens it, and who asked."""

    response: str
    key: bytes
    client_id: str
    """Under which the wallet was asked."""

    def to_text(self) -> str:
        """Return all three as they are sealed."""
        parts = (self.response, base64url.encode(self.key), self.client_id)
        return json.dumps(dict(zip(_POSTED, parts, strict=True)))

    @classmethod
    def from_text(cls, text: str) -> "Posted":
        """Read what was sealed.

        Raises:
            ProofRefused: It is nothing of the kind.
        """
        document = tokens.parse_object(text.encode())
        parts = [part for name in _POSTED if isinstance(part := document.get(name), str)]
        if len(parts) != len(_POSTED):
            raise ProofRefused("the evidence holds no answer of a wallet")
        response, key, client_id = parts
        return cls(response, tokens.octets_of(key), client_id)


def new_key(entropy: RandomBytes) -> EncryptionKey:
    """Return a new key pair, by the extra random bits of FIPS 186-5 appendix A.2.1."""
    scalar = int.from_bytes(entropy(_SCALAR_BYTES)) % (_ORDER - 1) + 1
    point = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
    d, x, y = (
        base64url.encode(number.to_bytes(_COORDINATE_BYTES))
        for number in (scalar, point.x, point.y)
    )
    name = base64url.encode(hashlib.sha256(f"{x}.{y}".encode()).digest())
    public = {
        "kty": "EC",
        "crv": "P-256",
        "x": x,
        "y": y,
        "use": "enc",
        "alg": _AGREEMENT,
        "kid": name,
    }
    return EncryptionKey(public, json.dumps({**public, "d": d}).encode())


def chain_of(certificates: Sequence[str]) -> tuple[str, ...]:
    """Return certificates in PEM as a token names them: base64 of DER (RFC 7515 section 4.1.6)."""
    return tuple("".join(pem.strip().splitlines()[1:-1]) for pem in certificates)


def client_id_of(chain: Sequence[str]) -> str:
    """Return the client identifier of who signs requests (``x509_hash``, section 5.9.3).

    Args:
        chain: The certificates that a request names, that of its key first.
    """
    return f"x509_hash:{base64url.encode(hashlib.sha256(b64decode(chain[0])).digest())}"


def request_object(asking: Asking, trusted: Sequence[PidIssuer]) -> dict[str, Json]:
    """Return the claims of the request, which are signed as a token of type `REQUEST_TYPE`."""
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
            "jwks": {"keys": [dict(asking.key)]},
            "encrypted_response_enc_values_supported": list(_CIPHERS),
            "vp_formats_supported": {
                CREDENTIAL_TYPE: {"sd-jwt_alg_values": accepted, "kb-jwt_alg_values": accepted}
            },
        },
    }


def query(trusted: Sequence[PidIssuer]) -> dict[str, Json]:
    """Return what a wallet is asked for (DCQL, section 6): as little as tells who a person is."""
    types = dict.fromkeys(vct for issuer in trusted for vct in issuer.types)
    numbers = dict.fromkeys(
        issuer.identifier.claim for issuer in trusted if issuer.identifier is not None
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


def is_encrypted(text: str) -> bool:
    """Return whether a text may be an encrypted answer: five parts (RFC 7516), not too long."""
    return text.isascii() and len(text) <= MAX_ANSWER_CHARACTERS and text.count(".") == _PARTS - 1


def open_answer(text: str, private: bytes) -> bytes:
    """Return the parameters of an encrypted answer (section 8.3), as JSON.

    Args:
        text: The answer.
        private: The private key of the request, as `new_key` made it.

    Raises:
        ProofRefused: It was not encrypted to this key, or was altered.
    """
    from joserfc import jwe  # noqa: PLC0415 - takes long, as in `jose`
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import ECKey  # noqa: PLC0415

    if not is_encrypted(text):
        raise ProofRefused("the answer is not encrypted, or too long")
    jwk = tokens.parse_object(private)
    header = tokens.parse_object(tokens.octets_of(text.partition(".")[0]))
    accepted = header.get("alg") == _AGREEMENT and header.get("enc") in _CIPHERS
    if not accepted or header.keys() & {"zip", "crit"}:
        raise ProofRefused("the answer is encrypted in a way that was not offered")
    if header.get("kid") != jwk.get("kid"):
        raise ProofRefused("the answer is encrypted to another key")
    registry = jwe.JWERegistry(algorithms=[_AGREEMENT, *_CIPHERS], strict_check_header=False)
    try:
        key = ECKey.import_key({name: str(value) for name, value in jwk.items()})
        opened = jwe.decrypt_compact(text, key, registry=registry).plaintext
    # A header of another form, or a point of another curve, ends in one of these.
    except (JoseError, ValueError, TypeError, LookupError, AttributeError):
        raise ProofRefused("the answer does not decrypt") from None
    if opened is None:
        raise ProofRefused("the answer is empty")
    return opened
