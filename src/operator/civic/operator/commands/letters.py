"""`civic elections letters`: one-time codes that voters get by post."""

import re
import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import ELECTION_ID_PATTERN, STYLE_ID_PATTERN
from civic.operator.elections import ElectionOffice
from civic.operator.letters.key import codes_key
from civic.operator.letters.making import make_codes, store_codes
from civic.operator.letters.printing import as_csv, as_pdf, require_printable
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.private_file import create_private

_FORMATS = {".csv", ".pdf"}


def letters(
    context: typer.Context,
    election: Annotated[str, typer.Argument(metavar="ID", help="The election's id.")],
    style: Annotated[str, typer.Option(help="The ballot style of the voters who get the letters.")],
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many letters.")],
    output: Annotated[Path, typer.Option(help="A new file: .pdf, or .csv for a printing company.")],
    title: Annotated[
        str, typer.Option(help="The heading of each page (PDF).")
    ] = "Your voting code",
) -> None:
    """Make one-time codes and print them, for voters without a device of their own.

    The elections stack learns only their keyed hashes. The file is written once all hashes are
    stored; a run that fails writes no file, so nobody can use its codes. No letter has a name on
    it: address the envelopes separately, and do not record which letter went to whom.
    """
    chosen = _election(election), _style(style)
    _require_new(output)
    require_printable(title)
    target = target_of(context)
    key = codes_key(target, chosen[0])
    codes = make_codes(count, secrets.token_bytes)
    columns = (TextColumn("storing hashes"), BarColumn(), MofNCompleteColumn())
    with ElectionOffice(target) as office, Progress(*columns, console=err) as progress:
        task = progress.add_task("store", total=count)
        for stored in store_codes(office, *chosen, codes, key):
            progress.update(task, completed=stored)
    table = output.suffix == ".csv"
    create_private(output, as_csv(*chosen, codes) if table else as_pdf(*chosen, codes, title))
    out.print(f"letters: {len(codes)}")
    err.print(f"written: {output}; destroy it once it is printed", soft_wrap=True)


def _election(text: str) -> ElectionId:
    if not re.fullmatch(ELECTION_ID_PATTERN, text):
        raise SettingInvalid("ID must be the id of an election; `civic elections list` shows it")
    return ElectionId(text)


def _style(text: str) -> StyleId:
    if not re.fullmatch(STYLE_ID_PATTERN, text):
        raise SettingInvalid(
            "--style must be the id of a ballot style of the election; see `civic elections show`"
        )
    return StyleId(text)


def _require_new(output: Path) -> None:
    """Check before any code is stored that the file can be written."""
    if output.suffix not in _FORMATS:
        raise SettingInvalid("--output must end in .pdf or .csv")
    if output.exists():
        raise SettingInvalid(
            f"{output} already exists, and its letters would be lost; choose another file"
        )
    if not output.absolute().parent.is_dir():
        raise CommandFailed(f"there is no directory {output.absolute().parent}; make it first")
