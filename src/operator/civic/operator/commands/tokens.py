"""Finding the access token of a registration: as an option, or in the journal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal
from civic.stack.context import target_of, workspace_of
from civic.terminal.failures import CommandFailed

RegistrationId = Annotated[str, typer.Argument(metavar="ID", help="The registration's id.")]
JournalOption = Annotated[
    Path | None,
    typer.Option("--journal", help="Where receipts are kept.", show_default="out/receipts.jsonl"),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="CIVIC_TOKEN",
        show_envvar=True,
        help="The registration's access token; otherwise it is looked up in the journal.",
    ),
]


@dataclass(frozen=True, slots=True)
class Holder:
    """A client of the API, with the token of one registration."""

    citizen: Citizen
    receipt: Receipt


@contextmanager
def holder_of(
    context: typer.Context, registration: str, token: str | None, journal: Path | None
) -> Iterator[Holder]:
    """Use the API for one registration.

    Raises:
        CommandFailed: No token was given, and the journal has none for that id.
    """
    target = target_of(context)
    receipt = _receipt(context, registration, token, journal)
    with Citizen(target.api_url, local=target.is_local) as citizen:
        yield Holder(citizen, receipt)


def journal_path(context: typer.Context, given: Path | None) -> Path:
    """Return where receipts are kept."""
    return given or workspace_of(context).output / "receipts.jsonl"


def _receipt(
    context: typer.Context, registration: str, token: str | None, journal: Path | None
) -> Receipt:
    if token:
        return Receipt(registration, token)
    path = journal_path(context, journal)
    found = Journal(path).find(registration) if path.exists() else None
    if found is None:
        raise CommandFailed(
            "there is no access token for that id; give --token, or the right --journal"
        )
    return found
