"""`civic prove`: prove who somebody is, before they register."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from civic.client.proving import Prover
from civic.stack.context import target_of
from civic.terminal.console import err
from civic.terminal.failures import CommandFailed
from civic.terminal.private_file import write_private


def prove(
    context: typer.Context,
    person: Annotated[
        Path,
        typer.Argument(
            metavar="PERSON",
            help="JSON lines with one person; the evidence is written into it.",
        ),
    ],
    provider: Annotated[str, typer.Option(help="With whom, as the election office calls them.")],
) -> None:
    """Prove who somebody is, at an identity provider.

    They sign in there, and what the provider says of them is sealed and written into the file.
    Then register or correct with the same file: civic register PERSON. Evidence counts for a day;
    whoever has it can register under that name, so delete the file afterwards.
    """
    fields = _read(person)
    target = target_of(context)
    with Prover(target.api_url, local=target.is_local) as prover:
        begun = prover.begin(provider)
        err.print("Sign in here, in your own browser, within a quarter of an hour:")
        typer.echo(begun.url)
        code = typer.prompt("Confirmation code shown after the sign-in", err=True)
        evidence = prover.take(begun, code)
    write_private(person, json.dumps(fields | {"evidence": evidence}, ensure_ascii=False) + "\n")
    err.print(f"written into {person}; register with: civic register {person}", soft_wrap=True)


def _read(person: Path) -> dict[str, Any]:
    try:
        lines = [line for line in person.read_text("utf-8").splitlines() if line.strip()]
        (fields,) = map(json.loads, lines)
    except OSError as error:
        raise CommandFailed(f"{person}: {error.strerror}") from None
    except ValueError:
        raise CommandFailed(f"{person}: must be one line of JSON, for one person") from None
    if not isinstance(fields, dict):
        raise CommandFailed(f"{person}: must be one line of JSON, for one person")
    return fields
