"""The rights, the receipts, the ledger and the reviews, from the command line."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal, Marks
from civic.operator.commands import citizens as citizens_module
from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.stack.workspace import here
from tests.integration.conftest import Command
from tests.integration.consumers import paused
from tests.integration.lives import doubtful, erased, registered, rejected, waiting_too_long
from tests.integration.people import person
from tests.integration.rows import BY_ID, is_tombstone, row, subject_keys
from tests.integration.waiting import settled

type Capture = pytest.CaptureFixture[str]

ON_AN_ID = ["restrict", "lift", "object", "dispute", "explain", "requests", "erasure", "withdraw"]


@pytest.fixture
def someone(citizen: Citizen) -> Receipt:
    return registered(citizen, person())


def said(capsys: Capture) -> Any:
    return json.loads(capsys.readouterr().out)


def words(receipt: Receipt, command: str, *more: object) -> list[object]:
    return [*command.split(), receipt.id, "--token", receipt.access_token, *more]


def test_restriction_is_set_and_lifted(civic: Command, someone: Receipt, capsys: Capture) -> None:
    assert civic(*words(someone, "rights restrict")) == 0
    assert said(capsys)["restricted"] is True
    assert civic(*words(someone, "rights lift")) == 0
    assert said(capsys)["restricted"] is False


def test_objection_and_requests_are_shown(
    civic: Command, target: Target, someone: Receipt, capsys: Capture
) -> None:
    assert civic(*words(someone, "rights object")) == 0
    assert said(capsys)["kind"] == "objection"
    settled(target)
    assert civic(*words(someone, "rights requests")) == 0
    assert "objection" in capsys.readouterr().out
    assert civic(*words(someone, "rights requests", "--json")) == 0
    kinds = [one["kind"] for one in said(capsys)["requests"]]
    assert "objection" in kinds


def test_dispute_of_a_decision_in_ones_favour_is_1_with_the_reason(
    civic: Command, someone: Receipt, capsys: Capture
) -> None:
    assert civic(*words(someone, "rights dispute")) == 1
    assert "409 nothing_to_review: There is no decision yet" in capsys.readouterr().err


def test_explanation_is_in_words(civic: Command, citizen: Citizen, capsys: Capture) -> None:
    receipt = registered(citizen, rejected())
    assert civic(*words(receipt, "rights explain")) == 0
    shown = capsys.readouterr().out
    assert "rejected, decided by rules" in shown
    assert "attestation_missing at /citizenship_attestation (reject): A required" in shown


@pytest.mark.parametrize("command", ON_AN_ID)
def test_wrong_token_or_id_is_1_and_found_nowhere(
    civic: Command, someone: Receipt, capsys: Capture, command: str
) -> None:
    yes = ["--yes"] if command == "withdraw" else []
    assert civic(*words(Receipt(someone.id, "A" * 43), f"rights {command}"), *yes) == 1
    assert "404 not_found" in capsys.readouterr().err
    assert civic(*words(Receipt("../privacy-notice", "A" * 43), f"rights {command}"), *yes) == 1
    assert "404" in capsys.readouterr().err


def test_token_is_found_in_the_journal(
    civic: Command, someone: Receipt, tmp_path: Path, capsys: Capture
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.add(Marks("row-of-someone"), someone)
    assert civic("rights", "requests", someone.id, "--journal", tmp_path / "journal.jsonl") == 0
    capsys.readouterr()
    assert civic("rights", "requests", someone.id, "--journal", tmp_path / "none.jsonl") == 1
    assert "no access token for that id" in capsys.readouterr().err


def test_export_as_csv_is_printed_and_written_for_its_owner_only(
    civic: Command, someone: Receipt, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "export.csv"
    file.write_text("there before, and readable by all")
    file.chmod(0o644)
    assert civic(*words(someone, "export", "--format", "csv")) == 0
    printed = capsys.readouterr().out
    assert civic(*words(someone, "export", "--format", "csv", "--output", file)) == 0
    assert file.read_bytes().decode() == printed
    assert file.stat().st_mode & 0o777 == 0o600
    assert printed.splitlines()[0] == "pointer,value"
    assert civic(*words(someone, "export", "--format", "xml")) == 2


def test_notice_is_printed(civic: Command, capsys: Capture) -> None:
    assert civic("rights", "notice") == 0
    assert "Data protection officer: " in capsys.readouterr().out
    assert civic("rights", "notice", "--json") == 0
    assert said(capsys)["controller"]


def test_erasure_is_waited_for_and_its_receipt_verifies_offline(
    civic: Command, target: Target, someone: Receipt, tmp_path: Path, capsys: Capture
) -> None:
    assert civic(*words(someone, "erase", "--yes")) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["status"] == "erased"
    assert f"civic rights erasure {someone.id} --receipt FILE" in told.err
    assert all(is_tombstone(row(target, store, someone)) for store in BY_ID)
    file, key = tmp_path / "receipt.json", tmp_path / "key.pem"
    assert civic(*words(someone, "rights erasure", "--receipt", file)) == 0
    assert "subject_keys" in capsys.readouterr().out
    assert json.loads(file.read_text()).keys() == {
        *("receipt", "algorithm", "signature", "public_key")
    }
    assert civic("ledger", "key", "--out", key) == 0
    capsys.readouterr()
    assert civic("rights", "verify-erasure", file, "--public-key", key) == 0
    verified = capsys.readouterr().out
    assert "receipt verified: yes" in verified
    assert someone.id in verified
    assert civic("ledger", "key") == 0
    assert capsys.readouterr().out == key.read_text()


def test_withdrawal_asks_first_and_then_erases(
    civic: Command, citizen: Citizen, someone: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert civic(*words(someone, "rights withdraw")) == 1
    assert citizen.status(someone)["decision"] == "accepted"
    assert civic(*words(someone, "rights withdraw", "--yes")) == 0
    assert citizen.erasure(someone)["status"] == "erased"


def test_erasure_that_takes_long_is_accepted_and_says_where_to_look(
    civic: Command,
    target: Target,
    citizen: Citizen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    first, second = registered(citizen, person()), registered(citizen, person())
    monkeypatch.setattr(citizens_module, "PATIENCE_SECONDS", 0.5)
    with paused(target, "Analytics"):
        assert civic(*words(first, "erase", "--yes")) == 1
        assert f"civic rights erasure {first.id}" in capsys.readouterr().err
        assert civic(*words(second, "erase", "--yes", "--no-wait")) == 0
        assert said(capsys)["status"] == "erasing"
        assert civic(*words(second, "rights erasure", "--receipt", tmp_path / "none.json")) == 1
        assert "no receipt yet: waiting for" in capsys.readouterr().err
        assert not (tmp_path / "none.json").exists()
        assert civic("ledger", "list", "--incomplete") == 0
        listed = [
            line for line in capsys.readouterr().out.splitlines() if line.startswith(first.id)
        ]
        assert "waiting for analytics" in listed[0]
    for receipt in (first, second):
        erased(citizen, receipt)


def test_erasures_are_replayed_after_a_restore(
    civic: Command, target: Target, citizen: Citizen, someone: Receipt, capsys: Capture
) -> None:
    settled(target)
    kept = {store: row(target, store, someone) for store in BY_ID}
    keys = subject_keys(target, someone)
    assert civic(*words(someone, "erase", "--yes")) == 0
    for store, item in kept.items():
        assert item is not None
        target.dynamodb.put_item(TableName=target.output(store), Item=item)
    for item in keys:
        target.dynamodb.put_item(TableName=target.output("SubjectKeysTableName"), Item=item)
    assert citizen.data(someone)["data"] == person()
    capsys.readouterr()
    assert civic("ledger", "replay", "--page-size", 1) == 0
    out = capsys.readouterr().out
    assert int(out.split()[1]) >= 1
    assert "messages left: 0" in out
    assert all(is_tombstone(row(target, store, someone)) for store in BY_ID)
    assert subject_keys(target, someone) == []
    assert civic("ledger", "list") == 0
    assert f"{someone.id}  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cursor", "code"), [("x", 2), ('{"id":{"S":"zz"}}', 0), ('{"other":{"S":"zz"}}', 1)]
)
def test_replay_from_what_is_no_cursor_is_refused(
    civic: Command, capsys: Capture, cursor: str, code: int
) -> None:
    assert civic("ledger", "replay", "--from", cursor) == code
    assert "Traceback" not in capsys.readouterr().err


def test_overdue_requests_are_counted_and_listed(
    civic: Command, target: Target, citizen: Citizen, capsys: Capture
) -> None:
    late = waiting_too_long(target, citizen)
    assert civic("deadlines", "run") == 0
    assert said(capsys)["overdue"] >= 1
    assert civic("deadlines", "overdue") == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if late.id in one)
    assert "review (Art. 22(3))" in line
    assert civic(*words(late, "erase", "--yes")) == 0
    settled(target)
    capsys.readouterr()
    assert civic("deadlines", "overdue") == 0
    assert late.id not in capsys.readouterr().out


def test_review_is_listed_shown_on_a_terminal_only_and_decided(
    civic: Command, engine: Engine, citizen: Citizen, capsys: Capture
) -> None:
    case = registered(citizen, doubtful())
    assert civic("review", "list") == 0
    assert case.id in capsys.readouterr().out
    assert civic("review", "show", case.id) == 1
    assert "terminal only" in capsys.readouterr().err
    assert not [one for one in citizen.data(case)["accesses"] if one["by"] == "staff"]
    shown = on_a_terminal(engine, "review", "show", case.id)
    assert doubtful()["full_name"] in shown
    assert "not one" in shown
    assert civic("review", "decide", case.id, "--revision", 2, "--accept") == 1
    assert "look at it again" in capsys.readouterr().err
    assert civic("review", "decide", case.id, "--revision", 1, "--reject") == 0
    assert capsys.readouterr().out == "decided: rejected\n"
    assert citizen.status(case)["decision"] == "rejected"


@pytest.mark.parametrize("registration", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_review_of_no_case_is_1_with_a_hint(
    civic: Command, capsys: Capture, registration: str
) -> None:
    assert civic("review", "decide", registration, "--revision", 1, "--accept") == 1
    assert "civic review list" in capsys.readouterr().err


def on_a_terminal(engine: Engine, *command: str) -> str:
    """Run `civic` with a terminal for its output, and return what it showed."""
    leader, follower = pty.openpty()
    environment = os.environ | {
        "CIVIC_STATE": str(engine.workspace.state),
        "CIVIC_PORT": str(engine.port),
        "COLUMNS": "100",
    }
    ended = subprocess.run(  # noqa: S603 - our own command
        [here().root / ".venv" / "bin" / "civic", *command],
        stdout=follower,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment,
        check=False,
    )
    # Open until now, as otherwise the output could no longer be read.
    shown = os.read(leader, 65536).decode()
    os.close(follower)
    os.close(leader)
    assert ended.returncode == 0, ended.stderr
    return shown
