"""`civic keys`, `civic dlq`, `civic release`: looking after a running stack."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from civic.contracts.voting import ORDER_PATTERN
from civic.operator.ballot_dead_letters import redrive_ballots
from civic.operator.operations import (
    QueueDepth,
    consumers,
    count_subject_keys,
    queue_depths,
    read_release,
    redrive,
    release_aggregates,
    rewrap_subject_keys,
    rotate_wrapping_key,
)
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import SettingInvalid

keys = typer.Typer(no_args_is_help=True, help="Rotate the wrapping keys.")
dlq = typer.Typer(no_args_is_help=True, help="List and redrive messages that could not be handled.")


@keys.command("rotate")
def rotate(
    context: typer.Context,
    *,
    rewrap_only: Annotated[
        bool,
        typer.Option(
            "--rewrap-only",
            help="Make no new key: finish a rotation, or bind the keys of an earlier release.",
        ),
    ] = False,
) -> None:
    """Make a new wrapping key and rewrap every subject key under it.

    Each key is bound to the access digest in its row. Records stay readable throughout. If it is
    interrupted, finish it with --rewrap-only. It exits with 1 if there are keys that do not open.
    """
    target = target_of(context)
    if not rewrap_only:
        out.print(f"current wrapping key: {rotate_wrapping_key(target)}")
    total = rewrapped = refused = 0
    columns = (TextColumn("rewrapping subject keys"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("rewrap", total=count_subject_keys(target) or None)
        for page in rewrap_subject_keys(target):
            total += page.seen
            rewrapped += page.rewrapped
            refused += page.refused
            progress.update(task, advance=page.seen)
        progress.update(task, total=total, completed=total)
    out.print(f"subject keys: {total}, rewrapped: {rewrapped}")
    if refused:
        err.print(
            f"{refused} subject keys do not open: they were altered, or bound to another row;"
            " see 'Rows that disagree' in docs/operations.md"
        )
        raise typer.Exit(1)


@dlq.command("list")
def list_dead_letters(context: typer.Context) -> None:
    """Show how many messages are waiting, in flight, or given up."""
    target = target_of(context)
    for stack in target.missing:
        err.print(f"there is no stack {stack!r}; its queues are left out")
    out.print(queue_table(queue_depths(target)))


def queue_table(depths: Sequence[QueueDepth]) -> Table:
    """Return the table of queue depths."""
    table = Table("consumer", "waiting", "in flight", "dead letters")
    for depth in depths:
        cells = (depth.waiting, depth.in_flight, depth.dead)
        table.add_row(depth.name, *map(str, cells))
    return table


@dlq.command("redrive")
def redrive_dead_letters(
    context: typer.Context,
    consumer: Annotated[str, typer.Argument(help="Whose queue; `civic dlq list` names them.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Move at most this many.")] = None,
    order: Annotated[
        str | None,
        typer.Option(help="For ballots after the closing: the order, such as a file number."),
    ] = None,
) -> None:
    """Send dead letters back to their queue, once what stopped them is fixed.

    Repeating it does no harm: consumers treat a duplicate as one message. Ballots of a closed
    election are refused without an order; either way, it is announced.
    """
    target = target_of(context)
    known = {name.lower(): name for name in consumers(target)}
    name = known.get(consumer.lower())
    if name is None:
        there = ", ".join(known.values())
        raise SettingInvalid(f"there is no consumer {consumer!r}; choose one of {there}")
    if order is not None and (name != "Ballot" or not re.fullmatch(ORDER_PATTERN, order)):
        raise SettingInvalid(
            "--order is for ballots only: up to 80 letters, digits, spaces and ./-"
        )
    if name == "Ballot":
        moved, late = redrive_ballots(target, limit, order)
        if late and order is None:
            err.print(f"refused: {late}, because their election is closed; this was announced")
    else:
        moved = redrive(target, name, limit)
    out.print(f"moved: {moved}")


def release(
    context: typer.Context,
    output: Annotated[Path | None, typer.Option(help="Write the document here.")] = None,
) -> None:
    """Publish the aggregates now, and show them."""
    target = target_of(context)
    document = json.dumps(read_release(target, release_aggregates(target)), indent=2)
    if output is None:
        out.print_json(document)
    else:
        output.write_text(document + "\n")
        err.print(f"written: {output}")
