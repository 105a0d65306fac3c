"""`civic register`: loads a file of people, and loads it again when it was corrected."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from civic.client.api_client import Refused
from civic.client.citizen import Citizen
from civic.client.journal import Journal
from civic.client.loading import Plan, Step, plan_of, spans
from civic.client.people_mapping import read_mapping
from civic.client.people_reader import PeopleFile
from civic.client.submission import submit_all
from civic.operator.commands.tokens import JournalOption, journal_path
from civic.stack.context import target_of
from civic.terminal.console import bar, err, out
from civic.terminal.failures import CommandFailed

FileArgument = Annotated[
    Path,
    typer.Argument(help="People: CSV, a workbook (.xlsx), or JSON lines in the form of the API."),
]
Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", help="A TOML file that says what the columns are called."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding", help="The encoding of CSV, such as cp1252.", show_default="recognised"
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="The column by which a person is recognised when the file is loaded again.",
        show_default="name and birth date",
    ),
]

_DONE = {Step.NEW: "registered", Step.CHANGED: "corrected", Step.UNCHANGED: "unchanged"}
_SPANS_SHOWN = 10
_HINTS = {
    "not_found": "it was erased, or is of another system; nothing brings it back",
    "access_renewed": "this journal has the old token; with the new receipt, use"
    " `civic desk correct`",
    "registration_erased": "it was erased; nothing brings it back",
    "idempotency_key_reused": "a load that broke off had sent this row as it was then; "
    "load that version once more, and then this one",
}


def register(
    context: typer.Context,
    file: FileArgument,
    journal: JournalOption = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Requests at the same time.")] = 8,
    mapping: Mapping = None,
    key: Key = None,
    encoding: Encoding = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, and send nothing.")
    ] = False,
    as_new: Annotated[
        bool,
        typer.Option(
            "--as-new",
            help="Register new rows even if people of an earlier release may be the same.",
        ),
    ] = False,
) -> None:
    """Register or correct everyone in a file.

    First it shows what it will do: rows that are new are registered, rows that changed since they
    were loaded correct that registration, and rows that did not change send nothing. Bad rows are
    skipped. You may interrupt this and run it again: with the same journal nobody is registered
    twice. The journal holds access tokens and is readable by you only.
    """
    people = PeopleFile(file, read_mapping(mapping) if mapping else {}, key, encoding)
    kept = Journal(journal_path(context, journal), keep=not dry_run)
    digest = people.digest()
    plan = plan_of(people.rows(teller(file)), kept)
    _show(plan, whole=dry_run)
    _require_known(plan, as_new=as_new)
    if dry_run:
        refused = len(plan.refused)
    else:
        if people.digest() != digest:
            raise CommandFailed(f"{file} has changed since it was read; run this again")
        refused = _send(context, plan, people, kept, workers)
    if refused:
        raise typer.Exit(1)


def teller(file: Path) -> Callable[[str], None]:
    """Return what prints the remarks on a file of people, which repeat its headings."""
    return lambda said: err.print(f"{file}: {said}", markup=False, soft_wrap=True)


def _show(plan: Plan, *, whole: bool) -> None:
    for number, reason in sorted(plan.refused.items()):
        err.print(f"row {number}: {reason}", markup=False, soft_wrap=True)
    counts = [f"{len(plan.rows(step))} {step}" for step in Step]
    out.print(f"plan: {', '.join(counts)}, {len(plan.refused)} refused")
    for step in (Step.NEW, Step.CHANGED):
        if rows := plan.rows(step):
            shown = spans(rows, None if whole else _SPANS_SHOWN)
            out.print(f"  {step}: rows {shown}", soft_wrap=True)
    if plan.absent:
        out.print(f"  in the journal and not in the file: {plan.absent}; they stay registered")


def _require_known(plan: Plan, *, as_new: bool) -> None:
    """Stop if people might be registered twice, because an earlier release cannot tell.

    Raises:
        CommandFailed: Some rows are new, and some people of the journal are known by all of a row
            only.
    """
    if plan.unknown and plan.rows(Step.NEW) and not as_new:
        raise CommandFailed(
            f"nothing was sent: an earlier release registered {plan.unknown} people of the "
            "journal, and new rows may be theirs, corrected; first load the files from then once "
            "more, unchanged, which sends nothing, or give --as-new if the rows are other people"
        )


def _send(
    context: typer.Context, plan: Plan, people: PeopleFile, journal: Journal, workers: int
) -> int:
    """Do what was planned, and return how many rows were refused."""
    target = target_of(context)
    done: Counter[Step] = Counter()
    refused = len(plan.refused)
    with Citizen(target.api_url, local=target.is_local) as citizen, bar("loading") as progress:
        outcomes = submit_all(citizen, journal, plan.kept(people.rows()), workers)
        for outcome in progress.track(outcomes, total=len(plan.steps)):
            if outcome.refusal:
                refused += 1
                words = _words(outcome.refusal)
                err.print(f"row {outcome.number}: {words}", markup=False, soft_wrap=True)
            else:
                done[outcome.step] += 1
    counts = [f"{word}: {done[step]}" for step, word in _DONE.items()]
    out.print(f"{', '.join(counts)}, refused: {refused}")
    return refused


def _words(refusal: Refused) -> str:
    hint = _HINTS.get(refusal.code)
    return f"{refusal}; {hint}" if hint else str(refusal)
