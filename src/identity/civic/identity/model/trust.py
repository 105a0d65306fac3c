"""Whom the office trusts to say who somebody is; only an operator writes it (`civic proofs`)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from civic.identity.errors import IdentityError
from civic.identity.model.proof import ProofLevel

type Jwk = Mapping[str, Any]
"""A public key as JSON (RFC 7517)."""

Algorithm = Literal["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "Ed25519"]
"""Signature algorithms (RFC 7518, RFC 9864); those with a shared secret, and none, are not here."""

CURVES = ("P-256", "P-384", "P-521")
"""Of the keys of wallets, and of those who issue what is in them."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_KEY_TYPES = frozenset({"EC", "OKP", "RSA"})
_SECRETS = frozenset({"d", "dp", "dq", "k", "oth", "p", "q", "qi"})
_RSA_CHARACTERS_LEAST = 342
"""Of the modulus in base64url: 2,048 bits (NIST SP 800-131A)."""


class TrustBroken(IdentityError):
    """A trust document lacks something that is needed, or has something that is not understood."""


def _secure(url: str) -> str:
    parts = urlsplit(url)
    if parts.fragment or not parts.hostname:
        raise ValueError("must be a whole URL without a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("must be https")
    return url


def _public(key: Jwk) -> Jwk:
    if key.get("kty") not in _KEY_TYPES:
        raise ValueError("must be a public key of the kty EC, OKP or RSA")
    if _SECRETS & key.keys():
        raise ValueError("must be a public key, and has private parts")
    if key["kty"] == "RSA" and len(str(key.get("n", ""))) < _RSA_CHARACTERS_LEAST:
        raise ValueError("must be an RSA key of at least 2,048 bits")
    return key


Url = Annotated[StrictStr, Field(max_length=2048), AfterValidator(_secure)]
Keys = Annotated[
    tuple[Annotated[dict[str, Any], AfterValidator(_public)], ...],
    Field(min_length=1, max_length=32),
]
Label = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""The name by which people choose a provider."""
Claim = Annotated[StrictStr, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentifyingClaim(_Part):
    """The claim that identifies one person among all, and what kind of identifier it is."""

    claim: Claim
    kind: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]


class OidcProvider(_Part):
    """An identity provider that people sign in at (OpenID Connect Core 1.0)."""

    issuer: Url
    client_id: Claim
    authorization_endpoint: Url
    token_endpoint: Url
    redirect_uri: Url
    """Our callback, exactly as it is registered at the provider."""
    keys: Keys
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES256", "PS256", "RS256")
    levels: Annotated[dict[Claim, ProofLevel], Field(min_length=1)]
    """How sure each ``acr`` of the provider makes; one that is not here is worth nothing."""
    scope: Claim = "openid profile"
    name: Annotated[tuple[Claim, ...], Field(min_length=1)] = ("given_name", "family_name")
    """The claims that together are the whole name, in their order."""
    birth_date: Claim = "birthdate"
    identifier: IdentifyingClaim | None = None
    assertion_audience: Url | None = None
    """For whom our assertions are, if not for the issuer (RFC 7523 section 3)."""
    max_age: Annotated[StrictInt, Field(ge=0, le=3600)] = 300
    """How many seconds before its session somebody may have signed in."""

    @model_validator(mode="after")
    def _openid(self) -> Self:
        if "openid" not in self.scope.split():
            raise ValueError("the scope must have openid")
        return self


def _certificate(pem: str) -> str:
    # Of those who trust no certificate nobody needs to wait until this is imported.
    from cryptography import x509  # noqa: PLC0415

    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ValueError("must be a certificate in PEM") from None
    return pem


def _on_a_curve(key: Jwk) -> Jwk:
    if key.get("kty") != "EC" or key.get("crv") not in CURVES:
        raise ValueError("must be a public key of the kty EC, on P-256, P-384 or P-521")
    return key


Certificate = Annotated[StrictStr, Field(max_length=8192), AfterValidator(_certificate)]


class PidIssuer(_Part):
    """An issuer of person identification data that wallets present (SD-JWT VC)."""

    issuer: Claim
    """``iss`` of its credentials; where they have none, only its name."""
    level: ProofLevel
    types: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=16)]
    """``vct`` of the credentials that it is trusted for."""
    keys: Annotated[
        tuple[Annotated[dict[str, Any], AfterValidator(_public), AfterValidator(_on_a_curve)], ...],
        Field(max_length=32),
    ] = ()
    """For credentials that name no certificate."""
    roots: Annotated[tuple[Certificate, ...], Field(max_length=16)] = ()
    """What vouches for the certificates that its credentials name (``x5c``)."""
    identifier: IdentifyingClaim | None = None
    status_lists: Annotated[tuple[Url, ...], Field(max_length=64)] = ()
    """Where it says which credentials it has revoked."""

    @model_validator(mode="after")
    def _verifies(self) -> Self:
        if not self.keys and not self.roots:
            raise ValueError("must have keys, or root certificates")
        return self


class WalletService(_Part):
    """How people are asked for a presentation from their wallet, and whose are believed."""

    address: Url
    """Of our API: where wallets fetch the request, and answer."""
    certificates: Annotated[tuple[Certificate, ...], Field(min_length=1, max_length=4)]
    """Of the key that signs requests, that one first: it tells wallets who asks."""
    opened_by: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9+.-]*://[^\s?#]*$")] = (
        "openid4vp://"
    )
    """The address that opens a wallet, to which the request is added."""
    issuers: Annotated[tuple[PidIssuer, ...], Field(min_length=1, max_length=64)]


class VendorService(_Part):
    """A vendor that checks a document and the presence of a person."""

    vendor: Claim
    level: ProofLevel
    starts_at: Url
    """Where the check is made; the reference of the session is added."""
    address: Url
    """Of our API, to which the vendor leads people back."""
    keys: Annotated[
        tuple[Annotated[StrictStr, Field(pattern=r"^whpk_[A-Za-z0-9+/]{43}=$")], ...],
        Field(min_length=1, max_length=4),
    ]
    """Its public keys as Standard Webhooks writes them; two while one takes over from another."""
    document_kind: Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")] | None = None
    """What kind of identifier the hash of a document is, if it is to be one."""


class Trust(_Part):
    """Whom the office trusts, by method and name."""

    statement_keys: Annotated[tuple[dict[str, Any], ...], Field(max_length=8)] = ()
    """The public keys under which ``proofing`` says which session an answer belongs to."""
    oidc: dict[Label, OidcProvider] = Field(default_factory=dict)
    wallets: dict[Label, WalletService] = Field(default_factory=dict)
    vendors: dict[Label, VendorService] = Field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Of everybody who is trusted, by whatever method."""
        return frozenset((*self.oidc, *self.wallets, *self.vendors))

    @classmethod
    def parse(cls, document: str | bytes) -> Self:
        """Read a trust document from JSON.

        Raises:
            TrustBroken: It is not JSON, or entries are missing, unknown or of the wrong kind; the
                message names each one.
        """
        try:
            return cls.model_validate_json(document)
        except ValidationError as error:
            faults = (
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors(include_input=False)
            )
            raise TrustBroken(f"The trust document is broken: {'; '.join(faults)}") from None


NO_TRUST = Trust()
