"""A voter's device with an issuer that signs everything: what it makes and keeps."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from civic.client.blinding import SignerKey, verifies
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Credential, Device, Request
from civic.contracts import base64url
from civic.identity.model.blind_rsa import SigningKey, blind_sign
from civic.lab.memory.rsa_pairs import private_key
from civic.operator import main as main_module
from civic.operator.commands import credentials
from civic.operator.commands.tokens import Holder
from civic.operator.main import main
from civic.stack.workspace import Workspace
from civic.terminal.failures import CommandFailed
from tests.fakes.blind_vectors import own_vectors
from tests.fakes.elections import ELECTION, OTHER, STYLE

RECEIPT = Receipt("5d3c6f0e-0000-4000-8000-000000000000", "token-of-the-citizen")
VECTOR = own_vectors()[0]
SIGNER, KEY = SigningKey.parse(VECTOR.private_der), SignerKey.parse(VECTOR.public_der)


class Issuer:
    """Signs every message with its key, and remembers what it saw."""

    def __init__(self, signer: SigningKey = SIGNER) -> None:
        self.signer = signer
        self.seen: list[dict[str, Any]] = []
        self.fails = False
        self.refuses = False
        self.looks = 0
        self.entry = {"id": RECEIPT.id, "on_the_roll": True, "areas": ["DE-BE", "DE"]}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/roll"):
            return httpx.Response(200, json=self.entry)
        if request.method == "GET":
            self.looks += 1
            offer = {
                "election": ELECTION,
                "style": STYLE,
                "public_key": base64url.encode(VECTOR.public_der),
                "opens_at": "2027-05-01T06:00:00Z",
                "closes_at": "2027-05-01T16:00:00Z",
                "issued": bool(self.seen),
            }
            refused = {
                "election": OTHER,
                "code": "not_yet_eligible",
                "title": "You will not be old enough",
                "opens_at": "2027-05-01T06:00:00Z",
                "closes_at": "2027-05-01T16:00:00Z",
                "eligible_from": "2027-05-23",
                "election_day": "2027-05-01",
            }
            told = {"elections": [offer], "refused": [refused] if self.refuses else []}
            return httpx.Response(200, json={"id": RECEIPT.id} | told)
        asked = json.loads(request.content)
        self.seen.append(asked)
        if self.fails:
            return httpx.Response(403, json={"code": "election_over"})
        message = base64url.decode(asked["blinded_message"])
        signed = blind_sign(self.signer, message, token_bytes)
        answer = {"election": ELECTION, "style": STYLE}
        return httpx.Response(200, json=answer | {"blind_signature": base64url.encode(signed)})


def citizen_of(issuer: Issuer) -> Citizen:
    return Citizen("http://api.test", local=True, transport=httpx.MockTransport(issuer))


def device_of(issuer: Issuer) -> Device:
    return Device(citizen_of(issuer), RECEIPT)


def test_credential_verifies_and_the_issuer_saw_nothing_of_it() -> None:
    issuer = Issuer()
    made = device_of(issuer).credential(ELECTION)
    assert (made.election, made.style) == (ELECTION, STYLE)
    assert (len(made.token), len(made.randomizer), len(made.signature)) == (32, 32, 384)
    assert verifies(KEY, made.randomizer + made.token, made.signature)
    (seen,) = issuer.seen
    assert seen.keys() == {"election", "blinded_message"}
    blinded = base64url.decode(seen["blinded_message"])
    for secret in (made.token, made.randomizer, made.signature):
        assert secret not in blinded


def test_two_credentials_have_nothing_in_common() -> None:
    first, second = (device_of(Issuer()).credential(ELECTION) for _ in range(2))
    assert first.token != second.token
    assert first.randomizer != second.randomizer
    assert first.signature != second.signature


def test_request_that_was_kept_gives_the_same_credential() -> None:
    issuer = Issuer()
    request = device_of(issuer).prepare(ELECTION)
    assert issuer.seen == []
    kept = Request.from_json(request.to_json())
    assert kept == request
    assert device_of(issuer).redeem(kept) == device_of(issuer).redeem(request)
    assert issuer.seen[0] == issuer.seen[1]


def test_person_who_may_not_vote_is_told_why_and_from_when() -> None:
    issuer = Issuer()
    issuer.refuses = True
    with pytest.raises(CommandFailed, match=r"not be old enough \(2027-05-23\)"):
        device_of(issuer).prepare(OTHER)
    assert issuer.seen == []
    assert issuer.looks == 1


def test_elections_and_refusals_are_two_sides_of_one_look() -> None:
    issuer = Issuer()
    issuer.refuses = True
    device = device_of(issuer)
    elections, refusals = device.look()
    assert issuer.looks == 1
    assert [one.election for one in elections] == [ELECTION]
    assert [one.election for one in refusals] == [OTHER]


def test_credential_is_read_as_it_was_written() -> None:
    made = device_of(Issuer()).credential(ELECTION)
    written = json.loads(made.to_json())
    assert written.keys() == {"election", "style", "token", "randomizer", "signature"}
    assert base64url.decode(written["token"]) == made.token
    assert Credential.from_json(made.to_json()) == made


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"election": "7k3m9qx2w5vb"}'])
def test_something_else_is_not_read_as_a_credential(text: str) -> None:
    with pytest.raises(CommandFailed, match="no credential"):
        Credential.from_json(text)


def test_secrets_are_not_shown() -> None:
    request = device_of(Issuer()).prepare(ELECTION)
    made = device_of(Issuer()).redeem(request)
    for secret in (request.prepared, request.inverse, made.token, made.signature):
        assert repr(secret)[2:-1] not in repr((request, made))


def test_answer_of_another_key_is_refused() -> None:
    other = Issuer(SigningKey.parse(private_key(1, Encoding.DER)))
    # Below either modulus, so that the other key signs it.
    request = next(
        one
        for one in iter(lambda: device_of(Issuer()).prepare(ELECTION), None)
        if int.from_bytes(one.blinded_message, "big") < other.signer.n
    )
    with pytest.raises(CommandFailed, match="not its signature"):
        device_of(other).redeem(request)


def test_election_that_is_not_offered_is_refused() -> None:
    with pytest.raises(CommandFailed, match="no such election"):
        device_of(Issuer()).prepare(OTHER)


@pytest.fixture
def issuer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    """Give an issuer for the command."""
    issuer = Issuer()

    @contextmanager
    def holder_of(*_given: object) -> Iterator[Holder]:
        yield Holder(citizen_of(issuer), RECEIPT)

    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    monkeypatch.setattr(credentials, "holder_of", holder_of)
    monkeypatch.setattr("civic.client.api_client._FIRST_PAUSE_SECONDS", 0.0)
    return issuer


def get(file: Path, election: str = ELECTION) -> int:
    words = ["credential", "get", RECEIPT.id, "--election", election, "--output", str(file)]
    return main(words)


def test_command_that_broke_off_asks_for_the_same_again(issuer: Issuer, tmp_path: Path) -> None:
    file = tmp_path / "credential.json"
    issuer.fails = True
    assert get(file) == 1
    kept = tmp_path / "credential.json.request"
    assert [one.name for one in tmp_path.iterdir()] == [kept.name]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert get(file, OTHER) == 1
    issuer.fails = False
    assert get(file) == 0
    assert issuer.seen[0] == issuer.seen[-1]
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    made = Credential.from_json(file.read_text())
    assert verifies(KEY, made.randomizer + made.token, made.signature)


def test_command_does_not_write_over_a_credential(issuer: Issuer, tmp_path: Path) -> None:
    file = tmp_path / "credential.json"
    assert get(file) == 0
    before = file.read_text()
    assert get(file) == 1
    assert file.read_text() == before
    assert len(issuer.seen) == 1


@pytest.mark.usefixtures("issuer")
def test_list_shows_elections_without_their_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["credential", "list", RECEIPT.id]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown.keys() == {"election", "style", "opens_at", "closes_at", "issued"}


def test_list_says_why_not_in_others(issuer: Issuer, capsys: pytest.CaptureFixture[str]) -> None:
    issuer.refuses = True
    assert main(["credential", "list", RECEIPT.id]) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 1
    assert printed.err == f"not in {OTHER}: You will not be old enough (2027-05-23)\n"
    assert issuer.looks == 1


def test_roll_entry_is_shown_as_it_is(issuer: Issuer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["credential", "roll", RECEIPT.id]) == 0
    assert json.loads(capsys.readouterr().out) == issuer.entry
