"""The demo's check from outside: what it reports, and that it fails if civic-verify does."""

import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from civic.contracts.log_entries import leaf_hash
from civic.lab.demo import public_log as module
from civic.lab.demo.life import Life
from civic.lab.demo.public_log import PublicCheck
from civic.terminal.waiting import TookTooLong, until
from tests.fakes.deployed_log import DeployedLog
from tests.fakes.log import ELECTION, arrival

BALLOTS = 300
VOTERS = 3
VERIFIES, PROVEN = "the log verifies; ", f"{VOTERS} voters' receipts are in it"
RECOUNTED = "an independent count of the ballots equals the certified count"
ALTERED = "refused with one byte altered: "


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> DeployedLog:
    found = DeployedLog(BALLOTS)
    monkeypatch.setattr(module, "LogReader", found.reader)
    monkeypatch.setattr(module, "until", lambda fact, look: until(fact, look, seconds=0.0))
    return found


def checked(deployed: DeployedLog, output: Path, first: int = 0) -> Life:
    leaves = (leaf_hash(arrival(number).entry) for number in range(first, first + VOTERS))
    receipts = [urlsafe_b64encode(leaf).decode().rstrip("=") for leaf in leaves]
    life = Life()
    PublicCheck(deployed.target, ELECTION, receipts, output, workers=2).run(life)
    return life


def verifier(monkeypatch: pytest.MonkeyPatch, place: Path, code: str) -> None:
    """Replace civic-verify with a program."""
    place.write_text(f"#!{sys.executable}\n{code}\n")
    place.chmod(0o700)
    monkeypatch.setattr(module, "_CIVIC_VERIFY", place)


def test_log_verifies_and_one_altered_byte_of_each_kind_is_refused(
    deployed: DeployedLog, tmp_path: Path
) -> None:
    life = checked(deployed, tmp_path / "election")
    assert all(life.checks.values()), life.checks
    assert {PROVEN, RECOUNTED} < set(life.checks)
    told = dict(life.lines)
    assert told["entries that hash to the root of each"] == str(len(deployed.log.entries()))
    kinds = [fact.removeprefix(ALTERED) for fact in life.checks if fact.startswith(ALTERED)]
    size = len(deployed.log.entries())
    assert kinds[:5] == [
        "checkpoint",
        f"checkpoints/{size}",
        f"0/001.p/{size - 256}",
        "1/000.p/1",
        f"entries/001.p/{size - 256}",
    ]
    index, chunk, proof = kinds[5:]
    assert index.endswith("/index.json")
    assert chunk.endswith("….jsonl")
    assert proof.endswith("….tlog-proof")


def test_what_was_altered_is_mended_again(deployed: DeployedLog, tmp_path: Path) -> None:
    checked(deployed, tmp_path)
    for path, content in deployed.s3.objects.items():
        if path.startswith("log/"):
            assert (tmp_path / path).read_bytes() == content


def test_log_that_civic_verify_refuses_fails_the_demo_and_the_object_is_named(
    deployed: DeployedLog, tmp_path: Path
) -> None:
    path = "tile/entries/000"
    content = deployed.s3.objects[f"log/{path}"]
    deployed.s3.objects[f"log/{path}"] = content[:-1] + bytes([content[-1] ^ 1])
    life = checked(deployed, tmp_path)
    ((fact, holds),) = life.checks.items()
    assert not holds
    assert fact.startswith(f"{VERIFIES}refused: {path}: ")


def test_election_that_was_not_recounted_fails_the_demo(
    deployed: DeployedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = """import json
checks = [{"check": "checkpoints", "signed": 1}, {"check": "tree", "size": 1},
          {"check": "openings", "election": "another"}, {"check": "receipts"}]
print(json.dumps({"checks": checks}))"""
    verifier(monkeypatch, tmp_path / "lenient", program)
    life = checked(deployed, tmp_path / "election")
    assert life.checks[RECOUNTED] is False
    assert life.checks["1 voters' receipts are in it"] is False


def test_verifier_that_overlooks_an_altered_byte_fails_the_demo(
    deployed: DeployedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = """import json
checks = [{"check": "checkpoints", "signed": 1}, {"check": "tree", "size": 1}]
print(json.dumps({"checks": checks}))"""
    verifier(monkeypatch, tmp_path / "blind", program)
    life = checked(deployed, tmp_path / "election")
    altered = {fact: holds for fact, holds in life.checks.items() if fact.startswith(ALTERED)}
    assert len(altered) == 8
    assert not any(altered.values())


def test_verifier_that_names_another_object_fails_the_demo(
    deployed: DeployedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"""import json, pathlib, sys
if pathlib.Path({str(tmp_path / "asked")!r}).exists():
    sys.exit("refused: somewhere: something")
pathlib.Path({str(tmp_path / "asked")!r}).touch()
checks = [{{"check": "checkpoints", "signed": 1}}, {{"check": "tree", "size": 1}}]
print(json.dumps({{"checks": checks}}))"""
    verifier(monkeypatch, tmp_path / "vague", program)
    life = checked(deployed, tmp_path / "election")
    altered = {fact: holds for fact, holds in life.checks.items() if fact.startswith(ALTERED)}
    assert len(altered) == 8
    assert not any(altered.values())


def test_ballot_that_does_not_come_into_the_log_ends_the_demo(
    deployed: DeployedLog, tmp_path: Path
) -> None:
    with pytest.raises(TookTooLong, match="a ballot is in the log"):
        checked(deployed, tmp_path, first=BALLOTS)


def test_openings_that_do_not_come_end_the_demo(deployed: DeployedLog, tmp_path: Path) -> None:
    del deployed.s3.objects[f"log/openings/{ELECTION}/index.json"]
    with pytest.raises(TookTooLong, match="the openings are published"):
        checked(deployed, tmp_path)


def test_copy_of_an_earlier_demo_is_not_taken_for_this_one(
    deployed: DeployedLog, tmp_path: Path
) -> None:
    earlier = tmp_path / "election/log/checkpoint"
    earlier.parent.mkdir(parents=True)
    earlier.write_text("of another log")
    (tmp_path / "election/log/left").touch()
    life = checked(deployed, tmp_path / "election")
    assert all(life.checks.values()), life.checks
    assert not (tmp_path / "election/log/left").exists()
