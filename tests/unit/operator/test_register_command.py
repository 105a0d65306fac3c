"""`civic register` without a stack: what it shows, what it sends, what it leaves in the journal."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from civic.client import people_reader
from civic.operator.commands import registering
from civic.operator.main import main
from tests.fakes.registration_api import RegistrationApi

type Capture = pytest.CaptureFixture[str]

HEADER = (
    "username,full_name,date_of_birth,address_lines,city,region,postcode,country,phone_number,"
    "email,national_id,citizenship_attestation,consent_text_version,consent_given_at"
)
_REST = ",,,yes,2027-1,2026-11-01T10:00:00Z"
ROLL = f"""{HEADER}
r1,Rolla Onesson,1970-01-02,1 Oak St,Sacramento,CA,95814,US,+1 916 445 2841{_REST}
r2,Rolla Twoson,1971-01-02,2 Oak St,Sacramento,CA,95814,US,+1 916 445 2842{_REST}
r3,Rolla Threeson,1972-01-02,3 Oak St,Sacramento,CA,95814,US,+1 916 445 2843{_REST}
"""
CORRECTED = ROLL.replace("+1 916 445", "+1 (916) 445")
CANARY = "zzcanary7fQ"


class Desk:
    """A clerk's desk: a folder with files and a journal, and an API."""

    def __init__(self, place: Path, capsys: Capture) -> None:
        self.api = RegistrationApi()
        self.place = place
        self.capsys = capsys
        self.said = ""
        self.warned = ""

    @property
    def journal(self) -> Path:
        return self.place / "receipts.jsonl"

    def load(self, text: str, *options: str, name: str = "roll.csv") -> int:
        (self.place / name).write_text(text)
        code = main(["register", str(self.place / name), "--journal", str(self.journal), *options])
        self.said, self.warned = self.capsys.readouterr()
        return code


@pytest.fixture
def desk(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path, capsys)
    target = SimpleNamespace(api_url="http://api.test", is_local=True)
    monkeypatch.setattr(registering, "target_of", lambda _: target)
    monkeypatch.setattr(registering, "Citizen", lambda *_, **__: desk.api.citizen())
    return desk


def test_roll_loaded_again_corrected_corrects_and_registers_nobody_twice(desk: Desk) -> None:
    assert desk.load(ROLL, name="roll1.csv") == 0
    assert "registered: 3, corrected: 0, unchanged: 0, refused: 0" in desk.said
    assert desk.load(CORRECTED, name="roll2.csv") == 0
    assert "plan: 0 new, 3 changed, 0 unchanged, 0 refused\n  changed: rows 2-4" in desk.said
    assert "registered: 0, corrected: 3, unchanged: 0, refused: 0" in desk.said
    assert len(desk.api.versions) == 3
    phones = [versions[-1]["phone_number"] for versions in desk.api.versions.values()]
    assert sorted(phones) == [f"+1 (916) 445 284{number}" for number in (1, 2, 3)]


def test_same_roll_loaded_again_sends_nothing(desk: Desk) -> None:
    desk.load(ROLL)
    assert desk.load(ROLL) == 0
    assert "plan: 0 new, 0 changed, 3 unchanged, 0 refused" in desk.said
    assert desk.api.requests == 3


def test_with_a_key_a_changed_name_is_a_correction(desk: Desk) -> None:
    desk.load(ROLL, "--key", "username")
    assert desk.load(ROLL.replace("Rolla Twoson", "Rolla Married"), "--key", "Username") == 0
    assert "0 new, 1 changed, 2 unchanged, 0 refused\n  changed: rows 3" in desk.said
    assert len(desk.api.versions) == 3


def test_dry_run_shows_the_plan_and_does_nothing(desk: Desk) -> None:
    assert desk.load(ROLL, "--dry-run") == 0
    assert "plan: 3 new, 0 changed, 0 unchanged, 0 refused\n  new: rows 2-4" in desk.said
    assert desk.api.requests == 0
    assert not desk.journal.exists()


def test_without_a_key_a_changed_name_is_a_new_person_and_the_plan_shows_it(desk: Desk) -> None:
    desk.load(ROLL)
    assert desk.load(ROLL.replace("Rolla Twoson", "Rolla Married"), "--dry-run") == 0
    assert "plan: 1 new, 0 changed, 2 unchanged, 0 refused\n  new: rows 3" in desk.said
    assert "in the journal and not in the file: 1; they stay registered" in desk.said
    assert desk.api.requests == 3


def test_dry_run_needs_no_stack(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registering, "target_of", None)
    assert desk.load(ROLL, "--dry-run") == 0


def test_long_list_of_rows_is_whole_in_a_dry_run_only(desk: Desk) -> None:
    heading, person, *_ = ROLL.splitlines()
    people = [person.replace("Onesson", f"Onesson {number}") for number in range(12)]
    text = "\n\n".join([heading, *people])
    desk.load(text, "--dry-run")
    assert "new: rows 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25\n" in desk.said
    desk.load(text)
    assert "new: rows 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, ...\n" in desk.said


