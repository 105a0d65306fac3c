import errno
import json
from importlib.resources import files
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from civic.client.people_formats import Payload, PopulationError
from civic.client.people_reader import PeopleFile, PersonRow
from civic.identity.model.rules import RuleSet
from civic.lab.population.command import generate as command
from civic.lab.population.generator import generate
from civic.lab.population.writer import write_people
from civic.terminal.failures import DiskFull

RULES = RuleSet.parse((files("civic.identity.rules") / "national-2027.toml").read_bytes())
PAYLOADS = [person.payload for person in generate(500, 7, RULES)]


def read(path: Path) -> list[Payload]:
    rows = list(PeopleFile(path).rows())
    assert all(isinstance(row, PersonRow) for row in rows)
    return [row.payload for row in rows if isinstance(row, PersonRow)]


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(command)
    return made


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_people(path, PAYLOADS) == 500
    assert read(path) == PAYLOADS


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_cells_with_quotes_commas_and_separators_are_read_back(tmp_path: Path, name: str) -> None:
    payload = PAYLOADS[0] | {"full_name": 'Ada "the, first"; Ørsted'}
    path = tmp_path / name
    write_people(path, [payload])
    assert read(path) == [payload]


def test_csv_lines_end_as_rfc_4180_says(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    write_people(path, PAYLOADS[:2])
    assert path.read_bytes().count(b"\r") == path.read_bytes().count(b"\r\n") == 3


def test_nobody_is_written_as_a_header_alone(tmp_path: Path) -> None:
    assert write_people(tmp_path / "people.csv", []) == 0
    assert (tmp_path / "people.csv").read_text("utf-8").startswith("username,full_name,")


def test_address_line_that_csv_cannot_hold_is_refused(tmp_path: Path) -> None:
    payload = PAYLOADS[0] | {"address": PAYLOADS[0]["address"] | {"lines": ["a|b"]}}
    with pytest.raises(PopulationError, match="JSON lines"):
        write_people(tmp_path / "people.csv", [payload])


def test_unknown_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(PopulationError, match=r"\.csv"):
        write_people(tmp_path / "people.xml", PAYLOADS)
    assert not list(tmp_path.iterdir())


def test_workbook_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(PopulationError, match="read only"):
        write_people(tmp_path / "people.xlsx", PAYLOADS)
    assert not list(tmp_path.iterdir())


def test_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PopulationError, match="cannot be written to"):
        write_people(tmp_path / "missing" / "people.csv", PAYLOADS)


def test_full_disk_has_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DiskFull):
        write_people(tmp_path / "people.csv", PAYLOADS)


def test_command_prints_json_lines(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["--count", "20", "--seed", "7"])
    assert result.exit_code == 0
    expected = [person.payload for person in generate(20, 7, RULES)]
    assert [json.loads(line) for line in result.stdout.splitlines()] == expected


def test_command_writes_a_file(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    result = CliRunner().invoke(app, ["--count", "500", "--seed", "7", "--output", str(path)])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert read(path) == PAYLOADS


def test_command_refuses_an_empty_population(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["--count", "0"]).exit_code == 2
