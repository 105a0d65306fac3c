"""`civic areas`: the office's own table of areas, which decides who gets which ballot."""

import json
import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from civic.client.people_columns import HEADINGS
from civic.identity.model.area_table import AreaTable
from civic.identity.model.areas import Fineness
from civic.identity.model.registration import Address
from civic.operator.area_file import read_rows, read_table
from civic.operator.areas import Plan, areas_of, editor_of, load, look_up, plan, table_in_use
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed
from civic.terminal.tables import plain_table

TableFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV, like docs/examples/areas.csv.")
]
_SHOWN = 20


def load_table(
    context: typer.Context,
    file: TableFile,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it and show what would change.")
    ] = False,
) -> None:
    """Load a table of areas: checked, compared with the one in use, then put in use at once.

    Repeating it does no harm, and goes on where an interrupted one ended. Until all of it is
    written, the table before stays in use.
    """
    table = read_table(file)
    editor = editor_of(target_of(context))
    planned = plan(editor, table)
    if planned.is_loaded:
        out.print(f"this table is in use already: version {planned.in_use.version}")
        return
    _tell_changes(planned)
    if dry_run:
        err.print("nothing was loaded; leave --dry-run out to load it")
        return
    columns = (TextColumn("loading postcodes"), BarColumn(), MofNCompleteColumn())
    written = 0
    try:
        with Progress(*columns, console=err) as progress:
            task = progress.add_task("load", total=len(table.pages))

            def tell(pages: int) -> None:
                nonlocal written
                written += pages
                progress.update(task, completed=written)

            made = load(editor, planned, tell)
    except CommandFailed:
        raise
    except BaseException:
        err.print(
            f"interrupted after {written} postcodes; `civic areas show` shows which table is in"
            f" use. Continue with: civic areas load {shlex.quote(str(file))}",
            markup=False,
            soft_wrap=True,
        )
        raise
    out.print(f"in use: version {made.version}, {made.pages} postcodes, {len(made.areas)} areas")


def _tell_changes(planned: Plan) -> None:
    found = planned.changes
    before = f"version {planned.in_use.version}" if planned.in_use.version else "no table"
    out.print(f"compared with {before}:")
    for what, names in (
        ("added", found.added),
        ("removed", found.removed),
        ("changed", found.changed),
        ("new areas", found.new_areas),
        ("areas that nobody has any more", found.lost_areas),
    ):
        if names:
            shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            out.print(f"  {what}: {len(names)} ({shown})", soft_wrap=True, markup=False)
    for asked, meaning in _ASKED.items():
        places = [place for place, new in planned.asks_for_more.items() if new is asked]
        if places:
            out.print(f"addresses in {', '.join(places)} now wait for staff where {meaning}")


_ASKED = {
    Fineness.TABLE: "this table does not decide them",
    Fineness.REGION: "they name no region",
}


def show_table(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show which table is in use, and its areas."""
    version, table = table_in_use(editor_of(target_of(context)))
    if as_json:
        document = {
            "version": version.version,
            "loaded_at": version.loaded_at,
            "digest": version.digest,
            "postcodes": version.pages,
            "areas": dict(areas_of(table)),
            "asks_for": version.fineness,
        }
        out.print_json(json.dumps(document))
        return
    if not version.version:
        out.print("there is no table yet; load one: civic areas load FILE")
        return
    out.print(f"version {version.version}, loaded {version.loaded_at}, {version.pages} postcodes")
    for asked, meaning in _ASKED.items():
        places = sorted(place for place, one in version.fineness.items() if one is asked)
        if places:
            out.print(f"addresses in {', '.join(places)} wait for staff where {meaning}")
    listed = plain_table("area", "postcodes")
    for area, postcodes in areas_of(table):
        listed.add_row(area, str(postcodes) if postcodes else "whole regions")
    out.print(listed)


def check_addresses(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with country, and lines, city, region, postcode as far as known; a file of"
            " people will do.",
        ),
    ],
    table: Annotated[
        Path | None, typer.Option(help="Try this table instead of the one in use.")
    ] = None,
) -> None:
    """Try addresses: which areas each has. Prints line numbers and areas, never an address.

    It exits with 1 if an address has no row of the table, or the table does not decide.
    """
    version, tried = (0, read_table(table)) if table else _in_use(context)
    counts: Counter[str] = Counter()
    undecided = 0
    for line, row in read_rows(file, ("country",)):
        try:
            address = _address(row)
        except ValidationError as error:
            faults = {str(fault["loc"][0]) for fault in error.errors(include_input=False)}
            out.print(f"line {line}: not an address: {', '.join(sorted(faults))}")
            undecided += 1
            continue
        found = look_up(tried, version, address)
        decided = found.is_settled(Fineness.TABLE)
        undecided += not decided
        counts[" ".join(found.areas)] += decided
        note = "" if decided else f"  ({_WAITS[found.is_settled()]})"
        out.print(f"line {line}: {' '.join(found.areas)}{note}", soft_wrap=True)
    err.print(f"decided: {counts.total()}, not decided: {undecided}")
    if undecided:
        raise typer.Exit(1)


_WAITS = {
    False: "waits for staff",
    True: "waits for staff where the rule set asks for the table",
}


def _address(row: Mapping[str, str]) -> Address:
    """Return the address of a row of people or of addresses."""
    location = row.get("described_location")
    lines = HEADINGS["lines"].value(row.get("lines") or row["street"] or "-")
    return Address(
        described_location=location or None,
        lines=None if location else tuple(lines),
        city=row["city"] or "-",
        region=row["region"] or None,
        postcode=row["postcode"] or None,
        country=row["country"],
    )


def _in_use(context: typer.Context) -> tuple[int, AreaTable]:
    version, table = table_in_use(editor_of(target_of(context)))
    return version.version, table
