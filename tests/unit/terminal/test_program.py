"""How a program ends, and the version it reports."""

import re
import tomllib
from collections.abc import Callable

import pytest
import typer

from civic.monitor.main import main as monitor
from civic.operator.main import main as civic
from civic.stack.workspace import here
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.program import call, version_of
from civic.verifier.main import main as verify

type Capture = pytest.CaptureFixture[str]

VERSION = tomllib.loads((here().root / "pyproject.toml").read_text())["project"]["version"]


def raising(error: BaseException) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fails() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code"), [(SettingInvalid("no such thing"), 2), (KeyboardInterrupt(), 130)]
)
def test_failure_ends_with_its_own_code(error: BaseException, code: int) -> None:
    assert call(raising(error), []) == code


def test_error_of_a_library_is_explained(capsys: Capture) -> None:
    known = ConnectionError("refused")
    code = call(raising(known), [], lambda error: CommandFailed(f"{error}; is it up?"))
    assert (code, capsys.readouterr().err) == (1, "error: refused; is it up?\n")


def test_error_that_nobody_can_explain_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        call(raising(ZeroDivisionError()), [])


@pytest.mark.parametrize(
    ("program", "main"), [("civic", civic), ("civic-monitor", monitor)], ids=["civic", "monitor"]
)
def test_programs_say_the_version_of_the_project(
    capsys: Capture, program: str, main: Callable[[list[str]], int]
) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{program} {VERSION}\n"


def test_verifier_says_the_version_of_the_project(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        verify(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"civic-verify {VERSION}\n"


def test_program_that_nothing_installed_has_no_version() -> None:
    assert version_of("civic-nothing") == "of an unknown version"


def test_newest_release_of_the_changelog_is_this_version() -> None:
    changelog = (here().root / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE)
    assert releases[0][0] == VERSION
