"""From the sign-in to an accepted registration, with every adapter as it is deployed.

The laboratory's provider answers over HTTP, and a person with a browser signs in there.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from civic.identity.adapters.token_signer_kms import public_jwk
from civic.identity.adapters.trust_dynamodb import DynamoDbTrust
from civic.identity.functions import validator
from civic.identity.model.registration import Consent
from civic.identity.model.trust import Trust
from civic.lab.provider.browser import confirmation_code, sign_in
from civic.lab.provider.provider import Holder, IdentityProvider
from civic.lab.provider.server import ProviderServer
from civic.runtime import clients
from tests.fakes.deployment import Deployment
from tests.strategies.registrations import person
from tests.unit.identity.test_proving import asking

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ERIKA = Holder("Erika", "Mustermann", "1984-08-12", "4711")
BACK = "https://api.example/proofs/callback"


@pytest.fixture
def provider(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    """Give a provider that the office trusts, in a country that asks for a proof."""
    ours = public_jwk(clients.kms(), deployment.aws.proof_key_id)
    validation = replace(validator.validation(), rules=asking("substantial"))
    monkeypatch.setattr(validator, "validation", lambda: validation)
    with ProviderServer() as server:
        issuer = server.issuer
        server.provider = IdentityProvider(issuer, BACK, (ours,), lambda: datetime.now(UTC))
        document = {"statement_keys": [ours], "oidc": {"lab": server.provider.trusted()}}
        store = DynamoDbTrust(clients.dynamodb(), "trusted-providers", clients.now)
        store.replace(Trust.parse(json.dumps(document)))
        yield server.provider


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["statusCode"] < HTTPStatus.BAD_REQUEST, answer
    body: dict[str, Any] = json.loads(answer["body"])
    return body


def proven(deployment: Deployment, holder: Holder) -> dict[str, Any]:
    begun = body_of(
        deployment.http("POST /proofs", json.dumps({"method": "oidc", "provider": "lab"}))
    )
    back = urlsplit(sign_in(begun["url"], holder))
    query = {name: value for name, (value,) in parse_qs(back.query).items()}
    shown = deployment.http("GET /proofs/callback", query=query)
    assert shown["statusCode"] == HTTPStatus.OK, shown
    code = confirmation_code(shown["body"])
    taken = deployment.http(
        "POST /proofs/{id}/evidence",
        json.dumps({"code": code}),
        path={"id": begun["id"]},
        token=begun["secret"],
    )
    evidence: dict[str, Any] = body_of(taken)["evidence"]
    return evidence


def registered(deployment: Deployment, **changes: Any) -> dict[str, Any]:
    # The clock is the true one here.
    consent = Consent(text_version="2027-1", given_at="2024-06-01T12:00:00Z")
    given = person(consent=consent).model_dump(mode="json", exclude_none=True) | changes
    made = body_of(deployment.http("POST /registrations", json.dumps(given)))
    deployment.deliver()
    assert deployment.failures == []
    where = {"path": {"id": made["id"]}, "token": made["access_token"]}
    return body_of(deployment.http("GET /registrations/{id}", **where))


def test_who_signs_in_is_accepted(deployment: Deployment, provider: IdentityProvider) -> None:
    assert registered(deployment)["decision"] == "rejected"
    status = registered(deployment, evidence=proven(deployment, ERIKA))
    assert status["decision"] == "accepted"
    assert status["proof"]["issuer"] == provider.issuer
    assert status["proof"]["level"] == "substantial"


def test_what_the_provider_says_is_nowhere_in_clear(
    deployment: Deployment, provider: IdentityProvider
) -> None:
    evidence = proven(deployment, ERIKA)
    registered(deployment, evidence=evidence)
    stored = repr(
        [deployment.aws.items(table) for table in ("proof-sessions", "decisions", "vault")]
    )
    for secret in ("Mustermann", "4711", "eyJ", evidence["sealed"]):
        assert secret not in stored
        assert secret not in repr(deployment.aws.published)
    assert provider.issuer in stored


def test_a_level_that_the_provider_does_not_say_is_not_enough(
    deployment: Deployment, provider: IdentityProvider
) -> None:
    provider.acr = None
    status = registered(deployment, evidence=proven(deployment, ERIKA))
    assert (status["decision"], status["reasons"][0]["code"]) == ("rejected", "proof_level_low")


def test_somebody_else_waits_for_people(deployment: Deployment, provider: IdentityProvider) -> None:
    karla = replace(ERIKA, given_name="Karla")
    status = registered(deployment, evidence=proven(deployment, karla))
    assert (status["decision"], status["reasons"][0]["code"]) == ("review", "proof_contradicts")
    assert provider.acr


@pytest.mark.parametrize("table", ["proof-sessions", "trusted-providers"])
def test_without_a_store_nothing_is_begun(
    deployment: Deployment, provider: IdentityProvider, table: str
) -> None:
    assert provider.issuer
    operation = "PutItem" if table == "proof-sessions" else "GetItem"
    deployment.aws.fail("dynamodb", operation, "InternalServerError")
    answer = deployment.http("POST /proofs", json.dumps({"method": "oidc", "provider": "lab"}))
    assert answer["statusCode"] == HTTPStatus.SERVICE_UNAVAILABLE


def test_without_kms_a_sign_in_is_not_lost_silently(
    deployment: Deployment, provider: IdentityProvider
) -> None:
    assert provider.issuer
    deployment.aws.fail("kms", "Sign", "KMSInternalException")
    begun = body_of(
        deployment.http("POST /proofs", json.dumps({"method": "oidc", "provider": "lab"}))
    )
    back = urlsplit(sign_in(begun["url"], ERIKA))
    query = {name: value for name, (value,) in parse_qs(back.query).items()}
    shown = deployment.http("GET /proofs/callback", query=query)
    assert shown["statusCode"] == HTTPStatus.SERVICE_UNAVAILABLE
