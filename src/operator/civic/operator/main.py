"""The `civic` command: its global options, and how it ends.

Its own subcommands are listed in `civic.operator.panels`; other distributions add theirs by entry
points of the group `civic.commands`.
"""

import sys
from typing import Annotated

import typer

from civic.operator.panels import PANELS
from civic.stack.context import Settled
from civic.stack.engine import Engine, no_room
from civic.stack.target import LOCAL_STACK, choose, explain
from civic.stack.workspace import here
from civic.terminal.console import fail
from civic.terminal.failures import INTERRUPTED_EXIT_CODE, CommandFailed, is_disk_full
from civic.terminal.lazy import installed_panels, lazy_commands
from civic.terminal.ports import chosen_port

app = typer.Typer(
    name="civic",
    cls=lazy_commands(PANELS | installed_panels("civic.commands")),
    no_args_is_help=True,
    add_completion=False,
    # A traceback may show the values of local variables, which may be someone's data.
    pretty_exceptions_enable=False,
    help="Operate a Civic stack, in the embedded engine or on AWS.",
)


@app.callback()
def settle(
    context: typer.Context,
    stack: Annotated[
        str,
        typer.Option(envvar="CIVIC_STACK", help="`civic-local`, or the name of a stack on AWS."),
    ] = LOCAL_STACK,
    region: Annotated[str | None, typer.Option(help="AWS region.")] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile.")] = None,
) -> None:
    """Operate a Civic stack, in the embedded engine or on AWS."""
    workspace = here()
    record = Engine(workspace, 0).port_record
    engine = Engine(workspace, chosen_port(record))
    context.obj = Settled(choose(stack, region, profile, engine), engine)


def run() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command.

    Args:
        arguments: The words after `civic`.

    Returns:
        0, or the exit code that tells what went wrong (`civic.terminal.failures`).
    """
    try:
        app(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED_EXIT_CODE
    except CommandFailed as failure:
        return _report(failure)
    except OSError as error:
        if not is_disk_full(error):
            raise
        return _report(no_room())
    except Exception as error:
        failure_or_none = explain(error)
        if failure_or_none is None:
            raise
        return _report(failure_or_none)
    return 0


def _report(failure: CommandFailed) -> int:
    fail(str(failure))
    return failure.exit_code
