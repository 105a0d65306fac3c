"""A citizen's client of proofs of identity."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from civic.client.api_client import ApiClient


@dataclass(frozen=True, slots=True)
class ProofUnderWay:
    """A proof that has begun: where to sign in, and the secret with which to come for it."""

    id: str
    secret: str = field(repr=False)
    url: str = field(repr=False)
    expires_at: str = ""


class Prover(ApiClient):
    """Calls the API of one stack; safe to share between threads."""

    def begin(self, provider: str) -> ProofUnderWay:
        """Begin to prove who somebody is, at an identity provider."""
        body = self.call("POST", "/proofs", json={"method": "oidc", "provider": provider})
        return ProofUnderWay(body["id"], body["secret"], body["url"], body["expires_at"])

    def take(self, proof: ProofUnderWay, code: str) -> dict[str, Any]:
        """Return the evidence, for the code that was shown after the sign-in."""
        path = f"/proofs/{quote(proof.id, safe='')}/evidence"
        evidence: dict[str, Any] = self.call("POST", path, proof.secret, json={"code": code})[
            "evidence"
        ]
        return evidence
