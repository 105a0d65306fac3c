"""An issuer of person identification data, as SD-JWT VC with a status list."""

import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from joserfc import jws
from joserfc.jwk import ECKey

from civic.contracts import base64url

PID_TYPE = "urn:eudi:pid:1"
ALGORITHM = "ES256"
_LIFE = timedelta(days=90)
_LIST_LIFE = timedelta(hours=12)
_STATUSES = 1 << 10


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential as a wallet keeps it: the issuer-signed token, and every disclosure by name."""

    token: str
    disclosures: Mapping[str, str] = field(repr=False)

    def presenting(self, *names: str) -> str:
        """Return the credential with the disclosures of these claims, not yet bound."""
        return "~".join((self.token, *(self.disclosures[name] for name in names), ""))


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer of credentials and the list of what it has revoked."""

    issuer: str
    status_uri: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"), repr=False)
    certificates: tuple[str, ...] = ()
    """In base64 of DER, the first being that of the key; empty to sign by the key alone."""
    revoked: set[int] = field(default_factory=set)

    @property
    def jwk(self) -> dict[str, object]:
        """The public key."""
        return dict(self.key.as_dict(private=False))

    def issue(
        self,
        claims: Mapping[str, object],
        holder: ECKey,
        at: datetime,
        *,
        changes: Mapping[str, object] | None = None,
        status: int | None = 0,
    ) -> Issued:
        """Return a credential of these claims, each disclosed only if the holder wants.

        Args:
            claims: What it says of the person.
            holder: The key it is bound to.
            at: When it is issued.
            changes: Members of the token that are to be other than usual; None leaves one out.
            status: Its index in the status list; None for a credential without status.
        """
        disclosures = {name: _disclosure(name, value) for name, value in claims.items()}
        payload: dict[str, object] = {
            "iss": self.issuer,
            "vct": PID_TYPE,
            "iat": int(at.timestamp()),
            "exp": int((at + _LIFE).timestamp()),
            "cnf": {"jwk": holder.as_dict(private=False)},
            "_sd_alg": "sha-256",
            "_sd": sorted(map(digest, disclosures.values())),
        }
        if status is not None:
            payload["status"] = {"status_list": {"idx": status, "uri": self.status_uri}}
        payload |= changes or {}
        present = {name: value for name, value in payload.items() if value is not None}
        return Issued(self.sign("dc+sd-jwt", present), disclosures)

    def status_list(self, at: datetime, **changes: object) -> str:
        """Return the status list token as it is at a moment."""
        octets = bytearray(_STATUSES // 8)
        for index in self.revoked:
            octets[index // 8] |= 1 << index % 8
        payload = {
            "sub": self.status_uri,
            "iat": int(at.timestamp()),
            "exp": int((at + _LIST_LIFE).timestamp()),
            "status_list": {"bits": 1, "lst": base64url.encode(zlib.compress(bytes(octets), 9))},
        } | changes
        return self.sign("statuslist+jwt", payload)

    def sign(self, of_type: str, payload: Mapping[str, object]) -> str:
        """Return a token of a type, signed by the issuer."""
        header = {"x5c": list(self.certificates)} if self.certificates else {}
        return sign(of_type, payload, self.key, header)


def sign(
    of_type: str,
    payload: Mapping[str, object],
    key: ECKey,
    header: Mapping[str, object] | None = None,
) -> str:
    """Return a token of a type, signed by a key."""
    protected = {"alg": ALGORITHM, "typ": of_type, **(header or {})}
    registry = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
    return jws.serialize_compact(protected, json.dumps(payload), key, registry=registry)


def digest(disclosure: str) -> str:
    """Return the digest of a disclosure (RFC 9901 section 4.2.3)."""
    return base64url.encode(sha256(disclosure.encode()).digest())


def _disclosure(name: str, value: object) -> str:
    salt = base64url.encode(secrets.token_bytes(16))
    return base64url.encode(json.dumps([salt, name, value]).encode())
