"""`civic credential`: a voter's credentials, which their own device makes."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer

from civic.client.device import Device, Request
from civic.contracts.identifiers import ElectionId
from civic.operator.commands.tokens import JournalOption, RegistrationId, Token, holder_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed
from civic.terminal.private_file import write_private

credential = typer.Typer(help="Get the credential to vote with; it names nobody.")


@credential.command("list")
def list_elections(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """List the elections that a person may vote in, and why not in others of their area."""
    with holder_of(context, registration, token, journal) as holder:
        elections, refusals = Device(holder.citizen, holder.receipt).look()
    shown = [one.model_dump(mode="json", exclude={"public_key"}) for one in elections]
    out.print_json(json.dumps(shown))
    for refusal in refusals:
        err.print(f"not in {refusal.election}: {refusal}", markup=False, soft_wrap=True)


@credential.command("roll")
def show_roll_entry(
    context: typer.Context,
    registration: RegistrationId,
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Show what the roll of voters holds about a person, with what was issued (GDPR Art. 15)."""
    with holder_of(context, registration, token, journal) as holder:
        entry = holder.citizen.roll_entry(holder.receipt)
    out.print_json(json.dumps(entry))


@credential.command("get")
def get(
    context: typer.Context,
    registration: RegistrationId,
    election: Annotated[str, typer.Option("--election", help="The election's id.")],
    output: Annotated[
        Path, typer.Option("--output", help="Write to this file, readable by you only.")
    ],
    token: Token = None,
    journal: JournalOption = None,
) -> None:
    """Get the credential for an election. There is only one, and anyone who has the file can vote.

    If it is interrupted, run it again with the same --output: the secrets are kept beside it, in
    FILE.request, until the credential is written.
    """
    if output.exists():
        raise CommandFailed(
            f"{output} already exists; choose another file, as a credential is never overwritten"
        )
    kept = output.with_name(f"{output.name}.request")
    with holder_of(context, registration, token, journal) as holder:
        device = Device(holder.citizen, holder.receipt)
        request = _request(device, ElectionId(election), kept)
        made = device.redeem(request)
    write_private(output, made.to_json())
    kept.unlink()
    fingerprint = hashlib.sha256(request.public_key).hexdigest()
    err.print(f"written: {output}", soft_wrap=True)
    err.print(
        f"its key has the SHA-256 {fingerprint}; make sure that this is the one that the election"
        f" office publishes for {made.style}",
        soft_wrap=True,
    )


def _request(device: Device, election: ElectionId, kept: Path) -> Request:
    """Return the request that was kept, or a new one, which is kept before it is used."""
    if kept.exists():
        known = Request.from_json(kept.read_text("utf-8"))
        if known.election != election:
            raise CommandFailed(
                f"{kept} is for another election; remove it, or choose another --output"
            )
        return known
    made = device.prepare(election)
    write_private(kept, made.to_json())
    return made
