"""`civic show`, `export`, `erase`, `rights withdraw`: the life of a registration."""

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from civic.client.citizen import Receipt
from civic.client.erasing import await_erasure
from civic.operator.commands.tokens import (
    Holder,
    JournalOption,
    RegistrationId,
    Token,
    holder_of,
)
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed
from civic.terminal.private_file import write_private
from civic.terminal.waiting import PATIENCE_SECONDS, TookTooLong

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Do not wait until every store has confirmed.")
]


class ExportFormat(StrEnum):
    """The format of an export."""

    JSON = "json"
    CSV = "csv"


def show(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Show the status and decision of a registration."""
    with holder_of(context, registration, token, journal) as holder:
        out.print_json(json.dumps(holder.citizen.status(holder.receipt)))


def export(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write to this file, readable by you only.")
    ] = None,
    written_as: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="json: everything held; csv: the person's own fields and cohort.",
        ),
    ] = ExportFormat.JSON,
) -> None:
    """Export the data held about a person (GDPR Art. 15, 20).

    Everything as JSON (Art. 15), with the entry on the roll of voters; or the person's own fields
    and their cohort as CSV, to take elsewhere (Art. 20).
    """
    with holder_of(context, registration, token, journal) as holder:
        document = _export(holder, written_as)
    if output is not None:
        write_private(output, document)
        err.print(f"written: {output}", soft_wrap=True)
    elif written_as == ExportFormat.CSV:
        typer.echo(document, nl=False)
    else:
        out.print_json(document, ensure_ascii=False)


def _export(holder: Holder, written_as: ExportFormat) -> str:
    if written_as == ExportFormat.CSV:
        return holder.citizen.data_as_csv(holder.receipt)
    held = holder.citizen.everything(holder.receipt)
    return json.dumps(held, ensure_ascii=False, indent=2) + "\n"


def erase(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    *,
    yes: Yes = False,
    no_wait: NoWait = False,
) -> None:
    """Erase a registration for good (GDPR Art. 17).

    It waits until every store has confirmed, and cannot be undone.
    """
    with holder_of(context, registration, token, journal) as holder:
        if not yes:
            typer.confirm(f"Erase {registration} and everything held about it?", abort=True)
        _erase(holder, holder.citizen.erase, wait=not no_wait)


def withdraw(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
    *,
    yes: Yes = False,
    no_wait: NoWait = False,
) -> None:
    """Withdraw consent, and have everything erased (Art. 7(3)).

    It waits until every store has confirmed, and cannot be undone.
    """
    with holder_of(context, registration, token, journal) as holder:
        if not yes:
            typer.confirm(
                f"Withdraw consent, and erase {registration} and everything held about it?",
                abort=True,
            )
        _erase(holder, holder.citizen.withdraw, wait=not no_wait)


def _erase(holder: Holder, ask: Callable[[Receipt], dict[str, Any]], *, wait: bool) -> None:
    status = ask(holder.receipt)
    if not wait:
        out.print_json(json.dumps(status))
        err.print(
            f"accepted; to follow it: civic rights erasure {holder.receipt.id}", soft_wrap=True
        )
        return
    try:
        with err.status("erasing"):
            status = await_erasure(holder.citizen, holder.receipt, PATIENCE_SECONDS)
    except TookTooLong:
        raise CommandFailed(
            f"accepted, but not complete within {PATIENCE_SECONDS:.0f} s; "
            f"to follow it: civic rights erasure {holder.receipt.id}"
        ) from None
    out.print_json(json.dumps({name: value for name, value in status.items() if name != "receipt"}))
    err.print(
        f"for the receipt: civic rights erasure {holder.receipt.id} --receipt FILE", soft_wrap=True
    )
