"""Subcommands that are imported when they are called: `civic down` need not load cryptography."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from civic.terminal.overview import Panel, overview
from civic.terminal.suggestions import near

type Places = Mapping[str, "str | Group"]
"""The subcommands by name, each with the place of its function, or its group, as `module:name`."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group whose subcommands are in several modules.

    Attributes:
        help: What they have in common.
        places: The subcommands.
    """

    help: str
    places: Places


class LazyCommands(TyperGroup):
    """A group of subcommands."""

    places: ClassVar[Places] = {}
    renamed: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order of the help text."""
        del ctx
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import one subcommand; None if there is none of that name."""
        del ctx
        place = self.places.get(cmd_name)
        return None if place is None else _load(cmd_name, place)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the subcommand of a command line; if there is none, fail with the nearest ones."""
        if args[0] not in self.places and not args[0].startswith("-"):
            meant = near(args[0], list(words_of(self)), self.renamed)
            names = " or ".join(f"`{ctx.command_path} {one}`" for one in meant)
            hint = f"Did you mean {names}?" if meant else f"`{ctx.command_path} --help` lists all."
            ctx.fail(f"There is no command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)


class LazyProgram(LazyCommands):
    """A whole program, whose help text is one table of subcommands by who uses them."""

    roles: ClassVar[Mapping[str, Places]] = {}

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the overview."""
        del formatter
        panels = [
            Panel(role, [(name, _first_line(self.get_command(ctx, name))) for name in places])
            for role, places in self.roles.items()
        ]
        overview(ctx, panels)


def lazy_program(
    roles: Mapping[str, Places], renamed: Mapping[str, str] | None = None
) -> type[LazyProgram]:
    """Return a program of these subcommands.

    Args:
        roles: The subcommands by who uses them.
        renamed: The current name of each subcommand that was renamed, by its old name.
    """
    places = {name: place for one in roles.values() for name, place in one.items()}
    members = {"roles": roles, "places": places, "renamed": renamed or {}}
    return type("LazyProgram", (LazyProgram,), members)


def installed_roles(group: str) -> dict[str, Places]:
    """Return the subcommands that installed rooms add, by who uses them.

    Args:
        group: The group of entry points, each of which names a mapping from role to places. One
            whose room is left out of the installation, as a wheel leaves out the lab, adds none.
    """
    found: dict[str, Places] = {}
    for point in sorted(entry_points(group=group), key=lambda one: one.name):
        room, _, _ = point.module.rpartition(".")
        if find_spec(room) is not None:
            found |= point.load()
    return found


def words_of(group: TyperGroup) -> Iterator[str]:
    """Yield the words for every subcommand of a group, and of the groups in it."""
    for name in group.list_commands(None):  # type: ignore[arg-type]
        yield name
        found = group.get_command(None, name)  # type: ignore[arg-type]
        if isinstance(found, TyperGroup):
            yield from (f"{name} {words}" for words in words_of(found))


def _load(name: str, place: str | Group) -> Any:
    command = _found(name, place)
    _let_flow(command)
    return command


def _found(name: str, place: str | Group) -> Any:
    if isinstance(place, Group):
        members = {"places": place.places}
        cls = type("LazyCommands", (LazyCommands,), members)
        return get_group(typer.Typer(name=name, cls=cls, help=place.help, no_args_is_help=True))
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        found.info.name = name
        return get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


def _let_flow(command: Any) -> None:
    """Take the line breaks out of the paragraphs of a help text, which is as wide as the code."""
    paragraphs = (command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(one.split()) for one in paragraphs)
    for subcommand in getattr(command, "commands", {}).values():
        _let_flow(subcommand)


def _first_line(command: Any) -> str:
    line, _, _ = (command.help or "").strip().partition("\n")
    return str(line)
