"""`civic areas` without a stack: load, show and check a table."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from civic.identity.model.area_table import Pages, TableVersion
from civic.identity.model.areas import AreaEntry
from civic.lab.memory.areas import MemoryAreas
from civic.lab.population.writer import write_people
from civic.operator.commands import areas as module
from civic.operator.main import main
from tests.integration.people import person
from tests.strategies.registrations import ACCEPTED_COUNTRIES

type Capture = pytest.CaptureFixture[str]

ROWS = "country,postcode,street,from,to,areas\n"
OLD = ROWS + "DE,10115,,,,N1\nDE,10119,,,,N1\nDE,20001,,,,S1\n"
NEW = ROWS + "DE,10115,,,,N2\nDE,10119,,,,N1\nDE,20002,Torstr.,1,9,S2\n"


class Editor(MemoryAreas):
    """A table whose writing can be interrupted."""

    patience: float = float("inf")
    others_load = False

    def write(self, version: int, pages: Pages) -> None:
        for name, entries in pages.items():
            if self.patience <= 0:
                raise KeyboardInterrupt
            self.patience -= 1
            super().write(version, {name: entries})

    def put_in_use(self, table: TableVersion, instead_of: int) -> bool:
        return not self.others_load and super().put_in_use(table, instead_of)


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch) -> Editor:
    there = Editor()
    monkeypatch.setattr(module, "editor_of", lambda _target: there)
    return there


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "areas.csv"
    written.write_text(OLD)
    return written


def test_table_is_loaded_and_put_in_use(editor: Editor, file: Path, capsys: Capture) -> None:
    assert main(["areas", "load", str(file)]) == 0
    assert editor.used is not None
    assert (editor.used.version, editor.used.pages) == (1, 3)
    assert editor.used.areas == {"N1", "S1"}
    assert dict(editor.read(1))["DE 10115"] == (AreaEntry(("N1",)),)
    assert "in use: version 1, 3 postcodes, 2 areas" in capsys.readouterr().out


def test_same_table_is_not_loaded_twice(editor: Editor, file: Path, capsys: Capture) -> None:
    main(["areas", "load", str(file)])
    capsys.readouterr()
    assert main(["areas", "load", str(file)]) == 0
    assert capsys.readouterr().out == "this table is in use already: version 1\n"
    assert editor.used is not None
    assert editor.used.version == 1


def test_dry_run_tells_the_difference_and_loads_nothing(
    editor: Editor, file: Path, capsys: Capture
) -> None:
    main(["areas", "load", str(file)])
    capsys.readouterr()
    file.write_text(NEW)
    assert main(["areas", "load", str(file), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    for line in (
        "compared with version 1:",
        "  added: 1 (DE 20002)",
        "  removed: 1 (DE 20001)",
        "  changed: 1 (DE 10115)",
        "  new areas: 2 (N2, S2)",
        "  areas that nobody has any more: 1 (S1)",
    ):
        assert line in shown.splitlines()
    assert editor.used is not None
    assert editor.used.version == 1
    assert dict(editor.read(2)) == {}


def test_interrupted_load_changes_nothing_and_goes_on(
    editor: Editor, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "our areas [x].csv"
    file.write_text(OLD)
    main(["areas", "load", str(file)])
    file.write_text(NEW)
    editor.patience = 2
    assert main(["areas", "load", str(file)]) == 130
    said = capsys.readouterr().err
    assert f"shows which table is in use. Continue with: civic areas load '{file}'\n" in said
    assert editor.used is not None
    assert editor.used.version == 1
    # Only what is missing is written.
    editor.patience = 1
    assert main(["areas", "load", str(file)]) == 0
    assert editor.used.version == 2
    assert sorted(dict(editor.read(2))) == ["DE 10115", "DE 10119", "DE 20002"]


def test_the_last_three_versions_in_use_are_kept(editor: Editor, file: Path) -> None:
    """A validator that asked before two loads still looks addresses up in the first version."""

    def load(content: str) -> int:
        file.write_text(content)
        return main(["areas", "load", str(file)])

    load(OLD)
    # One that is never put in use is no version that anybody could have asked for.
    editor.patience = 1
    assert load(NEW) == 130
    editor.patience = float("inf")
    for content in (OLD + "DE,20003,,,,S1\n", NEW):
        assert load(content) == 0
    assert {version for version, _ in editor.pages} == {1, 3, 4}
    assert editor.used is not None
    assert editor.used.before == (3, 1)
    assert load(OLD) == 0
    assert {version for version, _ in editor.pages} == {3, 4, 5}


def test_load_tells_where_people_wait_from_now_on(
    editor: Editor, file: Path, capsys: Capture
) -> None:
    line = "addresses in {} now wait for staff where {}"
    by_table, by_region = "this table does not decide them", "they name no region"
    main(["areas", "load", str(file)])
    assert line.format("DE", by_table) in capsys.readouterr().out.splitlines()
    region = "country,region,postcode,areas\nUS,AE,,US-CA\nIE,,,IE-D\nDE,,10115,N1\nNL,,1011AB,N5\n"
    file.write_text(region)
    main(["areas", "load", str(file)])
    said = capsys.readouterr().out.splitlines()
    assert line.format("NL", by_table) in said
    assert line.format("US", by_region) in said
    main(["areas", "show"])
    assert "addresses in DE, NL wait for staff where" in capsys.readouterr().out
    assert editor.used
    main(["areas", "show", "--json"])
    asks = json.loads(capsys.readouterr().out)["asks_for"]
    assert asks == {"DE": "table", "NL": "table", "US": "region"}


def test_table_of_an_earlier_release_is_loaded_once_more(
    editor: Editor, file: Path, capsys: Capture
) -> None:
    main(["areas", "load", str(file)])
    assert editor.used
    editor.used = replace(editor.used, fineness={})
    capsys.readouterr()
    assert main(["areas", "load", str(file)]) == 0
    assert "addresses in DE now wait for staff" in capsys.readouterr().out
    assert (editor.used.version, editor.used.fineness) == (2, {"DE": "table"})
    assert main(["areas", "load", str(file)]) == 0
    assert capsys.readouterr().out == "this table is in use already: version 2\n"


def test_table_that_somebody_else_loaded_meanwhile_stays(
    editor: Editor, file: Path, capsys: Capture
) -> None:
    editor.others_load = True
    assert main(["areas", "load", str(file)]) == 1
    said = capsys.readouterr().err
    assert "somebody else loaded a table meanwhile" in said
    assert "Continue with" not in said
    assert editor.used is None


def test_file_with_a_fault_loads_nothing(editor: Editor, file: Path, capsys: Capture) -> None:
    file.write_text(OLD + "DE,1,,,,N1\n")
    assert main(["areas", "load", str(file)]) == 2
    assert "line 5: postcode '1' is not one of DE" in capsys.readouterr().err
    assert (editor.used, editor.pages) == (None, {})


def test_shown_table_names_its_areas(editor: Editor, file: Path, capsys: Capture) -> None:
    assert main(["areas", "show"]) == 0
    assert "there is no table yet" in capsys.readouterr().out
    main(["areas", "load", str(file)])
    capsys.readouterr()
    assert main(["areas", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["version"], shown["areas"]) == (1, {"N1": 2, "S1": 1})
    assert main(["areas", "show"]) == 0
    assert "version 1, loaded" in capsys.readouterr().out
    assert editor.used


def test_addresses_are_tried_without_being_shown(
    editor: Editor, file: Path, tmp_path: Path, capsys: Capture
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        "full_name;address_lines;city;postcode;region;country\n"
        "Ada;Torstr. 1;Berlin;10119;Berlin;DE\n"
        "Grace;Hauptstr. 2;Köln;50667;;DE\n"
        "Alan;x;y;;;Germany\n"
        "Mary;|;Berlin;10119;;DE\n"
    )
    assert main(["areas", "check", str(people), "--table", str(file)]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "line 2: N1 DE-BE DE",
        "line 3: DE  (waits for staff)",
        "line 4: not an address: country",
        "line 5: not an address: lines",
    ]
    assert "decided: 1, not decided: 3" in shown.err
    assert "Torstr" not in shown.out + shown.err
    file.write_text(ROWS + "FR,,,,,N1\n")
    assert main(["areas", "check", str(people), "--table", str(file)]) == 1
    elsewhere = "line 3: DE  (waits for staff where the rule set asks for the table)"
    assert elsewhere in capsys.readouterr().out.splitlines()
    file.write_text(OLD)
    main(["areas", "load", str(file)])
    people.write_text("Country,Address: postcode\nDE,10119\n")
    assert main(["areas", "check", str(people)]) == 0
    assert editor.used


def test_people_whom_the_project_makes_up_can_be_tried(
    file: Path, tmp_path: Path, capsys: Capture
) -> None:
    people = tmp_path / "people.csv"
    assert main(["generate", "--count", "100", "--output", str(people)]) == 0
    file.write_text(ROWS + "".join(f"{one},,,,,X1\n" for one in ACCEPTED_COUNTRIES))
    capsys.readouterr()
    main(["areas", "check", str(people), "--table", str(file)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 100
    assert not [line for line in lines if "not an address" in line]


def test_every_part_of_an_address_is_tried(file: Path, tmp_path: Path, capsys: Capture) -> None:
    people, berlin = tmp_path / "people.csv", {"city": "Berlin", "country": "DE"}
    addresses: list[dict[str, Any]] = [
        berlin | {"postcode": "10119", "lines": ["Hinterhaus", "Torstr. 5"]},
        berlin | {"postcode": "10119", "lines": ["Torstr. 15"]},
        berlin | {"postcode": "10119", "lines": ["Torstr. 5"], "city": "Potsdam"},
        berlin | {"described_location": "at the oak"},
        {"lines": ["x"], "city": "Ulm", "region": "Bayern", "country": "DE"},
    ]
    write_people(people, [person(address=address) for address in addresses])
    file.write_text(
        "country,postcode,city,street,from,to,areas,described\n"
        "DE,10119,Berlin,Torstr.,1,9,N2,\nDE,,Berlin,,,,D1,yes\n"
    )
    assert main(["areas", "check", str(people), "--table", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("  (")[0] for line in lines] == [
        "line 2: N2 DE",
        "line 3: DE",
        "line 4: DE",
        "line 5: D1 DE",
        "line 6: DE-BY DE",
    ]