def test_two_rows_of_one_person_are_refused_and_the_rest_is_loaded(desk: Desk) -> None:
    twice = ROLL + ROLL.splitlines()[1].replace("1 Oak St", "9 Elm St") + "\n"
    assert desk.load(twice) == 1
    assert "row 2: it is the same person as row 5" in desk.warned
    assert "row 5: it is the same person as row 2" in desk.warned
    assert "registered: 2, corrected: 0, unchanged: 0, refused: 2" in desk.said


def test_nothing_of_a_person_is_printed(desk: Desk) -> None:
    bad = ROLL.splitlines()[1].replace("1970-01-02", CANARY).replace("Onesson", CANARY)
    assert desk.load(f"{ROLL}{bad}\n{CANARY},,\n", "--key", "username") == 1
    assert "row 5: column C (date_of_birth) is not a date" in desk.warned
    for secret in (CANARY, "Rolla", "Oak St", "+1 916"):
        assert secret not in desk.said + desk.warned
        assert secret not in desk.journal.read_text()


@pytest.mark.parametrize("heading", ["Party", "Note [/alt]", "[x]"])
def test_ignored_columns_are_told_once(desk: Desk, heading: str) -> None:
    lines = ROLL.splitlines()
    desk.load("\n".join([f"{lines[0]},{heading}", *(f"{line},x" for line in lines[1:])]))
    assert desk.warned.count(f"ignored columns: {heading} (O)") == 1


def test_refusal_is_shown_as_the_api_says_it(desk: Desk) -> None:
    desk.api.refuse = "Rolla Twoson"
    desk.api.title = "not [x] in [/y]"
    assert desk.load(ROLL) == 1
    assert "row 3: 422 invalid_fields: not [x] in [/y]\n" in desk.warned


def test_mapping_and_encoding_are_used(desk: Desk) -> None:
    (desk.place / "m.toml").write_text('[columns]\nfull_name = "Name"\n')
    text = ROLL.replace("full_name", "Name").replace(",", ";")
    code = desk.load(text, "--mapping", str(desk.place / "m.toml"), "--encoding", "ascii")
    assert code == 0
    assert "registered: 3" in desk.said


def test_row_of_an_erased_person_is_refused_with_the_reason(desk: Desk) -> None:
    desk.load(ROLL)
    desk.api.erase(next(iter(desk.api.versions)))
    assert desk.load(CORRECTED) == 1
    assert "404 not_found: It is refused; it was erased, or is of another system" in desk.warned
    assert "corrected: 2, unchanged: 0, refused: 1" in desk.said


def test_correction_of_a_load_that_broke_off_is_refused_with_the_remedy(desk: Desk) -> None:
    desk.load(ROLL)
    desk.journal.write_text(desk.journal.read_text().splitlines()[0] + "\n")
    assert desk.load(CORRECTED) == 1
    assert "load that version once more, and then this one" in desk.warned
    assert "registered: 0, corrected: 0, unchanged: 0, refused: 3" in desk.said
    assert (desk.load(ROLL), desk.load(CORRECTED)) == (0, 0)
    assert len(desk.api.versions) == 3


def test_file_that_changes_while_it_is_read_is_not_sent(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = iter([b"before", b"after"])
    monkeypatch.setattr(people_reader.PeopleFile, "digest", lambda _: next(digests))
    assert desk.load(ROLL) == 1
    assert "has changed since it was read; run this again" in desk.warned
    assert desk.api.requests == 0


# ------------------------------------------------------------------ journals of earlier releases


def of_an_earlier_release(journal: Path) -> None:
    """Rewrite a journal as the earlier release kept it: by all of a row, and by nothing else."""
    head, *lines = map(json.loads, journal.read_text().splitlines())
    kept: list[dict[str, Any]] = [head | {"journal": 1}]
    kept += [{name: line[name] for name in ("row", "id", "access_token")} for line in lines]
    journal.write_text("".join(json.dumps(line) + "\n" for line in kept))


def test_correction_of_a_load_by_an_earlier_release_is_not_taken_for_new_people(
    desk: Desk,
) -> None:
    desk.load(ROLL)
    of_an_earlier_release(desk.journal)
    assert desk.load(CORRECTED) == 1
    assert "nothing was sent: an earlier release registered 3 people" in desk.warned
    assert desk.api.requests == 3
    assert desk.load(ROLL) == 0
    assert "3 unchanged" in desk.said
    assert desk.api.requests == 3
    assert desk.load(CORRECTED) == 0
    assert "corrected: 3" in desk.said
    assert len(desk.api.versions) == 3


def test_other_people_are_loaded_beside_an_earlier_release_s_if_the_clerk_says_so(
    desk: Desk,
) -> None:
    desk.load(ROLL)
    of_an_earlier_release(desk.journal)
    assert desk.load(ROLL.replace("Rolla", "Other"), "--as-new") == 0
    assert "registered: 3" in desk.said
    assert "in the journal and not in the file: 3; they stay registered" in desk.said
