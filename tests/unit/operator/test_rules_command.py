"""`civic rules diff`: which decisions a change of the rules flips, and nothing about people."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from civic.lab.population.writer import write_people
from civic.operator.main import main
from civic.stack.workspace import here
from tests.integration.people import person

OLD = here().root / "src/identity/civic/identity/rules/national-2027.toml"
CANARY = "zzcanary7fQ"
UNATTESTED = person(citizenship_attestation=False)
NOWHERE = person(address=person()["address"] | {"postcode": "1"})

REQUIRED = 'required_attestations = ["citizenship_attestation"]'
REVIEWED = '[rules.postcode_invalid]\nseverity = "review"'

type Capture = pytest.CaptureFixture[str]


class Office:
    """A folder with a file of people and the rules to review."""

    def __init__(self, place: Path, capsys: Capture) -> None:
        self.people = place / "people.jsonl"
        self.new = place / "new.toml"
        self.new.write_text(OLD.read_text("utf-8"), "utf-8")
        self.capsys = capsys
        self.said = ""
        self.warned = ""

    def change(self, before: str, after: str) -> None:
        text = self.new.read_text("utf-8")
        assert before in text
        self.new.write_text(text.replace(before, after, 1), "utf-8")

    def diff(self, *people: dict[str, Any] | str, options: tuple[str, ...] = ()) -> int:
        lines = [one if isinstance(one, str) else json.dumps(one) for one in people]
        self.people.write_text("\n".join(lines))
        words = ["rules", "diff", str(OLD), str(self.new), "--people", str(self.people)]
        code = main([*words, *options])
        self.said, self.warned = self.capsys.readouterr()
        return code


@pytest.fixture
def office(tmp_path: Path, capsys: Capture) -> Office:
    return Office(tmp_path, capsys)


def test_same_rules_flip_nothing(office: Office) -> None:
    assert office.diff(person(), UNATTESTED, NOWHERE) == 0
    assert office.said == "the same: 3, flipped: 0, not read: 0\n"


def test_flips_are_counted_by_kind_with_reasons_and_rows(office: Office) -> None:
    office.change(REQUIRED, "required_attestations = []")
    assert office.diff(person(), UNATTESTED, NOWHERE, UNATTESTED, UNATTESTED) == 1
    assert office.said.splitlines() == [
        "rejected -> accepted: 3",
        "  attestation_missing -> no reason: 3, rows 2, 4-5",
        "the same: 2, flipped: 3, not read: 0",
    ]


def test_kinds_are_told_apart_the_most_frequent_first(office: Office) -> None:
    office.change(REQUIRED, "required_attestations = []")
    office.change('[rules.postcode_invalid]\nseverity = "reject"', REVIEWED)
    both = NOWHERE | {"citizenship_attestation": False}
    assert office.diff(UNATTESTED, NOWHERE, both, NOWHERE) == 1
    assert office.said.splitlines() == [
        "rejected -> review: 3",
        "  postcode_invalid -> postcode_invalid: 2, rows 2, 4",
        "  attestation_missing, postcode_invalid -> postcode_invalid: 1, rows 3",
        "rejected -> accepted: 1",
        "  attestation_missing -> no reason: 1, rows 1",
        "the same: 0, flipped: 4, not read: 0",
    ]


def test_to_vote_only_later_is_another_decision(office: Office) -> None:
    office.change("minimum = 18", "minimum = 119")
    assert office.diff(person()) == 1
    assert office.said.startswith("accepted -> accepted from a later day: 1\n")


def test_people_are_decided_with_the_table_of_areas_of_the_office(
    office: Office, tmp_path: Path
) -> None:
    table = tmp_path / "areas.csv"
    table.write_text("country,postcode,areas\nDE,10827,N1\n")
    office.change("[countries.DE]\n", '[countries.DE]\nareas = "table"\n')
    munich = person(address=person()["address"] | {"city": "München", "postcode": "80331"})
    # Whatever the rules say, a table that has the country decides there, under both.
    assert office.diff(person(), munich, options=("--areas", str(table))) == 0
    # In France it says nothing, and without a table nobody is placed.
    table.write_text("country,region,postcode,areas\nDE,Bayern,,S1\nFR,,,F1\n")
    bavarian = person(address=munich["address"] | {"region": "Bayern"})
    nearby = person(address=munich["address"] | {"region": "Hessen"})
    assert office.diff(bavarian, nearby, options=("--areas", str(table))) == 1
    assert office.said.splitlines() == [
        "accepted -> review: 1",
        "  no reason -> area_unresolved: 1, rows 2",
        "the same: 1, flipped: 1, not read: 0",
    ]
    assert office.diff(bavarian, nearby) == 1
    assert "  no reason -> area_unresolved: 2, rows 1-2" in office.said


def test_table_of_areas_with_a_fault_is_refused(office: Office, tmp_path: Path) -> None:
    table = tmp_path / "areas.csv"
    table.write_text("country,postcode,areas\nDE,1,N1\n")
    assert office.diff(person(), options=("--areas", str(table))) == 2
    assert "line 2: postcode '1' is not one of DE" in office.warned


def test_row_that_is_no_registration_is_not_taken_for_the_same(office: Office) -> None:
    assert office.diff(person(), person(date_of_birth=CANARY)) == 1
    assert "row 2: /date_of_birth is not a date" in office.warned
    assert office.said == "the same: 1, flipped: 0, not read: 1\n"


def test_nothing_of_a_person_is_printed(office: Office) -> None:
    office.change(REQUIRED, "required_attestations = []")
    marked = UNATTESTED | {"full_name": CANARY, "username": CANARY}
    office.diff(marked, person(full_name=CANARY, date_of_birth=CANARY), f'{{"{CANARY}": 1}}')
    assert "flipped: 1" in office.said
    assert CANARY not in office.said + office.warned


def test_people_are_read_as_register_reads_them(office: Office, tmp_path: Path) -> None:
    one = person()
    flat = {f"address_{name}": cell for name, cell in one.pop("address").items()}
    flat |= {f"consent_{name}": cell for name, cell in one.pop("consent").items()}
    cells = {"Name" if name == "full_name" else name: cell for name, cell in (one | flat).items()}
    cells["address_lines"] = "|".join(flat["address_lines"])
    office.people = tmp_path / "people.csv"
    with office.people.open("w", encoding="cp1250", newline="") as file:
        csv.writer(file, delimiter=";").writerows([cells.keys(), cells.values()])
    text = office.people.read_bytes().decode("cp1250")
    (tmp_path / "m.toml").write_text('[columns]\nfull_name = "Name"\n')
    options = ("--mapping", str(tmp_path / "m.toml"))
    assert office.diff(text, options=options) == 0
    assert office.said == "the same: 1, flipped: 0, not read: 0\n"


def test_headings_are_told_as_they_are(office: Office, tmp_path: Path) -> None:
    office.people = tmp_path / "people.csv"
    write_people(office.people, [person()])
    heading, row = office.people.read_text().splitlines()
    assert office.diff(f"{heading},Note [/alt]", f"{row},x") == 0
    assert "ignored columns: Note [/alt] (P)\n" in office.warned


@pytest.mark.parametrize(
    ("text", "fault"),
    [("version = 5", "The rule set is broken: version: "), ("\0", "The rule set is not TOML")],
)
def test_rules_that_are_none_are_refused(office: Office, text: str, fault: str) -> None:
    office.new.write_text(text)
    assert office.diff(person()) == 2
    assert f"{office.new}: {fault}" in office.warned


def test_rules_that_are_not_there_are_refused(office: Office) -> None:
    office.new.unlink()
    assert office.diff(person()) == 2
    assert "No such file or directory" in office.warned
