"""Proving who somebody is over HTTP, from the sign-in to the evidence; and those who cheat."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from civic.contracts.events import Decision
from civic.identity.model.proof import ProofLevel
from civic.identity.model.registration import Evidence
from civic.identity.model.trust import Trust
from civic.identity.usecases.proving import examine
from civic.lab.provider.provider import (
    HIGH,
    KIND,
    SUBSTANTIAL,
    Holder,
    IdentityProvider,
    SignInRefused,
)
from tests.fakes.pipeline import NOW, Pipeline
from tests.strategies.registrations import person
from tests.unit.identity.test_proving import asking

ISSUER, BACK = "https://id.example", "https://api.example/proofs/callback"
ERIKA = Holder("Erika", "Mustermann", "1984-08-12", "4711")
KARLA = Holder("Karla", "Kolumna", "1990-01-01", "4712")
BEGIN, COME_BACK = "POST /proofs", "GET /proofs/callback"
TAKE = "POST /proofs/{id}/evidence"


class Town(Pipeline):
    """A pipeline with an identity provider that answers over its token endpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.validation = replace(self.validation, rules=asking("substantial"))
        keys = (self.token_signer.public(),)
        self.provider = IdentityProvider(ISSUER, BACK, keys, lambda: self.now)
        self.token_endpoint.answer = lambda form: json.dumps(self.provider.redeem(form)).encode()
        self.trust_in(self.provider.trusted())

    def trust_in(self, trusted: dict[str, Any]) -> None:
        document = {"statement_keys": [self.token_signer.public()], "oidc": {"national": trusted}}
        self.trust.replace(Trust.parse(json.dumps(document)))

    def begin(self, provider: str = "national") -> dict[str, Any]:
        answer = self.http(BEGIN, json.dumps({"method": "oidc", "provider": provider}))
        assert answer["statusCode"] == HTTPStatus.CREATED, answer
        found: dict[str, Any] = json.loads(answer["body"])
        return found

    def signed_in(self, begun: dict[str, Any], holder: Holder = ERIKA) -> dict[str, str]:
        """Sign somebody in; return the query with which their browser comes back."""
        ticket = self.provider.authorize(query_of(begun["url"]))
        return query_of(self.provider.sign_in(ticket, holder))

    def come_back(self, query: dict[str, str]) -> dict[str, Any]:
        return self.http(COME_BACK, query=query)

    def confirmed(self, begun: dict[str, Any], holder: Holder = ERIKA) -> str:
        """Return the code that is shown to whoever signed in."""
        answer = self.come_back(self.signed_in(begun, holder))
        assert answer["statusCode"] == HTTPStatus.OK, answer
        return str(answer["body"].partition("<code>")[2].partition("</code>")[0])

    def take(self, begun: dict[str, Any], code: str, **changes: str) -> dict[str, Any]:
        parts = {"path": {"id": begun["id"]}, "token": begun["secret"], **changes}
        return self.http(TAKE, json.dumps({"code": code}), **parts)

    def proof_of(self, holder: Holder = ERIKA) -> dict[str, Any]:
        begun = self.begin()
        answer = self.take(begun, self.confirmed(begun, holder))
        assert answer["statusCode"] == HTTPStatus.OK, answer
        found: dict[str, Any] = json.loads(answer["body"])["evidence"]
        return found


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def code_of(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["statusCode"], json.loads(answer["body"])["code"]


@pytest.fixture
def town() -> Town:
    return Town()


def test_who_signs_in_can_register_with_what_they_get(town: Town) -> None:
    given = person().model_dump(mode="json", exclude_none=True) | {"evidence": town.proof_of()}
    answer = json.loads(town.http("POST /registrations", json.dumps(given))["body"])
    town.drain()
    where = {"path": {"id": answer["id"]}, "token": answer["access_token"]}
    status = json.loads(town.http("GET /registrations/{id}", **where)["body"])
    assert status["decision"] == Decision.ACCEPTED
    assert status["proof"] == {
        "method": "oidc",
        "level": "substantial",
        "issuer": ISSUER,
        "day": NOW.date().isoformat(),
    }
    disclosed = json.loads(town.http("GET /registrations/{id}/data", **where)["body"])
    assert disclosed["data"]["evidence"] == given["evidence"]
    assert disclosed["decision"]["proof"] == status["proof"]


def test_what_is_proven_is_what_the_token_says(town: Town) -> None:
    town.provider.acr = HIGH
    given = person(evidence=Evidence.model_validate_json(json.dumps(town.proof_of())))
    proven = examine(town.validation.proofs, given, NOW).proven
    assert proven is not None
    assert (proven.level, proven.full_name) == (ProofLevel.HIGH, "Erika Mustermann")
    assert proven.identifier is not None
    assert (proven.identifier.kind, proven.identifier.value) == (KIND, "4711")


def test_the_sign_in_is_asked_for_with_everything_that_binds_it(town: Town) -> None:
    begun = town.begin()
    asked = query_of(begun["url"])
    assert begun["url"].startswith(f"{ISSUER}/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["acr_values"].split()[:2] == [HIGH, SUBSTANTIAL]
    assert json.loads(asked["claims"])["id_token"]["acr"]["essential"] is True
    assert len({asked["state"], asked["nonce"], asked["code_challenge"], begun["secret"]}) == 4
    (session,) = town.sessions.rows.values()
    assert session.verifier not in begun["url"]
    another = query_of(town.begin()["url"])
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name] != another[name]


def test_nothing_that_is_kept_or_logged_says_who_it_is(town: Town) -> None:
    begun = town.begin()
    back = town.signed_in(begun)
    town.come_back(back)
    kept = repr((town.sessions.rows, town.sessions.answers, town.log.lines))
    for secret in ("Mustermann", "4711", begun["secret"], back["code"], back["state"]):
        assert secret not in kept


def test_the_page_with_the_code_loads_nothing_and_tells_nobody(town: Town) -> None:
    answer = town.come_back(town.signed_in(town.begin()))
    assert answer["headers"]["content-security-policy"].startswith("default-src 'none'")
    assert answer["headers"]["referrer-policy"] == "no-referrer"
    assert answer["headers"]["cache-control"] == "no-store"


def test_whom_the_office_does_not_trust_nobody_is_led_to(town: Town) -> None:
    answer = town.http(BEGIN, json.dumps({"method": "oidc", "provider": "elsewhere"}))
    assert code_of(answer) == (HTTPStatus.NOT_FOUND, "provider_unknown")


def test_a_state_works_once(town: Town) -> None:
    begun = town.begin()
    back = town.signed_in(begun)
    assert town.come_back(back)["statusCode"] == HTTPStatus.OK
    assert code_of(town.come_back(back)) == (HTTPStatus.CONFLICT, "proof_used")
    fresh = town.signed_in(begun)
    assert code_of(town.come_back(fresh)) == (HTTPStatus.CONFLICT, "proof_used")


def test_a_state_that_nobody_was_given_leads_nowhere(town: Town) -> None:
    begun = town.begin()
    back = town.signed_in(begun)
    name, _, mark = back["state"].partition(".")
    another = query_of(town.begin()["url"])["state"]
    for state in ("", name, f"{name}.", f"{name}.{mark[:-1]}", f"{another}.{mark}", "é", "x" * 999):
        answer = town.come_back(back | {"state": state})
        assert code_of(answer) == (HTTPStatus.NOT_FOUND, "no_such_proof")
    assert town.come_back({"code": back["code"]})["statusCode"] == HTTPStatus.NOT_FOUND
    # None of this has used the true one up.
    assert town.come_back(back)["statusCode"] == HTTPStatus.OK


def test_a_state_is_over_after_its_time(town: Town) -> None:
    back = town.signed_in(town.begin())
    town.now += timedelta(minutes=15)
    assert code_of(town.come_back(back)) == (HTTPStatus.NOT_FOUND, "no_such_proof")


@contextmanager
def refusing() -> Iterator[None]:
    with pytest.raises(SignInRefused):
        yield


def test_a_code_of_another_session_is_not_redeemed(town: Town) -> None:
    """Somebody brings the code of another person's sign-in under a session of their own."""
    mine, theirs = town.begin(), town.begin()
    stolen = town.signed_in(theirs, KARLA)["code"]
    back = town.signed_in(mine) | {"code": stolen}
    refused: list[str] = []

    def redeem(form: Any) -> bytes:
        try:
            return json.dumps(town.provider.redeem(form)).encode()
        except SignInRefused as refusal:
            refused.append(str(refusal))
            return b'{"error": "invalid_grant"}'

    town.token_endpoint.answer = redeem
    assert code_of(town.come_back(back)) == (HTTPStatus.BAD_GATEWAY, "provider_failed")
    assert refused == ["invalid_grant"]
    assert code_of(town.take(mine, "0000-0000-0000-0000"))[1] == "proof_not_answered"


def test_a_token_of_another_session_proves_nothing(town: Town) -> None:
    """Even a provider without PKCE gives nobody the proof of somebody else."""
    theirs = town.signed_in(town.begin(), KARLA)
    stolen = town.provider._codes[theirs["code"]]
    (session, *_) = town.sessions.rows.values()
    form = {"code": theirs["code"], "redirect_uri": BACK, "code_verifier": session.verifier}
    assertion = town.token_signer.sign(
        "JWT",
        {
            "iss": "civic-office",
            "sub": "civic-office",
            "aud": ISSUER,
            "jti": "1",
            "iat": int(NOW.timestamp()),
            "exp": int(NOW.timestamp()) + 60,
        },
    )
    form |= {
        "client_assertion": assertion,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert stolen.holder == KARLA
    token = town.provider.redeem(form)
    town.token_endpoint.answer = lambda _form: json.dumps(token).encode()
    evidence = town.proof_of()
    given = person(evidence=Evidence.model_validate_json(json.dumps(evidence)))
    assert examine(town.validation.proofs, given, NOW).refused


def test_another_issuer_than_the_one_that_was_asked_is_refused(town: Town) -> None:
    back = town.signed_in(town.begin())
    answer = town.come_back(back | {"iss": "https://id.evil.example"})
    assert code_of(answer) == (HTTPStatus.BAD_GATEWAY, "provider_failed")


def test_who_is_not_let_in_brings_no_code(town: Town) -> None:
    begun = town.begin()
    state = query_of(begun["url"])["state"]
    answer = town.come_back({"state": state, "error": "access_denied"})
    assert code_of(answer) == (HTTPStatus.BAD_GATEWAY, "provider_failed")
    assert code_of(town.take(begun, "x"))[1] == "proof_not_answered"


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b"{}", b'{"id_token": 5}', b'{"id_token": "\\u00e9"}', b"[" * 99_999],
)
def test_a_provider_that_answers_nonsense_has_failed(town: Town, answer: bytes) -> None:
    back = town.signed_in(town.begin())
    town.token_endpoint.answer = lambda _form: answer
    assert code_of(town.come_back(back)) == (HTTPStatus.BAD_GATEWAY, "provider_failed")


