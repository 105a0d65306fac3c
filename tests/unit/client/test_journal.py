import json
import stat
from pathlib import Path

import pytest

from civic.client.citizen import Receipt
from civic.client.journal import Journal
from civic.terminal.failures import CommandFailed

PERSON = {"username": "canary-username", "full_name": "Canary Name"}


def test_journal_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    Journal(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_key_is_the_same_for_the_same_person_in_the_same_journal(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    key = Journal(path).key_for(PERSON)
    assert Journal(path).key_for(dict(reversed(PERSON.items()))) == key


def test_key_differs_between_journals(tmp_path: Path) -> None:
    assert Journal(tmp_path / "a").key_for(PERSON) != Journal(tmp_path / "b").key_for(PERSON)


def test_receipt_is_found_by_a_later_run(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    first = Journal(path)
    key = first.key_for(PERSON)
    first.add(key, Receipt("id-1", "token"))
    later = Journal(path)
    assert later.receipt_for(key) == Receipt("id-1", "token")
    assert later.find("id-1") == Receipt("id-1", "token")
    assert later.find("id-2") is None


def test_journal_holds_neither_the_person_nor_the_key(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    key = journal.key_for(PERSON)
    journal.add(key, Receipt("id-1", "token"))
    text = path.read_text()
    assert "canary" not in text.lower()
    assert key not in text


def test_line_broken_off_by_a_kill_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    journal.add("k" * 64, Receipt("id-1", "t1"))
    with path.open("a") as file:
        file.write('{"row": "abc", "id": "id-2", "acc')
    resumed = Journal(path)
    resumed.add("m" * 64, Receipt("id-3", "t3"))
    assert [receipt.id for receipt in Journal(path)] == ["id-1", "id-3"]


@pytest.mark.parametrize("text", ["", "not json\n", json.dumps({"secret": 5}) + "\n", "{}\n"])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(CommandFailed, match="not a journal"):
        Journal(path)
    assert path.read_text() == text
