"""`civic rights`: what data subjects may ask for besides access and erasure.

Answers are printed as text, or with --json as the API gave them.
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

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer unchanged.")]


def restrict(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Keep a registration, and do nothing else with it (Art. 18)."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.restrict(holder.receipt)))


def lift(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Lift a restriction (Art. 18(3)).

    Whatever it held back continues.
    """
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.lift(holder.receipt)))


def object_to_analytics(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Object to being counted in statistics (Art. 21).

    The registration is left out of every count from now on, for good.
    """
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.object(holder.receipt)))


def dispute(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Dispute a decision, and have a person decide (Art. 22(3))."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.dispute(holder.receipt)))


def explain(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Explain how a decision was made (Art. 15(1)(h), 22)."""
    with holder_of(context, registration, token, journal) as holder:
        answer = holder.citizen.explanation(holder.receipt)
    if as_json:
        out.print_json(json.dumps(answer))
        return
    out.print(f"{answer['decision']}, decided by {answer['decided_by']} under {answer['rule_set']}")
    for reason in answer["reasons"]:
        where = f" at {reason['pointer']}" if reason["pointer"] else ""
        effect = f" ({reason['effect']})" if "effect" in reason else ""
        out.print(f"{reason['code']}{where}{effect}: {reason['explanation']}", soft_wrap=True)


def requests(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List a person's requests, and when they are due (Art. 12(3))."""
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
            minute(note.get("completed_at")) or _lapsed(note),
        )
    return table


def _lapsed(note: dict[str, Any]) -> str:
    at = minute(note.get("lapsed_at"))
    return f"lapsed {at}" if at else ""


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
    """Show which stores have confirmed an erasure (Art. 17).

    With --receipt it writes the signed receipt to a file, which `civic rights verify-erasure`
    checks without the API.
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
    """Return the table of the stores that must confirm an erasure."""
    table = plain_table("", status["status"])
    table.add_row("asked for", second(status["requested_at"]))
    for one in status["stores"]:
        table.add_row(one["store"], second(one.get("erased_at")))
    table.add_row("complete", second(status.get("completed_at")))
    return table


def notice(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the privacy notice (Art. 13).

    It says what is processed, why, for whom and for how long.
    """
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
