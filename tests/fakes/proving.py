"""An identity provider, and proofing's key: what it takes to make evidence, genuine or not."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from civic.contracts.base64url import encode
from civic.identity.model.proof import ProofLevel, ProofMethod
from civic.identity.model.registration import Evidence
from civic.identity.model.trust import IdentifyingClaim, OidcProvider, Trust
from civic.identity.proofs.statement import STATEMENT_TYPE, Answer, Statement, digest_of
from civic.lab.memory.proofs import MemoryEvidence
from tests.fakes.pipeline import NOW

ISSUER, CLIENT, NONCE = "https://id.example", "civic-office", "nonce-of-the-session"
HIGH, SUBSTANTIAL = "https://id.example/loa/high", "https://id.example/loa/substantial"
KIND = "example/national-number"
ANSWERED = NOW - timedelta(minutes=3)
ID_KEY, ID_KID = "national", "id-1"


@cache
def key(name: str) -> ECKey:
    """Return a key pair of a name."""
    return ECKey.generate_key("P-256", {"kid": ID_KID if name == ID_KEY else name})


def public(name: str) -> dict[str, Any]:
    return dict(key(name).as_dict(private=False))


def provider(**changes: Any) -> OidcProvider:
    return OidcProvider.model_validate(
        {
            "issuer": ISSUER,
            "client_id": CLIENT,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "redirect_uri": "https://api.example/proofs/callback",
            "keys": (public(ID_KEY),),
            "levels": {HIGH: ProofLevel.HIGH, SUBSTANTIAL: ProofLevel.SUBSTANTIAL},
            "identifier": IdentifyingClaim(claim="national_number", kind=KIND),
            **changes,
        }
    )


def trust(**changes: Any) -> Trust:
    return Trust(statement_keys=(public("proofing"),), oidc={"national": provider(**changes)})


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of an ID token about the person of the tests; None takes one out."""
    made = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "pairwise-1",
        "nonce": NONCE,
        "iat": seconds(ANSWERED),
        "exp": seconds(ANSWERED) + 300,
        "auth_time": seconds(ANSWERED) - 60,
        "acr": HIGH,
        "given_name": "Erika",
        "family_name": "Mustermann",
        "birthdate": "1984-08-12",
        "national_number": "4711",
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(payload: dict[str, Any], name: str = ID_KEY, **header: Any) -> str:
    """Return a token signed by the key of a name."""
    full = {"alg": "ES256", "kid": key(name).kid, **header}
    full = {one: value for one, value in full.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[full["alg"]], strict_check_header=False)
    return jws.serialize_compact(full, json.dumps(payload), key(name), registry=registry)


STATEMENT = Statement(
    session="session-1",
    method=ProofMethod.OIDC,
    provider="national",
    nonce=NONCE,
    answered_at=ANSWERED.replace(microsecond=0),
    digest="",
)


def answer(body: str, by: str = "proofing", **changes: Any) -> Answer:
    """Return an answer with the statement of proofing, or of somebody else."""
    stated = replace(STATEMENT, **{"digest": digest_of(body), **changes})
    return Answer(signed(stated.claims(), by, typ=STATEMENT_TYPE), body)


def evidence(sealing: MemoryEvidence, made: Answer) -> Evidence:
    return Evidence(method=ProofMethod.OIDC, sealed=encode(sealing.seal(made.to_bytes())))
