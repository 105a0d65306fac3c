"""The program `civic-monitor`: what watches a log, where nothing else of Civic is installed."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from civic.monitor.commands import COMMANDS
from civic.terminal.lazy import lazy_program
from civic.terminal.program import call, version_option

_HELP = "Watch the public log of a Civic deployment from outside."

app = typer.Typer(
    name="civic-monitor",
    cls=lazy_program(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=_HELP,
)


@app.callback(help=_HELP)
def settle(*, version: Annotated[bool, version_option("civic-monitor")] = False) -> None:
    """Take the options that come before a subcommand."""
    del version


def run() -> None:
    """Run the program and exit with its code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run the program.

    Args:
        arguments: The words after `civic-monitor`.

    Returns:
        0, or the exit code that says what went wrong (`civic.terminal.failures`).
    """
    return call(app, arguments)
