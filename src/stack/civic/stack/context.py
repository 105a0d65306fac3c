"""What the global options decided, for the subcommands."""

from dataclasses import dataclass

import typer

from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.stack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Settled:
    """The stack, and the checkout whose engine may run it."""

    target: Target
    engine: Engine


def target_of(context: typer.Context) -> Target:
    """Return the stack that the command works on."""
    return _settled(context).target


def engine_of(context: typer.Context) -> Engine:
    """Return the embedded engine of this checkout."""
    return _settled(context).engine


def workspace_of(context: typer.Context) -> Workspace:
    """Return the checkout that the command is installed from."""
    return _settled(context).engine.workspace


def _settled(context: typer.Context) -> Settled:
    settled = context.find_object(Settled)
    if settled is None:
        raise AssertionError("the command was called without its global options")
    return settled
