"""Proving who somebody is, in the deployed stack: from the commands of the office to a status."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen
from civic.client.proving import Prover
from civic.lab.provider.browser import confirmation_code, sign_in
from civic.lab.provider.provider import HIGH, Holder, IdentityProvider
from civic.lab.provider.server import ProviderServer
from civic.operator.proofs import our_key
from civic.stack.target import Target
from tests.integration.conftest import Command
from tests.integration.people import idempotency_key, person
from tests.integration.rows import rows
from tests.integration.waiting import decided


@pytest.fixture
def provider(target: Target, civic: Command, tmp_path: Path) -> Iterator[IdentityProvider]:
    """Give a provider on the loopback interface that the office has begun to trust."""
    back = f"{target.api_url}/proofs/callback"
    with ProviderServer() as server:
        keys = (our_key(target),)
        server.provider = IdentityProvider(server.issuer, back, keys, lambda: datetime.now(UTC))
        document = tmp_path / "trust.json"
        document.write_text(json.dumps({"oidc": {"lab": server.provider.trusted()}}), "utf-8")
        assert civic("proofs", "trust", document) == 0
        yield server.provider


def holder(payload: dict[str, Any]) -> Holder:
    """Return the person of a payload as the provider knows them."""
    given, _, family = payload["full_name"].partition(" ")
    return Holder(given, family, payload["date_of_birth"], "4711")


def test_who_signs_in_registers_with_a_proof(
    target: Target, citizen: Citizen, provider: IdentityProvider
) -> None:
    provider.acr = HIGH
    payload = person()
    with Prover(target.api_url, local=True) as prover:
        begun = prover.begin("lab")
        back = sign_in(begun.url, holder(payload))
        page = httpx.get(back, trust_env=False)
        assert page.status_code == httpx.codes.OK, page.text
        with pytest.raises(Refused, match="confirmation_wrong"):
            prover.take(begun, "0000-0000-0000-0000")
        evidence = prover.take(begun, confirmation_code(page.text))
        # The state has come back.
        assert httpx.get(back, trust_env=False).status_code == httpx.codes.CONFLICT
    receipt = citizen.register(payload | {"evidence": evidence}, idempotency_key())
    decided(citizen, receipt)
    proof = citizen.status(receipt)["proof"]
    assert (proof["level"], proof["issuer"]) == ("high", provider.issuer)
    assert citizen.data(receipt)["data"]["evidence"] == evidence
    stored = repr(list(rows(target, "ProofSessionsName")))
    assert payload["full_name"].partition(" ")[2] not in stored
    assert evidence["sealed"] not in stored
