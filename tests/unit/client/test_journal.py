import errno
import hashlib
import hmac
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from civic.client.citizen import Receipt
from civic.client.journal import Journal, Marks, SeveralInJournal
from civic.client.people_reader import PersonRow
from civic.terminal.failures import CommandFailed

FIRST = Receipt("id-1", "token-1")
SECOND = Receipt("id-2", "token-2")


def row(number: int = 1, key: str | None = None, **changes: str) -> PersonRow:
    payload = {"username": "canary-username", "full_name": "Canary Name"}
    payload |= {"date_of_birth": "1970-01-02", "city": "Canaryville"}
    return PersonRow(number, payload | changes, key)


def added(journal: Journal, one: PersonRow, receipt: Receipt) -> Marks:
    marks = journal.marks_of(one)
    journal.add(marks, receipt)
    return marks


def key_of(journal: Journal, one: PersonRow) -> str:
    return journal.idempotency_key(one, journal.marks_of(one))


def found(journal: Journal, one: PersonRow) -> Receipt | None:
    entry = journal.entry_of(journal.marks_of(one))
    return entry.receipt if entry else None


def test_journal_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    Journal(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_key_is_the_same_for_the_same_person_in_the_same_journal(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    key = key_of(Journal(path), row())
    assert key_of(Journal(path), row(2, city="Elsewhere")) == key
    assert key_of(Journal(path), row(full_name="Another")) != key
    assert key_of(Journal(path), row(date_of_birth="1970-01-03")) != key


def test_key_of_the_office_goes_before_name_and_birth_date(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "receipts.jsonl")
    key = key_of(journal, row(key="r1"))
    assert key_of(journal, row(key="r1", full_name="Another")) == key
    assert len({key, key_of(journal, row(key="r2")), key_of(journal, row())}) == 3


def test_key_differs_between_journals(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "a"), Journal(tmp_path / "b")
    assert key_of(one, row()) != key_of(other, row())
    assert one.marks_of(row()).person != other.marks_of(row()).person


def test_receipt_is_found_by_a_later_run(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    added(Journal(path), row(), FIRST)
    later = Journal(path)
    assert found(later, row()) == FIRST
    assert later.find("id-1") == FIRST
    assert later.find("id-2") is None
    assert list(later) == [FIRST]


@pytest.mark.parametrize("name", ["CANARY  name", " Canary\u00a0Name\u200e", "Ｃanary Name"])  # noqa: RUF001
def test_name_is_recognised_as_files_differ(tmp_path: Path, name: str) -> None:
    journal = Journal(tmp_path / "receipts.jsonl")
    added(journal, row(), FIRST)
    assert found(journal, row(full_name=name, city="Elsewhere")) == FIRST


def test_another_name_or_birth_date_is_another_person(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "receipts.jsonl")
    added(journal, row(), FIRST)
    assert found(journal, row(full_name="Canary Nam")) is None
    assert found(journal, row(date_of_birth="1970-01-20")) is None


def test_with_a_key_a_changed_name_is_the_same_person(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "receipts.jsonl")
    added(journal, row(key="r1"), FIRST)
    married = row(key="r1", full_name="Canary Married")
    assert found(journal, married) == FIRST
    added(journal, married, FIRST)
    assert found(journal, row()) is None
    assert found(journal, row(full_name="Canary Married")) == FIRST


def test_with_keys_two_people_may_have_one_name_and_birth_date(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    added(journal, row(key="r1"), FIRST)
    assert found(journal, row(key="r2")) is None
    added(journal, row(key="r2"), SECOND)
    assert [found(Journal(path), row(key=key)) for key in ("r1", "r2")] == [FIRST, SECOND]
    with pytest.raises(SeveralInJournal, match="--key"):
        found(journal, row())


def test_key_may_be_given_later_and_left_out_again(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    added(journal, row(), FIRST)
    assert found(journal, row(key="r1")) == FIRST
    added(journal, row(key="r1"), FIRST)
    added(journal, row(city="Elsewhere"), FIRST)
    assert found(Journal(path), row(key="r1", full_name="Canary Married")) == FIRST


def test_same_line_is_not_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    for one in (row(key="r1"), row(key="r1"), row()):
        added(journal, one, FIRST)
    assert len(path.read_text().splitlines()) == 2


def test_journal_holds_neither_the_person_nor_the_key(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    one = row(key="canary-key")
    added(journal, one, FIRST)
    text = path.read_text()
    assert "canary" not in text.lower()
    assert "1970" not in text
    assert key_of(journal, one) not in text


def test_line_broken_off_by_a_kill_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    added(Journal(path), row(), FIRST)
    with path.open("a") as file:
        file.write('{"row": "abc", "id": "id-2", "acc')
    added(Journal(path), row(full_name="Another"), Receipt("id-3", "t3"))
    assert [receipt.id for receipt in Journal(path)] == ["id-1", "id-3"]


def test_line_broken_off_by_a_full_disk_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "receipts.jsonl"
    journal = Journal(path)
    opened = Path.open

    def full(self: Path, mode: str) -> Any:
        with opened(self, mode) as file:
            file.write('{"row": "abc", "per')
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", full)
        with pytest.raises(OSError, match="No space"):
            added(journal, row(), FIRST)
    assert found(journal, row()) is None
    added(journal, row(), FIRST)
    added(journal, row(full_name="Another"), SECOND)
    assert list(Journal(path)) == [FIRST, SECOND]


@pytest.mark.parametrize(
    "text",
    ["", "not json\n", json.dumps({"journal": 2, "secret": 5}) + "\n", "{}\n", "[]\n", "5\n"],
)
def test_another_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(CommandFailed, match="not a journal"):
        Journal(path)
    assert path.read_text() == text


def test_journal_of_a_later_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    path.write_text(json.dumps({"journal": 3, "secret": "00"}) + "\n")
    with pytest.raises(CommandFailed, match="of a later release"):
        Journal(path)


def test_to_look_only_nothing_is_made_or_changed(tmp_path: Path) -> None:
    missing, torn = tmp_path / "none" / "receipts.jsonl", tmp_path / "torn.jsonl"
    assert found(Journal(missing, keep=False), row()) is None
    assert not missing.parent.exists()
    text = json.dumps({"journal": 2, "secret": "00"}) + '\n{"row'
    torn.write_text(text)
    Journal(torn, keep=False)
    assert torn.read_text() == text


# ------------------------------------------------------------------ journals of earlier releases

SECRET = bytes(range(32))


def earlier_key(one: PersonRow) -> str:
    """Return the Idempotency-Key of the earlier release."""
    canonical = json.dumps(one.payload, sort_keys=True, ensure_ascii=False).encode()
    return hmac.new(SECRET, canonical, hashlib.sha256).hexdigest()


def earlier(path: Path, *people: tuple[PersonRow, Receipt]) -> Path:
    lines: list[dict[str, object]] = [{"journal": 1, "secret": SECRET.hex()}]
    for one, receipt in people:
        mark = hashlib.sha256(earlier_key(one).encode()).hexdigest()[:32]
        lines.append({"row": mark, "id": receipt.id, "access_token": receipt.access_token})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_journal_of_an_earlier_release_knows_people_by_all_of_their_row(tmp_path: Path) -> None:
    path = earlier(tmp_path / "receipts.jsonl", (row(), FIRST))
    journal = Journal(path)
    assert found(journal, row()) == FIRST
    assert found(journal, row(city="Elsewhere")) is None
    added(journal, row(), FIRST)
    assert found(Journal(path), row(city="Elsewhere")) == FIRST
    assert found(Journal(path), row(key="r1", city="Elsewhere")) == FIRST


def test_load_that_an_earlier_release_began_goes_on_with_its_keys(tmp_path: Path) -> None:
    journal = Journal(earlier(tmp_path / "receipts.jsonl"))
    assert key_of(journal, row(key="r1")) == earlier_key(row())
