"""`civic log` and `civic receipt` without a stack: what they show, copy and refuse."""

import shlex
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from civic.audit.adapters.bucket_s3 import LOG
from civic.audit.usecases.recording import record_ballots
from civic.contracts.log_entries import leaf_hash
from civic.contracts.voting import Audience
from civic.operator.commands import public_log as command
from civic.operator.main import main
from civic.operator.public_log import OPENINGS_FOR_AUDITORS, LogCopy, leaf_of
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed, SettingInvalid, StackMissing
from civic.verifier.main import main as civic_verify
from tests.fakes.deployed_log import API, DeployedLog
from tests.fakes.log import (
    arrival,
    elsewhere,
)

type Capture = pytest.CaptureFixture[str]

BALLOTS = 300
LEAF = leaf_hash(arrival(7).entry)
RECEIPT = urlsafe_b64encode(LEAF).decode().rstrip("=")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> DeployedLog:
    found = DeployedLog(BALLOTS)
    monkeypatch.setattr(command, "target_of", lambda _: found.target)
    monkeypatch.setattr(command, "LogReader", found.reader)
    return found


def copied(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def below(objects: dict[str, bytes], prefix: str) -> dict[str, bytes]:
    return {
        key.removeprefix(prefix): content
        for key, content in objects.items()
        if key.startswith(prefix)
    }


# ------------------------------------------------------------------ receipts


@pytest.mark.parametrize("receipt", [RECEIPT, LEAF.hex(), LEAF.hex().upper()])
def test_receipt_names_its_leaf(receipt: str) -> None:
    assert leaf_of(receipt) == LEAF


@pytest.mark.parametrize(
    "receipt",
    [
        "",
        RECEIPT[:-1],
        f"{RECEIPT}A",
        f"{RECEIPT}!!!",
        f"{RECEIPT[:-1]}!",
        f"{RECEIPT[:-1]}_",
        f"{RECEIPT[:20]} {RECEIPT[20:]}",
        LEAF.hex()[:-1],
        f"{LEAF.hex()[:-1]}g",
        f"{LEAF.hex()[:-2]}  ",
    ],
)
def test_mistyped_receipt_is_refused_and_not_mended(receipt: str) -> None:
    with pytest.raises(SettingInvalid, match="43 characters"):
        leaf_of(receipt)


@pytest.mark.usefixtures("deployed")
def test_mistyped_receipt_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.delattr(command, "LogReader")
    assert main(["receipt", RECEIPT[:-1]]) == SettingInvalid.exit_code
    assert "that is not a receipt" in capsys.readouterr().err


def test_proof_is_printed_as_the_log_gives_it(deployed: DeployedLog, capsys: Capture) -> None:
    assert main(["receipt", RECEIPT]) == 0
    printed = capsys.readouterr()
    assert printed.out.encode() == deployed.log.lookup().prove(LEAF)
    assert printed.err == ""


@pytest.mark.usefixtures("deployed")
def test_kept_proof_comes_with_the_command_that_checks_it(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "mine.tlog-proof"
    assert main(["receipt", RECEIPT, "-o", str(file)]) == 0
    name, *words = shlex.split(capsys.readouterr().out)
    assert name == "civic-verify"
    assert civic_verify(words) == 0
    file.write_bytes(file.read_bytes().replace(b"index ", b"index 1"))
    assert civic_verify(words) == 1


@pytest.mark.usefixtures("deployed")
def test_ballot_that_is_not_in_the_log_has_no_proof(tmp_path: Path, capsys: Capture) -> None:
    unknown = leaf_hash(arrival(BALLOTS).entry).hex()
    file = tmp_path / "mine.tlog-proof"
    assert main(["receipt", unknown, "-o", str(file)]) == 1
    assert "404 not_logged: That is not in the log, or not yet" in capsys.readouterr().err
    assert not file.exists()


# ------------------------------------------------------------------ the key and the place


def test_key_and_place_are_shown_alone(deployed: DeployedLog, capsys: Capture) -> None:
    assert main(["log", "key"]) == 0
    assert capsys.readouterr().out == f"{deployed.vkey}\n"
    assert main(["log", "url"]) == 0
    assert capsys.readouterr().out == f"http://127.0.0.1:4566/_aws/execute-api/{API}/log\n"


def test_place_on_aws_is_that_of_the_stack(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    target = Target("civic-prod")
    vars(target).update(outputs={"LogApiUrl": "https://log.example/"})
    monkeypatch.setattr(command, "target_of", lambda _: target)
    assert main(["log", "url"]) == 0
    assert capsys.readouterr().out == "https://log.example/log\n"


@pytest.mark.parametrize(
    "words", [["log", "key"], ["log", "url"], ["log", "copy", "folder"], ["receipt", RECEIPT]]
)
def test_without_an_audit_stack_there_is_no_log(
    deployed: DeployedLog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    words: list[str],
) -> None:
    vars(deployed.target)["deployed"] = {"civic-local": {}}
    monkeypatch.chdir(tmp_path)
    assert main(words) == StackMissing.exit_code
    assert "no stack of 'civic-local' has an output Log" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------ copies


def test_copy_is_the_published_log_and_verifies(
    deployed: DeployedLog, tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "log"
    assert main(["log", "copy", str(folder)]) == 0
    assert copied(folder) == below(deployed.s3.objects, LOG)
    assert f"{len(copied(folder))} objects" in capsys.readouterr().err
    assert civic_verify(["log", str(folder), "--key", deployed.vkey]) == 0


def test_copy_of_what_is_for_auditors_is_that_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployed = DeployedLog(BALLOTS, Audience.AUDITORS)
    monkeypatch.setattr(command, "target_of", lambda _: deployed.target)
    folder = tmp_path / "openings"
    assert main(["log", "copy", str(folder), "--auditors"]) == 0
    found = copied(folder)
    assert found == below(deployed.s3.objects, OPENINGS_FOR_AUDITORS)
    assert any(path.endswith("/index.json") for path in found)


def test_second_copy_reads_only_what_is_new(deployed: DeployedLog, tmp_path: Path) -> None:
    copy(deployed, tmp_path)
    record_ballots(deployed.log.recorder(), "shard", elsewhere(BALLOTS, BALLOTS + 5))
    before = set(deployed.s3.objects)
    deployed.s3.objects = deployed.stored()
    deployed.s3.read.clear()
    copy(deployed, tmp_path)
    new = set(deployed.s3.objects) - before
    assert new
    assert sorted(deployed.s3.read) == sorted({*new, "log/checkpoint"})
    assert copied(tmp_path) == below(deployed.s3.objects, LOG)


def test_every_object_is_counted_and_told_of_once(deployed: DeployedLog, tmp_path: Path) -> None:
    paths = copy(deployed, tmp_path)
    assert sorted(paths) == sorted(below(deployed.s3.objects, LOG))
    assert len(LogCopy(deployed.target, LOG)) == len(paths) > 0


def test_log_that_grows_meanwhile_is_copied_as_far_as_its_checkpoint_leads(
    deployed: DeployedLog, tmp_path: Path
) -> None:
    checkpoint = deployed.s3.objects["log/checkpoint"]
    copying = LogCopy(deployed.target, LOG).into(tmp_path)
    paths = [next(copying)]
    record_ballots(deployed.log.recorder(), "shard", elsewhere(BALLOTS, BALLOTS + 5))
    deployed.s3.objects = deployed.stored()
    paths += copying
    # The newest comes last, when everything it refers to is there.
    assert paths[-1] == "checkpoint"
    assert (tmp_path / "checkpoint").read_bytes() == checkpoint


@pytest.mark.parametrize("broken", ["write_bytes", "replace"])
def test_copy_that_was_broken_off_is_gone_on_with_and_no_half_file_is_taken_for_one(
    deployed: DeployedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    entries = f"entries/001.p/{len(deployed.log.entries()) - 256}"
    with monkeypatch.context() as patched:
        patched.setattr(Path, broken, dying(getattr(Path, broken), entries.rpartition("/")[2]))
        with pytest.raises(KeyboardInterrupt):
            copy(deployed, tmp_path)
    published = below(deployed.s3.objects, LOG)
    left = copied(tmp_path)
    assert f"tile/{entries}" in published
    assert f"tile/{entries}" not in left
    assert "checkpoint" not in left
    halves = set(left) - set(published)
    assert halves
    assert all(left[path] == published[path] for path in left if path not in halves)
    copy(deployed, tmp_path)
    assert copied(tmp_path) == published
    assert civic_verify(["log", str(tmp_path), "--key", deployed.vkey]) == 0


def dying(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a call that writes half of the matching files, and ends the program."""

    def die(self: Path, given: Any) -> Any:
        if name not in self.name:
            return call(self, given)
        if isinstance(given, bytes):
            call(self, given[: len(given) // 2])
        raise KeyboardInterrupt

    return die


def copy(deployed: DeployedLog, folder: Path) -> list[str]:
    return list(LogCopy(deployed.target, LOG).into(folder))


def test_empty_log_is_told(deployed: DeployedLog) -> None:
    deployed.s3.objects = {}
    with pytest.raises(CommandFailed, match="nothing is published yet"):
        LogCopy(deployed.target, LOG)
