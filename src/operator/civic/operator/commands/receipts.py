"""`civic rights verify-erasure`, `civic ledger key`: the receipts of erasures, and their key.

The check needs neither AWS nor a network, and nothing here imports code that uses them.
"""

from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from civic.identity.errors import ReceiptRefused
from civic.identity.model.erasure_receipt import (
    ErasureStatement,
    key_fingerprint,
    read_receipt,
    verify_receipt,
)
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.times import second

_LARGEST_BYTES = 64 * 1024


def verify(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="From `civic rights erasure --receipt`."),
    ],
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key",
            exists=True,
            dir_okay=False,
            help="The key that the election office publishes (PEM).",
        ),
    ] = None,
) -> None:
    """Check the receipt of an erasure, offline.

    Exits with 1 and the reason if it does not verify.
    """
    del context
    trusted = _pem_key(public_key) if public_key else None
    try:
        statement = verify_receipt(read_receipt(_read(file)), trusted)
    except ReceiptRefused as refusal:
        out.print("receipt verified: [red]NO[/red]")
        raise CommandFailed(str(refusal)) from None
    out.print("receipt verified: [green]yes[/green]")
    _print_statement(statement)
    if public_key is None:
        out.print(
            "The receipt is unchanged since it was signed, but anyone's key may have signed it."
            " To be sure, give the key that the election office publishes: --public-key FILE."
        )
    else:
        out.print("The receipt is signed with the given key.")


def key(
    context: typer.Context,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write the key to this file.")
    ] = None,
) -> None:
    """Print the public key of the receipts (PEM).

    The election office publishes it, so that anyone can check a receipt.
    """
    target = target_of(context)
    der = target.kms.get_public_key(KeyId=target.output("ReceiptKeyArn"))["PublicKey"]
    pem = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if output is None:
        typer.echo(pem.decode(), nl=False)
    else:
        output.write_bytes(pem)
        err.print(f"written: {output}", soft_wrap=True)
    err.print(f"SHA-256 {key_fingerprint(der)}", soft_wrap=True)


def _print_statement(statement: ErasureStatement) -> None:
    out.print(f"registration  {statement.registration}")
    out.print(f"asked for     {second(statement.requested_at)}")
    out.print(f"complete      {second(statement.completed_at)}")
    for store, moment in sorted(statement.stores.items(), key=lambda one: one[1]):
        out.print(f"erased from   {store}, {second(moment)}")
    out.print(f"fields        {', '.join(statement.fields)}", soft_wrap=True)
    out.print(f"signed with   SHA-256 {statement.key}", soft_wrap=True)


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        found = opened.read(_LARGEST_BYTES + 1)
    if len(found) > _LARGEST_BYTES:
        raise CommandFailed(f"{file} is too large for a receipt")
    return found


def _pem_key(file: Path) -> bytes:
    """Return a PEM public key as DER, the form that receipts contain."""
    try:
        key = load_pem_public_key(_read(file))
    except ValueError:
        raise SettingInvalid(f"{file} does not contain a public key in PEM") from None
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
