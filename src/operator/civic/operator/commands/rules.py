"""`civic rules diff`: which decisions a change of the rules would flip."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from civic.client.loading import spans
from civic.client.people_mapping import read_mapping
from civic.client.people_reader import PeopleFile
from civic.identity.model.area_table import AreaTable
from civic.operator.area_file import read_table
from civic.operator.commands.registering import Encoding, Mapping, teller
from civic.operator.rules_diff import RulesDiff, compare, people_in, read_rule_set
from civic.terminal.console import err, out


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The rule set in force, a TOML file.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The rule set to review.")],
    people: Annotated[
        Path, typer.Option("--people", help="People, in a file like those of `civic register`.")
    ],
    areas: Annotated[
        Path | None,
        typer.Option(
            help="The office's table of areas, a CSV as for `civic areas load`; without it nobody"
            " has an area of the office's own."
        ),
    ] = None,
    mapping: Mapping = None,
    encoding: Encoding = None,
) -> None:
    """Show which decisions a change of the rules would flip.

    Everybody in the file is decided under both rule sets, as if submitted now and never decided
    before: what people have decided about a person, and which acceptance is in force, is not known
    to it. It prints counts, the codes of
    the reasons and the numbers of rows, and nothing of what a row says. It exits with 0 if every
    decision is the same, and with 1 if one is not or a row could not be read.
    """
    file = PeopleFile(people, read_mapping(mapping) if mapping else {}, encoding=encoding)
    rules = read_rule_set(old), read_rule_set(new)
    table = read_table(areas) if areas else AreaTable({})
    with err.status("deciding"):
        found = compare(file.rows(teller(people)), *rules, table, datetime.now(UTC))
    _show(found)
    if found.flips or found.bad:
        raise typer.Exit(1)


def _show(found: RulesDiff) -> None:
    for row in found.bad:
        err.print(f"row {row.number}: {row.reason}", markup=False, soft_wrap=True)
    for (before, after), flips in found.by_outcome():
        out.print(f"{before} -> {after}: {people_in(flips)}")
        for (old, new), rows in flips.items():
            out.print(f"  {old.why} -> {new.why}: {len(rows)}, rows {spans(rows)}", soft_wrap=True)
    flipped = people_in(found.flips)
    out.print(f"the same: {found.same}, flipped: {flipped}, not read: {len(found.bad)}")
