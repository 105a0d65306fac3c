"""The demo's population: made up, or read from a file as `civic register` reads one."""

import json
from pathlib import Path

import pytest

from civic.client.api_client import Refused
from civic.client.journal import Journal
from civic.client.loading import Step
from civic.client.people_reader import PersonRow
from civic.client.submission import Submitted, submit_all
from civic.lab.demo.command import _made_up, _of_a_file, _register
from civic.lab.demo.report import Report
from civic.lab.population.generator import Person
from civic.lab.population.writer import write_people
from tests.fakes.registration_api import RegistrationApi
from tests.integration.people import person


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "receipts.jsonl")


def test_own_people_are_those_that_are_not_refused(
    tmp_path: Path, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.jsonl"
    people = [person(full_name=name) for name in ("One", "Twin", "Twin", "Four")]
    file.write_text("".join(f"{json.dumps(one)}\n" for one in [*people, {}]))
    report = Report()
    rows = list(_of_a_file(file, journal, report))
    assert rows == [PersonRow(1, people[0]), PersonRow(4, people[3])]
    assert report.bad_rows == 3
    assert "row 2: it is the same person as row 3" in capsys.readouterr().err


def test_headings_are_told_as_they_are(
    tmp_path: Path, journal: Journal, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people.csv"
    write_people(file, [person()])
    heading, row = file.read_text().splitlines()
    file.write_text(f"{heading},Note [/alt]\n{row},x\n")
    assert len(list(_of_a_file(file, journal, Report()))) == 1
    assert "ignored columns: Note [/alt] (P)\n" in capsys.readouterr().err


def test_refusal_is_shown_as_the_api_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = Refused(422, "invalid_fields", title="not [x] in [/y]")
    assert _register([Submitted(7, Step.NEW, refusal=refusal)], 1, Report()) == {}
    assert "row 7: 422 invalid_fields: not [x] in [/y]\n" in capsys.readouterr().err


def test_everybody_who_is_made_up_is_registered(journal: Journal) -> None:
    api = RegistrationApi()
    made: dict[int, Person] = {}
    rows = list(_made_up(500, 1, made))
    assert {number: one.payload for number, one in made.items()} == {
        row.number: row.payload for row in rows
    }
    with api.citizen() as citizen:
        assert all(one.receipt for one in submit_all(citizen, journal, rows, workers=4))
    assert len(api.versions) == len(rows) == 500
