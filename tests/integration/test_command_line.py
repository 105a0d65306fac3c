"""`civic register`, `show`, `export`, `erase`, `status`: the same API, from the command line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal
from civic.stack.target import Target
from tests.integration.conftest import Command
from tests.integration.people import Payload, person, stranger
from tests.integration.rows import BY_ID, is_tombstone, row, rows
from tests.integration.waiting import decided, eventually, stored

CANARY = "zzcanary7fQ"
GOOD = [person(username=f"reader-{number}", full_name=f"Reader {number}") for number in range(3)]
BAD = person(date_of_birth=CANARY)
WITHOUT_CONSENT = {name: value for name, value in person().items() if name != "consent"}

CONSENT = "2026-11-01T10:00:00Z"
ROLL_HEADER = (
    "username,full_name,date_of_birth,address_lines,city,region,postcode,country,phone_number,"
    "citizenship_attestation,consent_text_version,consent_given_at\n"
)

type Capture = pytest.CaptureFixture[str]


def written(place: Path, good: list[Payload]) -> Path:
    lines = [
        json.dumps(good[0]),
        json.dumps(BAD),
        json.dumps(good[1]),
        f'{{"full_name": "{CANARY}"',
        json.dumps(WITHOUT_CONSENT),
        json.dumps(good[2]),
    ]
    file = place / "people.jsonl"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("command-line")


@pytest.fixture(scope="module")
def people(place: Path) -> Path:
    """Three good rows, and between them three bad ones."""
    return written(place, GOOD)


@pytest.fixture(scope="module")
def journal(place: Path) -> Path:
    return place / "receipts.jsonl"


@pytest.fixture
def known(civic: Command, people: Path, journal: Path, citizen: Citizen) -> list[Receipt]:
    """The people of the file, registered."""
    civic("register", people, "--journal", journal, "--workers", 2)
    receipts = list(Journal(journal))
    for receipt in receipts:
        decided(citizen, receipt)
        stored(citizen, receipt)
    return receipts


def output(capsys: Capture) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_register_reports_bad_rows_and_registers_the_rest(
    civic: Command, tmp_path: Path, capsys: Capture, citizen: Citizen
) -> None:
    good, journal = [stranger() for _ in range(3)], tmp_path / "receipts.jsonl"
    people = written(tmp_path, good)
    assert civic("register", people, "--journal", journal, "--workers", 2) == 1
    said = capsys.readouterr()
    assert "plan: 3 new, 0 changed, 0 unchanged, 3 refused" in said.out
    assert "registered: 3, corrected: 0, unchanged: 0, refused: 3" in said.out
    assert [line for line in said.err.splitlines() if line.startswith("row ")] == [
        "row 2: /date_of_birth is not a date; write it as 1984-08-12",
        "row 4: it is not JSON; each line is one object in braces",
        "row 5: /consent is empty; fill it in",
    ]
    shown = [stored(citizen, receipt)["data"] for receipt in Journal(journal)]
    assert sorted(shown, key=str) == sorted(good, key=str)


def test_register_prints_nothing_of_the_rows(
    civic: Command, tmp_path: Path, capsys: Capture
) -> None:
    good = [stranger() for _ in range(3)]
    people = written(tmp_path, good)
    civic("register", people, "--journal", tmp_path / "receipts.jsonl", "--workers", 2)
    said = capsys.readouterr()
    for secret in (CANARY, *(good[0][name] for name in ("full_name", "phone_number", "username"))):
        assert secret not in said.out + said.err


def test_register_of_good_rows_only_is_0(civic: Command, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text(json.dumps(stranger()) + "\n")
    assert civic("register", file, "--journal", tmp_path / "receipts.jsonl") == 0


def test_register_run_again_registers_nobody_twice(
    civic: Command, people: Path, journal: Path, known: list[Receipt], target: Target
) -> None:
    before = len(rows(target, BY_ID[1]))
    assert civic("register", people, "--journal", journal, "--workers", 2) == 1
    assert list(Journal(journal)) == known
    assert len(rows(target, BY_ID[1])) == before


def test_register_with_a_journal_that_lost_its_receipts_registers_nobody_twice(
    civic: Command, people: Path, journal: Path, known: list[Receipt], target: Target
) -> None:
    secret, *_ = journal.read_text().splitlines()
    before = len(rows(target, BY_ID[1]))
    journal.write_text(secret + "\n")
    civic("register", people, "--journal", journal, "--workers", 2)
    assert set(Journal(journal)) == set(known)
    assert len(rows(target, BY_ID[1])) == before


def test_roll_loaded_again_corrected_corrects_and_registers_nobody_twice(
    civic: Command, tmp_path: Path, capsys: Capture, citizen: Citizen
) -> None:
    roll, journal = tmp_path / "roll.csv", tmp_path / "receipts.jsonl"
    one = (
        "{0},Rolla {0},1970-01-02,1 Oak St,Sacramento,CA,95814,US,+1 916 445 2841,yes,2027-1,{1}\n"
    )
    text = ROLL_HEADER + "".join(one.format(name, CONSENT) for name in ("Ada", "Bea", "Cleo"))
    roll.write_text(text)
    assert civic("register", roll, "--journal", journal) == 0
    before = list(Journal(journal))
    roll.write_text(text.replace("+1 916 445", "+1 (916) 445"))
    assert civic("register", roll, "--journal", journal) == 0
    assert "registered: 0, corrected: 3, unchanged: 0, refused: 0" in capsys.readouterr().out
    assert list(Journal(journal)) == before
    phones = {stored(citizen, one, 2)["data"]["phone_number"] for one in before}
    assert phones == {"+1 (916) 445 2841"}


def test_journal_is_its_owners_only(known: list[Receipt], journal: Path) -> None:
    assert known
    assert journal.stat().st_mode & 0o777 == 0o600


def test_register_of_no_file_says_so(civic: Command, tmp_path: Path, capsys: Capture) -> None:
    assert civic("register", tmp_path / "none.csv", "--journal", tmp_path / "receipts.jsonl") == 9
    assert "no such file" in capsys.readouterr().err


def test_show_prints_the_decision(
    civic: Command, journal: Path, known: list[Receipt], capsys: Capture
) -> None:
    capsys.readouterr()
    assert civic("show", known[0].id, "--journal", journal) == 0
    shown = output(capsys)
    assert (shown["status"], shown["decision"]) == ("fulfilled", "accepted")


def test_export_prints_everything_that_is_held(
    civic: Command, journal: Path, known: list[Receipt], capsys: Capture
) -> None:
    capsys.readouterr()
    assert civic("export", known[0].id, "--journal", journal) == 0
    held = output(capsys)
    assert held["data"] in GOOD
    assert "roll" in held


def test_export_writes_a_file_that_only_its_owner_reads(
    civic: Command, journal: Path, known: list[Receipt], tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "export.json"
    capsys.readouterr()
    assert civic("export", known[0].id, "--journal", journal, "--output", file) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["data"] in GOOD
    assert capsys.readouterr().out == ""


def test_token_from_the_environment_is_taken(
    civic: Command, known: list[Receipt], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CIVIC_TOKEN", known[0].access_token)
    assert civic("show", known[0].id, "--journal", tmp_path / "none.jsonl") == 0


@pytest.mark.parametrize("command", ["show", "export", "erase"])
def test_unknown_id_is_1_with_a_hint(
    civic: Command, journal: Path, known: list[Receipt], capsys: Capture, command: str
) -> None:
    assert known
    unknown = "00000000-0000-4000-8000-000000000000"
    assert civic(command, unknown, "--journal", journal) == 1
    assert "no access token for that id" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["show"], ["export"], ["erase", "--yes"]])
def test_wrong_token_is_not_found(
    civic: Command, known: list[Receipt], capsys: Capture, command: list[str]
) -> None:
    name, *options = command
    assert civic(name, known[0].id, "--token", "A" * 43, *options) == 1
    assert "404 not_found" in capsys.readouterr().err


def test_erase_asks_first(
    civic: Command, journal: Path, known: list[Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert civic("erase", known[0].id, "--journal", journal) == 1
    assert civic("show", known[0].id, "--journal", journal) == 0


def test_erase_erases(
    civic: Command, journal: Path, known: list[Receipt], target: Target, capsys: Capture
) -> None:
    *_, last = known
    capsys.readouterr()
    assert civic("erase", last.id, "--journal", journal, "--yes") == 0
    assert output(capsys)["status"] == "erased"
    eventually("it is erased", lambda: is_tombstone(row(target, BY_ID[0], last)))
    assert civic("show", last.id, "--journal", journal) == 1


def test_status_names_the_stack_and_its_api(
    civic: Command, target: Target, capsys: Capture
) -> None:
    assert civic("status") == 0
    shown = capsys.readouterr().out
    assert target.api_url in shown
    assert [name for name in target.stacks.values() if name not in shown] == []


def test_status_of_another_stack_is_1(
    civic: Command, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(Target, "find_stacks", lambda _: {})
    assert civic("status") == 1
    assert "there is no stack" in capsys.readouterr().out
