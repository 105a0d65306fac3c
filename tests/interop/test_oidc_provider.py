"""Our sign-in at `oidc-provider`, another implementation of OpenID Connect.

Needs Node 20, npm and its registry: part of `make test-deep`, where it fails if they are missing.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey

from civic.identity.adapters.token_endpoint_http import HttpTokenEndpoint
from civic.identity.errors import ProviderFailed
from civic.identity.model.proof import Identifier, ProofLevel, Proven
from civic.identity.model.trust import OidcProvider, Trust
from civic.identity.proofs.oidc import verify_id_token
from civic.identity.proofs.statement import Answer
from civic.identity.usecases.proofing import Proofing, Returned, begin, come_back
from civic.lab.memory.keys import MemoryKeyRing
from civic.lab.memory.proofs import (
    MemoryEvidence,
    MemoryProofSessions,
    MemoryTokenSigner,
    MemoryTrust,
)
from tests.fakes.pipeline import Entropy

HERE = Path(__file__).parent / "oidc"
CLIENT, BACK = "civic-office", "https://api.example/proofs/callback"
HIGH, SUBSTANTIAL = "urn:example:high", "urn:example:substantial"
KIND = "example/national-number"
PERSON = {
    "given_name": "Erika",
    "family_name": "Mustermann",
    "birthdate": "1984-08-12",
    "national_number": "4711",
}
_SECONDS = 180
_HOPS = 8

pytestmark = [pytest.mark.deep, pytest.mark.allow_hosts(["127.0.0.1"])]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the locked package."""
    made = tmp_path_factory.mktemp("oidc-provider")
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(HERE / name, made)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=made, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return made


@dataclass
class Office:
    """Proofing in memory, at a provider of another make."""

    proofing: Proofing
    opener: MemoryEvidence
    provider: OidcProvider
    trust: Trust

    def sign_in(self) -> tuple[str, str]:
        """Begin, and sign in; return the session and where the browser is led to."""
        started = begin(self.proofing, "national")
        url = started.url
        with httpx.Client(trust_env=False) as browser:
            for _ in range(_HOPS):
                answer = browser.get(url)
                assert answer.is_redirect, answer.text
                url = str(answer.url.join(answer.headers["location"]))
                if url.startswith(BACK):
                    return started.session.id, url
        raise AssertionError(url)

    def proven(self) -> Proven:
        session, url = self.sign_in()
        come_back(self.proofing, returned(url))
        there = self.proofing.sessions.get(session)
        assert there is not None
        found = self.proofing.sessions.evidence(there)
        assert found is not None
        answer = Answer.from_bytes(self.opener.open(found[0]))
        return verify_id_token(answer.body, answer.stated(self.trust), self.provider)


def returned(url: str) -> Returned:
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    return Returned(query["state"], query.get("code"), query.get("iss"))


@contextmanager
def running(place: Path, acr: str | None) -> Iterator[Office]:
    signer, key = MemoryTokenSigner(), ECKey.generate_key("P-256", {"kid": "p-1", "use": "sig"})
    settings: dict[str, Any] = {
        "client": CLIENT,
        "redirect": BACK,
        "jwks": {"keys": [dict(signer.public())]},
        "keys": {"keys": [key.as_dict(private=True)]},
        "acr": acr,
        "person": PERSON,
    }
    command = ["node", "provider.mjs", json.dumps(settings)]
    process = subprocess.Popen(
        command,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        issuer = json.loads(process.stdout.readline())["issuer"]
        document = {
            "statement_keys": [dict(signer.public())],
            "oidc": {
                "national": {
                    "issuer": issuer,
                    "client_id": CLIENT,
                    "authorization_endpoint": f"{issuer}/auth",
                    "token_endpoint": f"{issuer}/token",
                    "redirect_uri": BACK,
                    "keys": [key.as_dict(private=False)],
                    "algorithms": ["ES256"],
                    "levels": {HIGH: "high", SUBSTANTIAL: "substantial"},
                    "identifier": {"claim": "national_number", "kind": KIND},
                }
            },
        }
        trust = Trust.parse(json.dumps(document))
        yield office(trust, signer)
    finally:
        process.kill()
        process.communicate()


def office(trust: Trust, signer: MemoryTokenSigner) -> Office:
    ring, store = MemoryKeyRing(), MemoryTrust()
    ring.add()
    store.replace(trust)
    sealing, now = MemoryEvidence(ring), lambda: datetime.now(UTC)
    proofing = Proofing(
        MemoryProofSessions(now), store, sealing, signer, HttpTokenEndpoint(), now, Entropy()
    )
    return Office(proofing, sealing, trust.oidc["national"], trust)


@pytest.fixture
def at(place: Path) -> Iterator[Callable[[str | None], Office]]:
    """Give an office at a provider that signs people in at a level."""
    with ExitStack() as stack:
        yield lambda acr: stack.enter_context(running(place, acr))


def test_a_sign_in_at_another_implementation_proves_who_somebody_is(
    at: Callable[[str | None], Office],
) -> None:
    proven = at(HIGH).proven()
    assert proven.level is ProofLevel.HIGH
    assert proven.full_name == "Erika Mustermann"
    assert str(proven.birth_date) == "1984-08-12"
    assert proven.identifier == Identifier(KIND, "4711")


def test_its_code_works_once_and_for_its_own_session_only(
    at: Callable[[str | None], Office],
) -> None:
    there = at(HIGH)
    _, mine = there.sign_in()
    _, theirs = there.sign_in()
    swapped = Returned(returned(mine).state, returned(theirs).code, returned(mine).issuer)
    with pytest.raises(ProviderFailed):
        come_back(there.proofing, swapped)


def test_a_level_that_it_was_only_asked_for_does_not_count(
    at: Callable[[str | None], Office],
) -> None:
    proven = at(None).proven()
    assert proven.level is ProofLevel.NONE
    assert proven.identifier is None
