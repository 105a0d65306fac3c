"""Proving who somebody is with a wallet and at a vendor over HTTP; and those who cheat."""

import json
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from cryptography import x509
from joserfc.jwk import ECKey

from civic.contracts.base64url import decode, encode
from civic.contracts.events import Decision
from civic.identity.model.proof import Identifier, ProofLevel, ProofMethod
from civic.identity.model.proving import Examined
from civic.identity.model.registration import Evidence
from civic.identity.model.trust import Trust
from civic.identity.proofs.openid4vp import Posted
from civic.identity.proofs.statement import Answer
from civic.identity.usecases.proving import examine
from civic.lab.wallets.asked import read_request
from civic.lab.wallets.authority import Authority
from civic.lab.wallets.checking import Vendor, body_of
from civic.lab.wallets.holding import Wallet
from civic.lab.wallets.issuing import PID_TYPE, Issuer
from civic.terminal.failures import CommandFailed
from tests.fakes.pipeline import NOW, Pipeline
from tests.strategies.registrations import person
from tests.unit.identity.test_proving import asking

API = "https://api.example"
BEGIN, TAKE = "POST /proofs", "POST /proofs/{id}/evidence"
REQUEST, RESPONSE = "GET /proofs/{state}/request", "POST /proofs/{state}/response"
WEBHOOK, SHOW = "POST /proofs/webhook", "GET /proofs/confirmation"
LATER = NOW + timedelta(days=30)
FORM = "application/x-www-form-urlencoded"
ERIKA = {
    "family_name": "Mustermann",
    "given_name": "Erika",
    "birthdate": "1984-08-12",
    "personal_administrative_number": "4711",
}


