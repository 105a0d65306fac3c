"""The help text of a program on one screen: role, command, and what it does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.table import Column, Table
from rich.text import Text

from civic.terminal.console import out


class Panel(NamedTuple):
    """The commands of one role.

    Attributes:
        role: Who uses them.
        commands: The name of each command, and what it does.
    """

    role: str
    commands: Sequence[tuple[str, str]]


def overview(context: Any, panels: Sequence[Panel]) -> None:
    """Print a program's usage, its commands by role, and its options."""
    table = Table.grid(Column(no_wrap=True), Column(no_wrap=True), Column(), padding=(0, 2, 0, 0))
    for panel in [*panels, Panel("Options", _options(context))]:
        for number, (name, text) in enumerate(panel.commands):
            role = "" if number else panel.role
            table.add_row(Text(role, "bold"), Text(name, "cyan"), Text(text))
    out.print(context.get_usage(), markup=False)
    out.print(f"{context.command.help}\n", markup=False)
    out.print(table)


def _options(context: Any) -> list[tuple[str, str]]:
    return [
        (", ".join(option.opts), option.get_help_record(context)[1])
        for option in context.command.get_params(context)
    ]
