"""Subcommands that are imported when they are called: `civic down` need not load cryptography."""

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

type Places = Mapping[str, str]
"""Name of the subcommand, and where its function (or its group, a Typer) is: `module:name`."""


class LazyCommands(TyperGroup):
    """A group of subcommands by panel, in the order of the help text."""

    panels: ClassVar[Mapping[str, Places]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help text."""
        del ctx
        return [name for places in self.panels.values() for name in places]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one subcommand; None where there is none of that name."""
        del ctx
        for panel, places in self.panels.items():
            if cmd_name in places:
                return _load(cmd_name, places[cmd_name], panel)
        return None


def lazy_commands(panels: Mapping[str, Places]) -> type[LazyCommands]:
    """Return a group of these subcommands."""
    return type("LazyCommands", (LazyCommands,), {"panels": panels})


def installed_panels(group: str) -> dict[str, Places]:
    """Return the panels that installed distributions add, by the name of their entry point.

    Args:
        group: Of entry points; each names a mapping from panel to places.
    """
    found: dict[str, Places] = {}
    for point in sorted(entry_points(group=group), key=lambda one: one.name):
        found |= point.load()
    return found


def _load(name: str, place: str, panel: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        found.info.name = name
        command = get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        command = get_command(alone)  # type: ignore[assignment]
    command.rich_help_panel = panel
    return command
