"""Subcommands that are imported when they are called: `civic down` need not load cryptography."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

COMMANDS = {
    "up": "civic.cli.commands.lifecycle:up",
    "down": "civic.cli.commands.lifecycle:down",
    "status": "civic.cli.commands.lifecycle:status",
    "demo": "civic.cli.demo.command:demo",
    "register": "civic.cli.commands.citizens:register",
    "show": "civic.cli.commands.citizens:show",
    "export": "civic.cli.commands.citizens:export",
    "erase": "civic.cli.commands.citizens:erase",
    "withdraw": "civic.cli.commands.citizens:withdraw",
    "erasure": "civic.cli.commands.rights:erasure",
    "verify-receipt": "civic.cli.commands.receipts:verify",
    "restrict": "civic.cli.commands.rights:restrict",
    "lift": "civic.cli.commands.rights:lift",
    "object": "civic.cli.commands.rights:object_to_analytics",
    "contest": "civic.cli.commands.rights:contest",
    "explain": "civic.cli.commands.rights:explain",
    "requests": "civic.cli.commands.rights:requests",
    "notice": "civic.cli.commands.rights:notice",
    "credential": "civic.cli.commands.credentials:credential",
    "review": "civic.cli.commands.review:review",
    "elections": "civic.cli.commands.elections:elections",
    "deadlines": "civic.cli.commands.accountability:deadlines",
    "overdue": "civic.cli.commands.accountability:overdue",
    "erasures": "civic.cli.commands.accountability:erasures",
    "receipt-key": "civic.cli.commands.receipts:receipt_key",
    "credentials": "civic.cli.commands.letters:credentials",
    "keys": "civic.cli.commands.operating:keys",
    "dlq": "civic.cli.commands.operating:dlq",
    "vote": "civic.cli.commands.voting:vote",
    "results": "civic.cli.commands.voting:results",
    "recount": "civic.cli.commands.voting:recount",
    "receipt": "civic.cli.commands.public_log:receipt",
    "log": "civic.cli.commands.public_log:log",
    "release": "civic.cli.commands.operating:release",
    "leakscan": "civic.cli.leakscan.command:leakscan",
    "witness": "civic.cli.witness.command:witness",
    "anchor": "civic.cli.anchor.command:anchor",
    "simulate": "civic.cli.simulate.command:simulate",
    "generate": "civic.cli.commands.generate:generate",
    "schemas": "civic.cli.schemas.command:schemas",
    "bench": "civic.cli.bench.command:app",
}
"""Name of the subcommand, and where its function (or its group, a Typer) stands.

In the order of the help text.
"""


class LazyCommands(TyperGroup):
    """The group of all subcommands in `COMMANDS`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Give the names, in the order of the help text."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one subcommand; None where there is none of that name."""
        del ctx
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        found = getattr(import_module(module), name)
        if isinstance(found, typer.Typer):
            found.info.name = cmd_name
            return get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(found)
        return get_command(alone)
