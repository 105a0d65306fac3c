"""`civic up`, `down`, `status`: the life of the stack on this machine."""

from typing import Annotated

import typer
from rich.table import Table

from civic.stack.context import engine_of, target_of
from civic.stack.deploy import deploy
from civic.stack.target import LOCAL_STACK, Target
from civic.terminal.console import err, out, step
from civic.terminal.failures import SettingInvalid
from civic.terminal.locks import one_at_a_time


def up(context: typer.Context) -> None:
    """Start the embedded engine, and deploy what changed."""
    target, engine = _require_local(target_of(context)), engine_of(context)
    # Two at the same time would build into the same directory.
    with one_at_a_time(engine.workspace.state / "up.lock"):
        with step(f"engine on port {engine.port}"):
            engine.start()
        if not deploy(target, engine):
            err.print("[green]✓[/green] every stack is up to date")
    _print_places(target)


def down(
    context: typer.Context,
    *,
    erase: Annotated[
        bool, typer.Option("--erase", help="Remove the state and the built artefacts as well.")
    ] = False,
) -> None:
    """Stop the embedded engine; its state is kept.

    The next `civic up` continues from there.
    """
    _require_local(target_of(context))
    engine = engine_of(context)
    if erase:
        engine.erase()
        err.print("[green]✓[/green] engine stopped, state removed")
    elif not engine.is_running():
        err.print("the engine is not running")
    else:
        with step("engine stopped, state kept"):
            engine.stop()


def status(context: typer.Context) -> None:
    """Show which stacks are deployed, and where.

    Exits with 1 if one is missing.
    """
    target, engine = target_of(context), engine_of(context)
    if target.is_local and not engine.is_running():
        out.print("the engine is not running; start it with `civic up`")
        raise typer.Exit(1)
    if not target.deployed:
        out.print(f"there is no stack {target.stack!r}")
        raise typer.Exit(1)
    _print_places(target)
    for stack, outputs in target.deployed.items():
        table = Table("output", "value", title=f"stack {stack}")
        for name, value in sorted(outputs.items()):
            table.add_row(name, value)
        out.print(table)
    for stack in target.missing:
        out.print(f"there is no stack {stack!r}")
    if target.missing:
        raise typer.Exit(1)


def _require_local(target: Target) -> Target:
    if not target.is_local:
        raise SettingInvalid(
            f"only the stack {LOCAL_STACK!r} lives in the engine; deploy to AWS with `sam deploy`"
        )
    return target


def _print_places(target: Target) -> None:
    out.print(f"API            {target.api_url}", soft_wrap=True)
    out.print(f"API, browsable {target.api_url}/docs", soft_wrap=True)
    if target.endpoint is not None:
        out.print(f"AWS services   {target.endpoint}", soft_wrap=True)
