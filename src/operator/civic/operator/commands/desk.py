"""`civic desk`: what the office does for a person who stands in front of it.

A person who lost the access token gets another, made on this machine: the server is told its digest
only, and another member of staff agrees (`civic review renew`). What the person brings is corrected
with that token, through the API that the person would use.
"""

import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import typer

from civic.client.citizen import Citizen, Receipt
from civic.client.people_reader import BadRow, PeopleFile
from civic.contracts import base64url
from civic.identity.model.keys import digest_of
from civic.identity.model.renewal import comparison_code
from civic.operator.commands.registering import FileArgument, teller
from civic.operator.commands.tokens import RegistrationId
from civic.operator.staff import Staff, StaffRefused
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed
from civic.terminal.private_file import create_private

_TOKEN_BYTES = 32


def renew(
    context: typer.Context,
    registration: RegistrationId,
    receipt: Annotated[
        Path, typer.Option(help="Write the person's new receipt to this file, for you only.")
    ],
) -> None:
    """Ask for a new access token for a person who lost theirs; another person agrees.

    Make sure first who the person is. The token is made here, and is valid once another member of
    staff has agreed; only then give the receipt to the person. If it is interrupted, run it again
    with the same --receipt.
    """
    if receipt.exists():
        raise CommandFailed(
            f"{receipt} already exists; choose another file, as a receipt is never overwritten"
        )
    kept = receipt.with_name(f"{receipt.name}.part")
    made = _kept(registration, kept)
    digest = digest_of(made.access_token)
    code = comparison_code(digest)
    with Staff(target_of(context)) as staff:
        try:
            answered = staff.ask_for_renewal(registration, base64url.encode(digest))
        except StaffRefused as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                kept.unlink()
            raise
    if answered["code"] != code:
        raise CommandFailed(
            "the office's server answered with the code of another token; do not go on, and tell"
            " the operator"
        )
    kept.rename(receipt)
    out.print(f"comparison code: {code}")
    err.print(
        f"written: {receipt}; it is valid once another member of staff has looked at the record"
        f" (civic review renewals {registration}) and agreed, with the code that you tell them:"
        f" civic review renew {registration} --code {code}",
        soft_wrap=True,
    )


def correct(
    context: typer.Context,
    file: FileArgument,
    receipt: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="The person's receipt.")
    ],
) -> None:
    """Correct one person's data, with the person's own receipt (GDPR Art. 16).

    The file has that person only, with everything that is to be held from now on.
    """
    rows = list(PeopleFile(file).rows(teller(file)))
    if len(rows) != 1:
        raise CommandFailed(f"{file} has {len(rows)} people; it must have exactly one")
    (row,) = rows
    if isinstance(row, BadRow):
        raise CommandFailed(f"{file}: {row.reason}")
    target = target_of(context)
    with Citizen(target.api_url, local=target.is_local) as citizen:
        out.print_json(json.dumps(citizen.rectify(_read(receipt), row.payload)))


def _kept(registration: str, kept: Path) -> Receipt:
    """Return the receipt that was kept, or a new one, which is kept before it is used."""
    if kept.exists():
        known = _read(kept)
        if known.id != registration:
            raise CommandFailed(
                f"{kept} is for another registration; remove it, or choose another --receipt"
            )
        return known
    made = Receipt(registration, base64url.encode(secrets.token_bytes(_TOKEN_BYTES)))
    text = json.dumps({"id": made.id, "access_token": made.access_token}) + "\n"
    create_private(kept, text.encode())
    return made


def _read(file: Path) -> Receipt:
    try:
        found = json.loads(file.read_text("utf-8"))
        return Receipt(str(found["id"]), str(found["access_token"]))
    except (OSError, ValueError, LookupError, TypeError):
        raise CommandFailed(f"{file} is not a receipt with an id and an access token") from None
