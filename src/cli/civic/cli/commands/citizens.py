"""`civic register`, `show`, `export`, `erase`: what citizens do, from the command line."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from civic.cli.citizen import Citizen, Receipt
from civic.cli.console import err, out
from civic.cli.context import target_of, workspace_of
from civic.cli.failures import CommandFailed
from civic.cli.journal import Journal
from civic.cli.population.reader import BadRow, read_people
from civic.cli.submission import submit_all

_OWNER_ONLY = 0o600

JournalOption = Annotated[
    Path | None,
    typer.Option("--journal", help="Where receipts are kept  [default: out/receipts.jsonl]"),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="CIVIC_TOKEN",
        show_envvar=True,
        help="The registration's access token; otherwise looked up in the journal.",
    ),
]


def register(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="People: CSV, or JSON lines as the API takes them.")],
    journal: JournalOption = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Requests at a time.")] = 8,
) -> None:
    """Register everyone in a file; a bad row is reported and skipped.

    May be broken off and run again: with the same journal nobody is registered twice. The journal
    holds access tokens and is readable by you only.
    """
    target = target_of(context)
    kept = Journal(_journal_path(context, journal))
    skipped: list[BadRow] = []
    refused = 0
    registered = 0
    with Citizen(target.api_url, local=target.is_local) as citizen, bar("registering") as progress:
        task = progress.add_task("register", total=None)
        people = good_rows(file, skipped)
        for outcome in submit_all(citizen, kept, people, workers):
            progress.update(task, advance=1)
            if outcome.receipt is None:
                refused += 1
                err.print(f"person {outcome.number}: {outcome.refusal}")
            else:
                registered += 1
        progress.update(task, total=registered + refused)
    out.print(f"registered: {registered}, refused: {refused}, bad rows: {len(skipped)}")
    if refused or skipped:
        raise typer.Exit(1)


def good_rows(file: Path, skipped: list[BadRow]) -> Iterator[dict[str, Any]]:
    """Return the rows that have the right form; report the others and add them to ``skipped``."""
    for row in read_people(file):
        if isinstance(row, BadRow):
            skipped.append(row)
            err.print(f"line {row.line}: {row.reason}")
        else:
            yield row


def show(
    context: typer.Context,
    registration: Annotated[str, typer.Argument(metavar="ID")],
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Show status and decision of a registration."""
    target = target_of(context)
    receipt = _receipt(context, registration, token, journal)
    with Citizen(target.api_url, local=target.is_local) as citizen:
        out.print_json(json.dumps(citizen.status(receipt)))


def export(
    context: typer.Context,
    registration: Annotated[str, typer.Argument(metavar="ID")],
    token: Token = None,
    journal: JournalOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write to this file, readable by you only.")
    ] = None,
) -> None:
    """Export everything held about a person (GDPR Art. 15 and 20), as JSON."""
    target = target_of(context)
    receipt = _receipt(context, registration, token, journal)
    with Citizen(target.api_url, local=target.is_local) as citizen:
        document = json.dumps(citizen.data(receipt), ensure_ascii=False, indent=2)
    if output is None:
        out.print_json(document, ensure_ascii=False)
        return
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(document + "\n")
    err.print(f"written: {output}")


def erase(
    context: typer.Context,
    registration: Annotated[str, typer.Argument(metavar="ID")],
    token: Token = None,
    journal: JournalOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a registration (GDPR Art. 17). It cannot be undone."""
    target = target_of(context)
    receipt = _receipt(context, registration, token, journal)
    if not yes:
        typer.confirm(f"Erase {registration} and everything held about it?", abort=True)
    with Citizen(target.api_url, local=target.is_local) as citizen:
        out.print_json(json.dumps(citizen.erase(receipt)))


def bar(name: str) -> Progress:
    """Return a progress bar on stderr."""
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)


def _journal_path(context: typer.Context, given: Path | None) -> Path:
    return given or workspace_of(context).output / "receipts.jsonl"


def _receipt(
    context: typer.Context, registration: str, token: str | None, journal: Path | None
) -> Receipt:
    if token:
        return Receipt(registration, token)
    path = _journal_path(context, journal)
    found = Journal(path).find(registration) if path.exists() else None
    if found is None:
        raise CommandFailed("no access token for that id; give --token, or the right --journal")
    return found
