"""The commands that really exist, by program."""

from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from civic.monitor.main import app as monitor
from civic.operator.main import app as civic
from civic.terminal.lazy import words_of

PROGRAMS: dict[str, typer.Typer] = {"civic": civic, "civic-monitor": monitor}


def commands() -> Iterator[tuple[str, str]]:
    """Return the program and the words of every command and group."""
    for name, app in PROGRAMS.items():
        yield from ((name, words) for words in words_of(get_group(app)))


def command_of(program: str, words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words call, and the remaining words: its arguments, or unknown."""
    found: Any = get_group(PROGRAMS[program])
    rest = list(words)
    while rest and isinstance(found, TyperGroup):
        deeper = found.get_command(None, rest[0])  # type: ignore[arg-type]
        if deeper is None:
            break
        found = deeper
        rest.pop(0)
    return found, rest