def test_an_answer_that_no_registration_could_bring_is_not_kept(town: Town) -> None:
    back = town.signed_in(town.begin())
    town.token_endpoint.answer = lambda _form: json.dumps({"id_token": "x" * 20_000}).encode()
    assert code_of(town.come_back(back)) == (HTTPStatus.BAD_GATEWAY, "provider_failed")


def test_evidence_is_for_whoever_has_the_secret_and_the_code(town: Town) -> None:
    begun, other = town.begin(), town.begin()
    code = town.confirmed(begun)
    for changes, found in (
        ({"token": other["secret"]}, (HTTPStatus.NOT_FOUND, "no_such_proof")),
        ({"path": {"id": other["id"]}}, (HTTPStatus.NOT_FOUND, "no_such_proof")),
        ({"path": {"id": "../registrations"}}, (HTTPStatus.NOT_FOUND, "no_such_proof")),
    ):
        assert code_of(town.take(begun, code, **changes)) == found
    for wrong in ("", "0000-0000-0000-0000", code[:-1], code + "0", "I" * 32):
        assert code_of(town.take(begun, wrong)) == (HTTPStatus.FORBIDDEN, "confirmation_wrong")
    typed = code.replace("-", " ").lower()
    assert town.take(begun, typed)["statusCode"] == HTTPStatus.OK


def test_a_link_sent_to_somebody_else_gives_nothing_without_their_code(town: Town) -> None:
    """Somebody begins a session, and has another person sign in by the link."""
    begun = town.begin()
    town.confirmed(begun, KARLA)
    for guess in ("", begun["secret"][:19], query_of(begun["url"])["state"][:32]):
        assert code_of(town.take(begun, guess)) == (HTTPStatus.FORBIDDEN, "confirmation_wrong")


def test_evidence_is_gone_after_its_time(town: Town) -> None:
    begun = town.begin()
    code = town.confirmed(begun)
    town.now += timedelta(minutes=15)
    assert code_of(town.take(begun, code)) == (HTTPStatus.NOT_FOUND, "no_such_proof")


def test_a_provider_that_is_no_longer_trusted_is_not_asked(town: Town) -> None:
    back = town.signed_in(town.begin())
    town.trust.replace(Trust())
    assert code_of(town.come_back(back))[1] == "provider_unknown"
