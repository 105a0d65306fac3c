"""`civic log`, `civic receipt`: the public log, and the proof that a ballot is in it."""

from pathlib import Path
from typing import Annotated

import typer

from civic.audit.adapters.bucket_s3 import LOG
from civic.operator.public_log import (
    OPENINGS_FOR_AUDITORS,
    LogCopy,
    LogReader,
    leaf_of,
    log_key,
)
from civic.stack.context import target_of
from civic.terminal.console import bar, err, out

log = typer.Typer(
    no_args_is_help=True, help="Copy the public log of ballots; show its key and URL."
)


@log.command()
def key(context: typer.Context) -> None:
    """Show the key that verifies the log's checkpoints, for `civic-verify --key`.

    People who verify the log must not get it from the log itself: publish it on paper too.
    """
    out.print(log_key(target_of(context)), markup=False, soft_wrap=True)


@log.command()
def url(context: typer.Context) -> None:
    """Show where the log is published, for `civic-verify` and `civic-monitor witness`."""
    out.print(f"{target_of(context).log_api_url}/log", markup=False, soft_wrap=True)


@log.command()
def copy(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(file_okay=False, help="It is created if needed.")],
    *,
    auditors: Annotated[
        bool,
        typer.Option("--auditors", help="Copy the openings that only auditors may read instead."),
    ] = False,
) -> None:
    """Copy the log, or what is new in it, into a folder for `civic-verify log`."""
    target = target_of(context)
    there = LogCopy(target, OPENINGS_FOR_AUDITORS if auditors else LOG)
    with bar("copying the log") as progress:
        copied = sum(1 for _ in progress.track(there.into(folder), total=len(there)))
    err.print(f"{copied} objects in {folder}")


def receipt(
    context: typer.Context,
    receipt: Annotated[str, typer.Argument(help="The receipt that `civic vote` showed.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="A file for the proof.")
    ] = None,
) -> None:
    """Get the proof that a ballot is in the public log.

    It does not say what was chosen. Check it with `civic-verify receipt`, which needs the log's
    key and no network.
    """
    target = target_of(context)
    leaf = leaf_of(receipt)
    with LogReader(target.log_api_url, local=target.is_local) as reader:
        proof = reader.prove(leaf)
    if output is None:
        out.print(proof.decode(), end="", markup=False, soft_wrap=True)
        return
    output.write_bytes(proof)
    err.print("The ballot is in the log. Check the proof:")
    out.print(
        f"civic-verify receipt {output} --leaf {leaf.hex()} --key '{log_key(target)}'",
        markup=False,
        soft_wrap=True,
    )
