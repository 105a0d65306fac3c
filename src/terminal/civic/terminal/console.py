"""The two streams of the command: results on stdout, everything else on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

out = Console(highlight=False)
"""Results, which may be piped."""

err = Console(stderr=True, highlight=False)
"""Progress and errors."""


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show that a step is under way, and on success that it is done.

    Args:
        name: What happens, as a noun phrase: "sam build".
    """
    with err.status(name):
        yield
    err.print(f"[green]✓[/green] {name}")


def fail(message: str) -> None:
    """Print one line that says why the command stops."""
    err.print("[red]error:[/red]", escape(message), soft_wrap=True)


def bar(name: str) -> Progress:
    """Return a progress bar on stderr."""
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)
