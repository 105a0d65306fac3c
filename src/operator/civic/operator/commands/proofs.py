"""`civic proofs`: whom the office trusts to say who somebody is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer

from civic.operator.proofs import editor_of, lists_of, our_key, read_trust
from civic.operator.status_lists import fetch_lists
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed
from civic.terminal.tables import plain_table

_SECONDS = 20
TrustFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON, like docs/examples/trust.json.")
]


def trust(context: typer.Context, file: TrustFile) -> None:
    """Check a trust document and put it in use, instead of the one before.

    Whom it leaves out is not believed any more from a minute later. What was proven stands.
    """
    target = target_of(context)
    editor = editor_of(target)
    document = read_trust(file, our_key(target))
    before = editor.current().names
    editor.replace(document)
    out.print(f"in use: {', '.join(sorted(document.names)) or 'nobody'}", markup=False)
    if gone := sorted(before - document.names):
        err.print(f"no longer trusted: {', '.join(gone)}", markup=False)


def show(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show whom the office trusts."""
    document = editor_of(target_of(context)).current()
    if as_json:
        out.print_json(document.model_dump_json(exclude_none=True))
        return
    if not document.names:
        out.print("nobody is trusted yet; begin with: civic proofs trust FILE")
        return
    listed = plain_table("provider", "issuer", "keys", "levels")
    for name, one in sorted(document.oidc.items()):
        levels = sorted(set(one.levels.values()))
        worth = ", ".join(level.value for level in levels)
        listed.add_row(name, one.issuer, str(len(one.keys)), worth)
    for name, service in sorted(document.wallets.items()):
        for issuer in service.issuers:
            trusted = str(len(issuer.keys) + len(issuer.roots))
            listed.add_row(name, issuer.issuer, trusted, issuer.level.value)
    for name, vendor in sorted(document.vendors.items()):
        listed.add_row(name, vendor.vendor, str(len(vendor.keys)), vendor.level.value)
    out.print(listed)


def lists(context: typer.Context) -> None:
    """Fetch what issuers of credentials have revoked; run it every hour.

    A credential whose list is out of date, or was never fetched, proves nothing.
    """
    target, failed = target_of(context), 0
    with httpx.Client(timeout=_SECONDS) as http:
        document = editor_of(target).current()
        for one in fetch_lists(document, lists_of(target), http, datetime.now(UTC)):
            failed += one.failed is not None
            out.print(f"{one.uri}: {one.failed or 'fetched'}", markup=False)
    if failed:
        raise CommandFailed(f"{failed} lists could not be fetched; those of before stay")


def key(context: typer.Context) -> None:
    """Print the public key by which providers know us, as a JWK."""
    out.print_json(json.dumps(dict(our_key(target_of(context)))))
