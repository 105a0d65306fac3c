"""How a program starts, shows its version, and ends."""

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any

import typer

from civic.terminal.console import fail, out
from civic.terminal.failures import INTERRUPTED_EXIT_CODE, CommandFailed

type Explain = Callable[[Exception], CommandFailed | None]
"""Returns what an error means to the user, or None if the user can do nothing about it."""


def version_option(program: str) -> Any:
    """Return an option that prints the version of a program and exits.

    Args:
        program: The name of its console script.
    """

    def show(wanted: bool) -> None:  # noqa: FBT001 - how Typer calls it
        if wanted:
            out.print(f"{program} {version_of(program)}")
            raise typer.Exit

    return typer.Option(
        "--version", is_eager=True, callback=show, help="Show the version and exit."
    )


def version_of(program: str) -> str:
    """Return the version of the distribution that installed a program."""
    for script in entry_points(group="console_scripts", name=program):
        if script.dist is not None:
            return script.dist.version
    return "of an unknown version"


def call(app: typer.Typer, arguments: Sequence[str], explain: Explain = lambda _: None) -> int:
    """Run a program.

    Args:
        app: The program.
        arguments: The words after its name.
        explain: Explains the errors of the libraries that the program uses.

    Returns:
        0, or the exit code that says what went wrong (`civic.terminal.failures`).
    """
    try:
        app(list(arguments), prog_name=app.info.name)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT_CODE
    except CommandFailed as failure:
        return _report(failure)
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        return _report(explained)
    return 0


def _report(failure: CommandFailed) -> int:
    fail(str(failure))
    return failure.exit_code
