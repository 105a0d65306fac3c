"""A credential from the engine: requested, requested again, refused, and erased with its person."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from civic.client.api_client import Refused
from civic.client.blinding import SignerKey, verifies
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Credential, Device, Election, Request
from civic.client.journal import Journal, Marks
from civic.stack.target import Target
from tests.fakes.elections import ELECTION, STYLE, published
from tests.integration.conftest import Command
from tests.integration.consumers import announced
from tests.integration.lives import erased, registered
from tests.integration.people import person
from tests.integration.rows import is_tombstone, row
from tests.integration.waiting import eventually


@pytest.fixture(scope="module", autouse=True)
def _election(target: Target) -> Iterator[None]:
    event = published(datetime.now(UTC), "DE-BE", "DE")
    with announced(target, event):
        yield


def offered(citizen: Citizen, receipt: Receipt) -> Election:
    """Return the election as soon as it is offered, as decisions reach the roll a moment later."""

    def look() -> list[Election]:
        try:
            return of_this_file(Device(citizen, receipt))
        except Refused as not_yet:
            if not_yet.code != "not_found":
                raise
            return []

    (election,) = eventually("the election is offered", look)
    return election


def of_this_file(device: Device) -> list[Election]:
    """Return the election of these tests, among those that other files have left open."""
    return [one for one in device.look()[0] if one.election == ELECTION]


def refusal(device: Device) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        device.credential(ELECTION)
    return refused.value.status, refused.value.code


def test_credential_is_issued_once_and_its_person_can_go(target: Target, citizen: Citizen) -> None:
    receipt = registered(citizen, person())
    election = offered(citizen, receipt)
    assert (election.election, election.style, election.issued) == (ELECTION, STYLE, False)
    device = Device(citizen, receipt)
    request = device.prepare(ELECTION)
    made = device.redeem(request)
    key = SignerKey.parse(election.public_key)
    assert verifies(key, made.randomizer + made.token, made.signature)
    assert device.redeem(request) == made
    assert refusal(device) == (409, "already_issued")
    assert of_this_file(device)[0].issued
    citizen.erase(receipt)
    told = erased(citizen, receipt)
    assert {one["store"] for one in told["stores"]} >= {"issuance_roll"}
    assert is_tombstone(row(target, "IssuerRollName", receipt))
    with pytest.raises(Refused, match="not_found"):
        device.redeem(request)


def test_of_many_at_once_one_gets_a_credential(citizen: Citizen) -> None:
    receipt = registered(citizen, person(username="ada-2029"))
    offered(citizen, receipt)
    device = Device(citizen, receipt)
    requests = [device.prepare(ELECTION) for _ in range(4)]

    def redeemed(request: Request) -> Credential | str:
        try:
            return device.redeem(request)
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(max_workers=len(requests)) as pool:
        answers = list(pool.map(redeemed, requests))
    assert sum(isinstance(one, Credential) for one in answers) == 1
    assert answers.count("already_issued") == 3


def test_command_writes_a_credential_that_only_its_owner_can_read(
    civic: Command, citizen: Citizen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = registered(citizen, person(username="ada-2028"))
    election = offered(citizen, receipt)
    journal, file = tmp_path / "receipts.jsonl", tmp_path / "credential.json"
    Journal(journal).add(Marks("row-of-this-person"), receipt)
    kept = ["--journal", journal]
    assert civic("credential", "list", receipt.id, *kept) == 0
    listed = json.loads(capsys.readouterr().out)
    assert ELECTION in {one["election"] for one in listed}
    get = ["credential", "get", receipt.id, "--election", ELECTION, "--output", file, *kept]
    assert civic(*get) == 0
    assert [one.name for one in sorted(tmp_path.iterdir())] == [file.name, journal.name]
    assert file.stat().st_mode & 0o777 == 0o600
    made = Credential.from_json(file.read_text())
    key = SignerKey.parse(election.public_key)
    assert verifies(key, made.randomizer + made.token, made.signature)
    said = capsys.readouterr()
    assert json.loads(file.read_text())["token"] not in said.out + said.err
    assert civic(*get) == 1
