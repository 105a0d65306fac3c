"""A wallet: it holds one credential, and presents of it what a request asks for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jwe
from joserfc.jwk import ECKey

from civic.lab.wallets.issuing import Issued, digest, sign


class NotHeld(Exception):
    """The wallet has nothing of what a request asks for."""


@dataclass(slots=True)
class Wallet:
    """A wallet of one person."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"), repr=False)
    held: Issued | None = field(default=None, repr=False)

    def answer(self, request: Mapping[str, Any], at: datetime) -> str:
        """Return the encrypted answer to a request object, whose signature was checked."""
        (query,) = request["dcql_query"]["credentials"]
        presented = self.present(
            self._asked(query), nonce=request["nonce"], audience=request["client_id"], at=at
        )
        metadata = request["client_metadata"]
        return encrypt(
            {"vp_token": {query["id"]: [presented]}},
            metadata["jwks"]["keys"][0],
            metadata["encrypted_response_enc_values_supported"][0],
        )

    def present(self, names: tuple[str, ...], *, nonce: str, audience: str, at: datetime) -> str:
        """Return a presentation of some claims, bound to a request."""
        if self.held is None:
            raise NotHeld
        return self.bind(self.held.presenting(*names), nonce=nonce, audience=audience, at=at)

    def bind(self, unbound: str, *, nonce: str, audience: str, at: datetime) -> str:
        """Return a presentation with its key binding."""
        payload = {
            "iat": int(at.timestamp()),
            "aud": audience,
            "nonce": nonce,
            "sd_hash": digest(unbound),
        }
        return unbound + sign("kb+jwt", payload, self.key)

    def _asked(self, query: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the claims of the first set that the wallet has all of (DCQL, section 6.4.1)."""
        if self.held is None:
            raise NotHeld
        paths = {claim["id"]: claim["path"][0] for claim in query["claims"]}
        for ids in query["claim_sets"]:
            names = tuple(paths[each] for each in ids)
            if self.held.disclosures.keys() >= set(names):
                return names
        raise NotHeld


def encrypt(answer: Mapping[str, object], jwk: Mapping[str, Any], cipher: str) -> str:
    """Return an answer, encrypted to the key of a request."""
    header = {"alg": jwk["alg"], "enc": cipher, "kid": jwk["kid"]}
    key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    algorithms = [jwk["alg"], cipher]
    return jwe.encrypt_compact(header, json.dumps(answer), key, algorithms=algorithms)