class Town(Pipeline):
    """A pipeline with an issuer, a wallet and a vendor."""

    def __init__(self) -> None:
        super().__init__()
        self.validation = replace(self.validation, rules=asking("substantial"))
        self.root = Authority("access certificates", until=LATER)
        signer = ECKey.import_key(dict(self.token_signer.public()))
        self.issuer = Issuer("https://pid.example", "https://pid.example/status/1")
        self.wallet = Wallet()
        self.hold()
        self.vendor = Vendor()
        wallets = {
            "address": API,
            "certificates": [self.root.certify_asker(signer, LATER)],
            "issuers": [
                {
                    "issuer": self.issuer.issuer,
                    "level": "high",
                    "types": [PID_TYPE],
                    "keys": [self.issuer.jwk],
                    "identifier": {"claim": "personal_administrative_number", "kind": "DE"},
                    "status_lists": [self.issuer.status_uri],
                }
            ],
        }
        vendors = {
            "vendor": "checks.example",
            "level": "substantial",
            "starts_at": "https://checks.example/start?lang=en",
            "address": API,
            "keys": [self.vendor.public_key],
        }
        self.document: dict[str, Any] = {
            "statement_keys": [self.token_signer.public()],
            "wallets": {"eu": wallets},
            "vendors": {"checks": vendors},
        }
        self.use(self.document)
        self.fetch_lists()

    def use(self, document: dict[str, Any]) -> None:
        self.trust.replace(Trust.parse(json.dumps(document)))

    def hold(self, *, changes: dict[str, object] | None = None, status: int | None = 7) -> None:
        self.wallet.held = self.issuer.issue(
            ERIKA, self.wallet.key, self.now - timedelta(days=1), changes=changes, status=status
        )

    def fetch_lists(self) -> None:
        self.status_lists.keep(self.issuer.status_uri, self.issuer.status_list(self.now))

    def begin(self, method: str = "wallet", provider: str = "eu") -> dict[str, Any]:
        answer = self.http(BEGIN, json.dumps({"method": method, "provider": provider}))
        assert answer["statusCode"] == HTTPStatus.CREATED, answer
        found: dict[str, Any] = json.loads(answer["body"])
        return found

    def request(self, begun: dict[str, Any]) -> dict[str, Any]:
        """Return what the wallet finds at the address, having looked who asks."""
        query = query_of(begun["url"])
        answer = self.http(REQUEST, path={"state": state_of(query["request_uri"])})
        assert answer["statusCode"] == HTTPStatus.OK, answer
        assert answer["headers"]["content-type"] == "application/oauth-authz-req+jwt"
        return dict(read_request(answer["body"], query["client_id"], [self.root.certificate]))

    def respond(self, request: dict[str, Any], response: str | None = None) -> dict[str, Any]:
        sent = response or self.wallet.answer(request, self.now)
        path = {"state": state_of(request["response_uri"])}
        return self.http(RESPONSE, urlencode({"response": sent}), path=path, content_type=FORM)

    def shown(self, led_back: dict[str, Any]) -> str:
        """Return the code on the page that the person is led to."""
        assert led_back["statusCode"] == HTTPStatus.OK, led_back
        place = json.loads(led_back["body"])["redirect_uri"]
        assert place.startswith(f"{API}/proofs/confirmation?")
        page = self.http(SHOW, query=query_of(place))
        assert page["statusCode"] == HTTPStatus.OK, page
        return str(page["body"].partition("<code>")[2].partition("</code>")[0])

    def take(self, begun: dict[str, Any], code: str) -> dict[str, Any]:
        parts = {"path": {"id": begun["id"]}, "token": begun["secret"]}
        return self.http(TAKE, json.dumps({"code": code}), **parts)

    def present(self) -> dict[str, Any]:
        begun = self.begin()
        return self.taken(begun, self.shown(self.respond(self.request(begun))))

    def taken(self, begun: dict[str, Any], code: str) -> dict[str, Any]:
        answer = self.take(begun, code)
        assert answer["statusCode"] == HTTPStatus.OK, answer
        found: dict[str, Any] = json.loads(answer["body"])["evidence"]
        return found

    def send(
        self, begun: dict[str, Any], *, by: Vendor | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Send the vendor's webhook."""
        check = {
            "reference": query_of(begun["url"])["reference"],
            "status": "approved",
            "liveness": "passed",
            "document_hash": "ab" * 32,
            "full_name": "Erika Mustermann",
            "birth_date": "1984-08-12",
            **changes,
        }
        body = body_of(check)
        headers = dict((by or self.vendor).headers("msg_1", body, self.now))
        return self.http(WEBHOOK, body.decode(), headers=headers)

    def check(self, **changes: Any) -> dict[str, Any]:
        begun = self.begin("vendor", "checks")
        return self.taken(begun, self.shown(self.send(begun, **changes)))

    def examined(self, evidence: dict[str, Any]) -> Examined:
        given = person(evidence=Evidence.model_validate_json(json.dumps(evidence)))
        return examine(self.validation.proofs, given, self.now)

    def opened(self, evidence: dict[str, Any]) -> Answer:
        sealed = Evidence.model_validate_json(json.dumps(evidence)).sealed
        return Answer.from_bytes(self.evidence.open(decode(sealed)))


def query_of(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def state_of(url: str) -> str:
    return urlsplit(url).path.split("/")[2]


def code_of(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["statusCode"], json.loads(answer["body"])["code"]


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.mark.parametrize(
    ("method", "level", "issuer"),
    [("wallet", "high", "https://pid.example"), ("vendor", "substantial", "checks.example")],
)
def test_who_proves_who_they_are_can_register(
    town: Town, method: str, level: str, issuer: str
) -> None:
    evidence = town.present() if method == "wallet" else town.check()
    given = person().model_dump(mode="json", exclude_none=True) | {"evidence": evidence}
    answer = json.loads(town.http("POST /registrations", json.dumps(given))["body"])
    town.drain()
    where = {"path": {"id": answer["id"]}, "token": answer["access_token"]}
    status = json.loads(town.http("GET /registrations/{id}", **where)["body"])
    assert status["decision"] == Decision.ACCEPTED
    day = NOW.date().isoformat()
    assert status["proof"] == {"method": method, "level": level, "issuer": issuer, "day": day}


def test_wallet_proves_a_number(town: Town) -> None:
    proven = town.examined(town.present()).proven
    assert proven is not None
    assert (proven.method, proven.level) == (ProofMethod.WALLET, ProofLevel.HIGH)
    assert proven.identifier == Identifier("DE", "4711")


def test_address_opens_a_wallet_and_names_who_asks(town: Town) -> None:
    begun = town.begin()
    assert begun["url"].startswith("openid4vp://?")
    request = town.request(begun)
    assert request["response_uri"].startswith(f"{API}/proofs/")
    assert request["response_mode"] == "direct_post.jwt"
    assert query_of(begun["url"])["client_id"] == request["client_id"]


def test_proofing_keeps_nothing_that_opens_an_answer(town: Town) -> None:
    begun = town.begin()
    session = town.sessions.rows[begun["id"]]
    request = town.request(begun)
    public = request["client_metadata"]["jwks"]["keys"][0]
    private = json.loads(town.evidence.open(session.key))
    assert private["x"] == public["x"]
    assert private["d"] not in repr(session) + session.request + str(session.key)
    assert "d" not in public


def test_wallet_refuses_a_request_of_somebody_else(town: Town) -> None:
    query = query_of(town.begin()["url"])
    token = town.http(REQUEST, path={"state": state_of(query["request_uri"])})["body"]
    stranger: list[x509.Certificate] = [Authority("stranger", until=LATER).certificate]
    with pytest.raises(CommandFailed):
        read_request(token, query["client_id"], stranger)
    with pytest.raises(CommandFailed):
        read_request(token, "x509_hash:other", [town.root.certificate])


@pytest.mark.parametrize("route", [REQUEST, RESPONSE])
@pytest.mark.parametrize("state", ["", "unknown", "{id}", "{id}.guessed", "{id}."])
def test_state_that_is_none_leads_nowhere(town: Town, route: str, state: str) -> None:
    begun = town.begin()
    form = urlencode({"response": town.wallet.answer(town.request(begun), NOW)})
    path = {"state": state.replace("{id}", begun["id"])}
    assert town.http(route, form, path=path, content_type=FORM)["statusCode"] == 404


def test_session_is_over_after_its_time(town: Town) -> None:
    request = town.request(town.begin())
    response = town.wallet.answer(request, NOW)
    town.now += timedelta(minutes=15)
    assert code_of(town.respond(request, response)) == (404, "no_such_proof")


def test_request_is_answered_once(town: Town) -> None:
    request = town.request(town.begin())
    response = town.wallet.answer(request, NOW)
    assert town.respond(request, response)["statusCode"] == HTTPStatus.OK
    assert code_of(town.respond(request, response)) == (409, "proof_used")


def test_evidence_needs_secret_and_code(town: Town) -> None:
    begun = town.begin()
    assert code_of(town.take(begun, "AAAA-AAAA-AAAA-AAAA")) == (409, "proof_not_answered")
    code = town.shown(town.respond(town.request(begun)))
    assert code_of(town.take(begun, "AAAA-AAAA-AAAA-AAAA")) == (403, "confirmation_wrong")
    assert code_of(town.take(begun | {"secret": "guessed"}, code)) == (404, "no_such_proof")
    assert town.take(begun, code)["statusCode"] == HTTPStatus.OK


def test_answer_to_another_session_is_refused(town: Town) -> None:
    theirs = town.wallet.answer(town.request(town.begin()), NOW)
    begun = town.begin()
    code = town.shown(town.respond(town.request(begun), theirs))
    assert town.examined(town.taken(begun, code)) == Examined(refused=True)


def test_request_that_is_passed_on_to_somebody_else_is_not_theirs(town: Town) -> None:
    # Somebody shows a victim the request of a session of their own, with an address of theirs.
    request = town.request(town.begin()) | {"client_id": "x509_hash:attacker"}
    begun = town.begin()
    own = town.request(begun)
    posed = request | {"nonce": own["nonce"], "client_metadata": own["client_metadata"]}
    code = town.shown(town.respond(own, town.wallet.answer(posed, NOW)))
    assert town.examined(town.taken(begun, code)) == Examined(refused=True)


@pytest.mark.parametrize("response", ["", "eyJ", "a.b.c", "é....", "A" * 17_000, "...." * 5_000])
def test_what_is_not_encrypted_is_not_kept(town: Town, response: str) -> None:
    request = town.request(town.begin())
    path = {"state": state_of(request["response_uri"])}
    form = urlencode({"response": response})
    answer = town.http(RESPONSE, form, path=path, content_type=FORM)
    assert code_of(answer) == (502, "provider_failed")
    assert town.respond(request)["statusCode"] == HTTPStatus.OK


@pytest.mark.parametrize(
    ("form", "kind", "status"),
    [
        ("error=access_denied", FORM, 502),
        ("response=a....&response=b....", FORM, 502),
        ("response=a....", "application/json", 415),
        ("&".join(f"a{number}=1" for number in range(17)), FORM, 400),
        ("response=" + "a" * 66_000, FORM, 413),
    ],
)
def test_other_forms_are_refused(town: Town, form: str, kind: str, status: int) -> None:
    request = town.request(town.begin())
    path = {"state": state_of(request["response_uri"])}
    assert town.http(RESPONSE, form, path=path, content_type=kind)["statusCode"] == status


def test_revoked_credential_proves_nothing(town: Town) -> None:
    town.issuer.revoked.add(7)
    town.fetch_lists()
    assert town.examined(town.present()) == Examined(refused=True)


def test_credential_whose_list_was_not_fetched_proves_nothing(town: Town) -> None:
    town.status_lists.tokens.clear()
    assert town.examined(town.present()) == Examined(refused=True)


def test_credential_of_a_day_needs_no_list(town: Town) -> None:
    town.status_lists.tokens.clear()
    town.hold(status=None, changes={"exp": int(NOW.timestamp()) + 3600})
    assert town.examined(town.present()).proven is not None


@pytest.mark.parametrize(("method", "part"), [("wallet", "wallets"), ("vendor", "vendors")])
def test_who_is_not_trusted_any_more_proves_nothing(town: Town, method: str, part: str) -> None:
    evidence = town.present() if method == "wallet" else town.check()
    town.use(town.document | {part: {}})
    assert town.examined(evidence) == Examined(refused=True)
    answer = town.http(BEGIN, json.dumps({"method": method, "provider": "eu"}))
    assert code_of(answer) == (404, "provider_unknown")


def test_new_certificate_does_not_undo_what_was_presented(town: Town) -> None:
    evidence = town.present()
    signer = ECKey.import_key(dict(town.token_signer.public()))
    wallets = town.document["wallets"]["eu"]
    renewed = wallets | {"certificates": [town.root.certify_asker(signer, LATER)]}
    town.use(town.document | {"wallets": {"eu": renewed}})
    assert town.examined(evidence).proven is not None


@pytest.mark.parametrize("claimed", ["oidc", "vendor", "counter"])
def test_evidence_is_of_the_method_it_was_answered_by(town: Town, claimed: str) -> None:
    assert town.examined(town.present() | {"method": claimed}) == Examined(refused=True)


def test_key_of_another_session_opens_nothing(town: Town) -> None:
    begun = town.begin()
    code = town.shown(town.respond(town.request(begun)))
    answer = town.opened(town.taken(begun, code))
    posted = Posted.from_text(answer.body)
    other = town.sessions.rows[town.begin()["id"]].key
    assert other != posted.key
    forged = replace(answer, body=replace(posted, key=other).to_text())
    sealed = encode(town.evidence.seal(forged.to_bytes()))
    assert town.examined({"method": "wallet", "sealed": sealed}) == Examined(refused=True)


def test_sessions_of_one_method_are_not_answered_by_another(town: Town) -> None:
    wallet, vendor = town.begin(), town.begin("vendor", "checks")
    state = state_of(query_of(wallet["url"])["request_uri"])
    assert town.http("GET /proofs/callback", query={"state": state})["statusCode"] == 404
    assert town.send(wallet | {"url": f"x:?reference={state}"})["statusCode"] == 404
    reference = query_of(vendor["url"])["reference"]
    assert town.http(REQUEST, path={"state": reference})["statusCode"] == 404


def test_vendor_is_told_which_session_it_is(town: Town) -> None:
    begun = town.begin("vendor", "checks")
    assert begun["url"].startswith("https://checks.example/start?lang=en&reference=")
    assert dict(parse_qsl(urlsplit(begun["url"]).query))["reference"].startswith(begun["id"])


def test_message_of_a_stranger_is_not_kept(town: Town) -> None:
    begun = town.begin("vendor", "checks")
    assert code_of(town.send(begun, by=Vendor())) == (422, "answer_refused")
    assert town.send(begun)["statusCode"] == HTTPStatus.OK


def test_message_comes_once(town: Town) -> None:
    begun = town.begin("vendor", "checks")
    assert town.send(begun)["statusCode"] == HTTPStatus.OK
    assert code_of(town.send(begun)) == (409, "proof_used")


@pytest.mark.parametrize(
    "changes", [{"status": "declined"}, {"liveness": "failed"}, {"image": "iVBORw0KGgo="}]
)
def test_check_that_failed_or_says_more_proves_nothing(
    town: Town, changes: dict[str, object]
) -> None:
    assert town.examined(town.check(**changes)) == Examined(refused=True)


def test_message_of_no_session_is_refused(town: Town) -> None:
    begun = town.begin("vendor", "checks")
    assert code_of(town.send(begun, reference="unknown")) == (404, "no_such_proof")
    assert code_of(town.send(begun, reference=5)) == (422, "answer_refused")


@pytest.mark.parametrize(
    "code", [None, "", "AAAA", "<script>", "AAAA-AAAA-AAAA-AAAA-", "CALL-0800-1234-56789"]
)
def test_page_shows_codes_and_nothing_else(town: Town, code: str | None) -> None:
    query = {} if code is None else {"code": code}
    assert town.http(SHOW, query=query)["statusCode"] == 404
