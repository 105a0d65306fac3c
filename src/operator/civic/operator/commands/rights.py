"""What data subjects may ask for beside seeing and erasing: `civic restrict`, `object`, and so on.

What a person reads is printed as text, with --json as the API answered it.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from civic.client.citizen import Citizen
from civic.client.erasing import missing_stores, receipt_file
from civic.operator.commands.tokens import JournalOption, RegistrationId, Token, holder_of
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed
from civic.terminal.private_file import write_private
from civic.terminal.tables import plain_table
from civic.terminal.times import day, minute, second

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as it is.")]


def restrict(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Have nothing done with a registration but keeping it (GDPR Art. 18)."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.restrict(holder.receipt)))


def lift(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Lift a restriction: what it held back goes on (GDPR Art. 18(3))."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.lift(holder.receipt)))


def object_to_analytics(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Leave a registration out of every count from now on, for good (GDPR Art. 21)."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.object(holder.receipt)))


def contest(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Have a person decide where the decision is not in one's favour (GDPR Art. 22(3))."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.contest(holder.receipt)))


def explain(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Explain how a decision came about (GDPR Art. 15(1)(h), 22)."""
    with holder_of(context, registration, token, journal) as holder:
        answer = holder.citizen.explanation(holder.receipt)
    if as_json:
        out.print_json(json.dumps(answer))
        return
    out.print(f"{answer['decision']}, decided by {answer['decided_by']} under {answer['rule_set']}")
    for reason in answer["reasons"]:
        where = f" at {reason['pointer']}" if reason["pointer"] else ""
        out.print(f"{reason['code']}{where}: {reason['explanation']}", soft_wrap=True)


def requests(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List what was asked for, when it is due, and when it was answered (GDPR Art. 12(3))."""
    with holder_of(context, registration, token, journal) as holder:
        answer = holder.citizen.requests(holder.receipt)
    if as_json:
        out.print_json(json.dumps(answer))
    else:
        out.print(requests_table(answer["requests"]))


def requests_table(notes: list[dict[str, Any]]) -> Table:
    """Return the table of a person's requests."""
    table = plain_table("request", "Art.", "received", "due", "answered")
    for note in notes:
        times = f", {note['count']} times" if note["count"] > 1 else ""
        table.add_row(
            note["kind"] + times,
            note["article"],
            minute(note["received_at"]),
            day(note["due_at"]),
            minute(note.get("completed_at")),
        )
    return table


def erasure(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", help="Write the signed receipt to this file (JSON)."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show how far an erasure has come, store by store (GDPR Art. 17).

    `civic verify-receipt` checks the receipt, without the API.
    """
    with holder_of(context, registration, token, journal) as holder:
        status = holder.citizen.erasure(holder.receipt)
    if as_json:
        out.print_json(json.dumps(status))
    else:
        out.print(erasure_table(status))
    if receipt is not None:
        _keep_receipt(status, receipt)


def _keep_receipt(status: dict[str, Any], path: Path) -> None:
    document = receipt_file(status)
    if document is None:
        missing = ", ".join(missing_stores(status)) or "the signature"
        raise CommandFailed(f"there is no receipt yet: waiting for {missing}")
    write_private(path, document)
    err.print(f"written: {path}", soft_wrap=True)


def erasure_table(status: dict[str, Any]) -> Table:
    """Return the table of the stores that are to confirm an erasure."""
    table = plain_table("", status["status"])
    table.add_row("asked for", second(status["requested_at"]))
    for one in status["stores"]:
        table.add_row(one["store"], second(one.get("erased_at")))
    table.add_row("complete", second(status.get("completed_at")))
    return table


def notice(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the privacy notice: what is processed, for what, for whom, how long (GDPR Art. 13)."""
    target = target_of(context)
    with Citizen(target.api_url, local=target.is_local) as citizen:
        answer = citizen.notice()
    if as_json:
        out.print_json(json.dumps(answer))
        return
    for name, part in answer.items():
        heading = name.replace("_", " ").capitalize()
        if isinstance(part, str):
            out.print(Text.assemble((f"{heading}: ", "bold"), part))
            continue
        out.print(Text(heading, "bold"))
        for row in part:
            first, *more = map(str, row.values())
            out.print(Padding(f"{first}: {', '.join(more)}", (0, 0, 0, 2), expand=False))
