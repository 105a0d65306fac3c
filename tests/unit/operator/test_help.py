"""The help: one screen, grouped by user, without confusable names; and its suggestions."""

from difflib import SequenceMatcher
from itertools import combinations

import pytest
from typer.main import get_group

from civic.operator.main import app, main
from civic.operator.panels import PANELS, RENAMED
from tests.unit.operator.command_tree import command_of, commands

SCREEN = 45
TOP = get_group(app).list_commands(None)  # type: ignore[arg-type]

type Capture = pytest.CaptureFixture[str]


def shown(monkeypatch: pytest.MonkeyPatch, capsys: Capture, columns: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["--help"]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("columns", [80, 100])
def test_help_is_one_screen_with_a_line_for_each_command(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, columns: int
) -> None:
    lines = shown(monkeypatch, capsys, columns)
    assert len(lines) <= SCREEN
    assert max(map(len, lines)) <= columns
    for name in TOP:
        (line,) = (one for one in lines if one[12:].split()[:1] == [name])
        command, _ = command_of("civic", [name])
        assert command.help.partition("\n")[0] in line


def test_help_says_who_uses_what(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    lines = shown(monkeypatch, capsys, 80)
    roles = [line.split()[0] for line in lines[3:] if line and not line.startswith(" ")]
    assert roles == [*PANELS, "Laboratory", "Watchers", "Options"]


def test_no_two_commands_are_near_twins() -> None:
    for one, other in combinations(TOP, 2):
        assert not one.startswith(other)
        assert not other.startswith(one)
        assert SequenceMatcher(None, one, other).ratio() < 0.75, (one, other)


@pytest.mark.parametrize(("program", "words"), list(commands()))
def test_every_command_says_what_it_does_in_one_line(program: str, words: str) -> None:
    command, rest = command_of(program, words.split())
    assert not rest
    first, _, _ = command.help.partition("\n")
    assert first.endswith(".")


@pytest.mark.parametrize(("program", "words"), list(commands()))
def test_paragraphs_of_help_are_as_wide_as_the_terminal(program: str, words: str) -> None:
    command, _ = command_of(program, words.split())
    assert "\n" not in command.help.replace("\n\n", "")


@pytest.mark.parametrize("words", [one for program, one in commands() if program == "civic"])
def test_every_command_has_help(words: str) -> None:
    assert main([*words.split(), "--help"]) == 0


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *RENAMED.items(),
        ("withdraw", "rights withdraw"),
        ("erasure", "rights erasure"),
        ("overdue", "deadlines overdue"),
        ("recount", "elections recount"),
        ("letters", "elections letters"),
        ("reslts", "results"),
    ],
)
def test_command_that_is_not_there_is_2_and_leads_to_the_one_that_was_meant(
    capsys: Capture, typed: str, meant: str
) -> None:
    assert main([typed]) == 2
    said = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert f"There is no command '{typed}'. Did you mean `civic {meant}`" in said
    assert command_of("civic", meant.split())[1] == []


def test_nonsense_is_2_and_leads_to_the_help(capsys: Capture) -> None:
    assert main(["qqqq"]) == 2
    assert "`civic --help` lists all." in capsys.readouterr().err


def test_nonsense_in_a_group_leads_to_the_help_of_the_group(capsys: Capture) -> None:
    assert main(["rights", "qqqq"]) == 2
    assert "`civic rights --help` lists all." in capsys.readouterr().err
