"""`civic ledger`, `civic deadlines`, `civic reconcile`: erasures, what is due, what was lost."""

import json
import shlex
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from civic.identity.model.erasure import ErasureRecord
from civic.identity.model.requests import ARTICLES
from civic.identity.model.sweeping import Finding
from civic.operator.accountability import (
    count_erasures,
    is_cursor,
    ledger_entries,
    missing_stores,
    overdue_requests,
    reconcile,
    replay_erasures,
    run_deadlines,
)
from civic.operator.operations import await_empty_queues
from civic.stack.context import target_of
from civic.stack.target import Target
from civic.terminal.console import err, out
from civic.terminal.failures import SettingInvalid
from civic.terminal.times import day, second

_UNREADABLE = "{} rows cannot be read; see docs/operations.md"


def list_erasures(
    context: typer.Context,
    *,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Only those that some store has not confirmed.")
    ] = False,
) -> None:
    """List erasures, one per line.

    Each line shows the id, when the erasure was asked for, and whether it is complete.
    """
    seen = waiting = 0
    for record in ledger_entries(target_of(context)):
        seen += 1
        waiting += record.receipt is None
        if record.receipt is None or not incomplete:
            out.print(_line(record), soft_wrap=True)
    err.print(f"erasures: {seen}, not complete: {waiting}")


def _line(record: ErasureRecord) -> str:
    if record.requested_at is None:
        state = "the request itself is missing"
    elif record.completed_at is None:
        state = "waiting for " + ", ".join(missing_stores(record))
    elif record.receipt is None:
        state = "waiting for the receipt"
    else:
        state = "complete " + second(record.completed_at)
    return f"{record.id}  {second(record.requested_at):<20}  {state}"


def replay(
    context: typer.Context,
    cursor: Annotated[
        str | None, typer.Option("--from", help="Where an earlier replay was interrupted.")
    ] = None,
    page_size: Annotated[int, typer.Option(min=1, max=1000, help="Erasures at a time.")] = 100,
) -> None:
    """Erase everyone in the ledger again, after a restore.

    It does no harm if nothing came back, or if it is repeated.
    """
    if cursor is not None and not is_cursor(cursor):
        raise SettingInvalid("--from takes what a replay printed when it was interrupted")
    target = target_of(context)
    replayed = 0
    columns = (TextColumn("replaying erasures"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=err) as progress:
            total = None if cursor else count_erasures(target) or None
            task = progress.add_task("replay", total=total)
            for page in replay_erasures(target, cursor, page_size):
                replayed += page.replayed
                cursor = page.cursor
                progress.update(task, advance=page.replayed)
            progress.update(task, total=replayed, completed=replayed)
    except BaseException:
        err.print(f"interrupted after {replayed}; {_how_to_go_on(cursor)}", soft_wrap=True)
        raise
    out.print(f"replayed: {replayed}")
    _await_consumers(target)


def _how_to_go_on(cursor: str | None) -> str:
    again = "civic ledger replay" + (f" --from {shlex.quote(cursor)}" if cursor else "")
    return f"continue with: {again}"


def _await_consumers(target: Target, doing: str = "erasing") -> None:
    with err.status(doing) as status:
        depths = await_empty_queues(
            target, lambda left: status.update(f"{doing}: {left} messages to go")
        )
    left, dead = sum(depth.left for depth in depths), sum(depth.dead for depth in depths)
    out.print(f"messages left: {left}, dead letters: {dead}")
    if left or dead:
        err.print("some messages could not be handled; see `civic dlq list`")
        raise typer.Exit(1)


def reconcile_stores(context: typer.Context) -> None:
    """Compare all stores, and have what was lost mended.

    It exits with 1 if something cannot be mended, or if some messages could not be handled.
    """
    target = target_of(context)
    found: Counter[str] = Counter()
    with err.status("comparing") as status:
        for page, counts in enumerate(reconcile(target), 1):
            found.update(counts)
            status.update(f"comparing: {page} pages, {found.total()} found")
    for metric, number in sorted(found.items()):
        out.print(f"{metric}: {number}")
    if not found:
        out.print("nothing is wrong")
    _await_consumers(target, "mending")
    if found[Finding.BEYOND_MENDING]:
        err.print("some of it cannot be mended; see docs/operations.md")
        raise typer.Exit(1)


def run(context: typer.Context) -> None:
    """Run the daily job now.

    Erases the registrations whose retention has ended, and counts the overdue requests.
    """
    done = run_deadlines(target_of(context))
    out.print_json(json.dumps(done))
    if done["unreadable"]:
        err.print(_UNREADABLE.format(done["unreadable"]))
        raise typer.Exit(1)


def overdue(context: typer.Context) -> None:
    """List the requests that are overdue (GDPR Art. 12(3))."""
    now = datetime.now(UTC)
    late, unreadable = overdue_requests(target_of(context), now)
    for request in late:
        days = (now - request.due_at).days
        article = f"{request.kind} (Art. {ARTICLES[request.kind]})"
        out.print(
            f"{request.id}  {article:<26}  due {day(request.due_at)}, {days} days ago",
            soft_wrap=True,
        )
    err.print(f"overdue: {len(late)}")
    for registration in unreadable:
        err.print(f"{registration}  cannot be read")
    if unreadable:
        err.print(_UNREADABLE.format(len(unreadable)))
        raise typer.Exit(1)
