"""The `civic` command: its global options, and how it ends.

Its own subcommands are listed in `civic.operator.panels`; other distributions add theirs by entry
points of the group `civic.commands`.
"""

import sys
from typing import Annotated

import typer

from civic.operator.panels import PANELS, RENAMED
from civic.stack.context import Settled
from civic.stack.engine import Engine, no_room
from civic.stack.ports import chosen_port
from civic.stack.target import LOCAL_STACK, choose, explain
from civic.stack.workspace import here
from civic.terminal.failures import CommandFailed, is_disk_full
from civic.terminal.lazy import installed_roles, lazy_program
from civic.terminal.program import call, version_option

_HELP = "Operate a Civic stack, in the embedded engine or on AWS."

app = typer.Typer(
    name="civic",
    cls=lazy_program(PANELS | installed_roles("civic.commands"), RENAMED),
    no_args_is_help=True,
    add_completion=False,
    # A traceback may show the values of local variables, which may be someone's data.
    pretty_exceptions_enable=False,
    help=_HELP,
)


@app.callback(help=_HELP)
def settle(
    context: typer.Context,
    stack: Annotated[
        str,
        typer.Option(
            envvar="CIVIC_STACK",
            show_envvar=False,
            show_default=False,
            help="The stack; by default $CIVIC_STACK, or else civic-local.",
        ),
    ] = LOCAL_STACK,
    region: Annotated[str | None, typer.Option(help="AWS region.")] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile.")] = None,
    *,
    version: Annotated[bool, version_option("civic")] = False,
) -> None:
    """Find out which stack the subcommand works on."""
    del version
    workspace = here()
    record = Engine(workspace, 0).port_record
    engine = Engine(workspace, chosen_port(record))
    context.obj = Settled(choose(stack, region, profile, engine), engine)


def run() -> None:
    """Run the command and exit with its code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: The words after `civic`.

    Returns:
        0, or the exit code that says what went wrong (`civic.terminal.failures`).
    """
    return call(app, arguments, _explain)


def _explain(error: Exception) -> CommandFailed | None:
    if isinstance(error, OSError) and is_disk_full(error):
        return no_room()
    return explain(error)
