"""What an operator does with the office's table of areas."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched

from civic.identity.adapters.area_book_dynamodb import DynamoDbAreaEditor
from civic.identity.model.area_table import AreaTable, TableChanges, TableVersion, changes, page_of
from civic.identity.model.areas import Fineness, Residence, TablePage, residence
from civic.identity.model.registration import Address
from civic.identity.ports.areas import AreaEditor
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed

_AT_A_TIME = 100
_KEPT_BEFORE = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What loading a table would change."""

    table: AreaTable
    in_use: TableVersion
    changes: TableChanges

    @property
    def is_loaded(self) -> bool:
        """Whether exactly this table is in use already."""
        return self.in_use.digest == self.table.digest and not self.asks_for_more

    @property
    def asks_for_more(self) -> Mapping[str, Fineness]:
        """Where addresses must be known better than so far, by country or region."""
        before = self.in_use.fineness
        return {
            place: asked
            for place, asked in sorted(self.table.fineness.items())
            if asked.rank > before.get(place, Fineness.COUNTRY).rank
        }


_NONE = TableVersion(0, "")


def editor_of(target: Target) -> AreaEditor:
    """Return the table of a system, under the operator's own rights."""
    return DynamoDbAreaEditor(target.dynamodb, target.output("OfficeAreasName"))


def table_in_use(editor: AreaEditor) -> tuple[TableVersion, AreaTable]:
    """Return the version in use with all its pages; version 0 if there is none."""
    known = editor.in_use() or _NONE
    pages = dict(editor.read(known.version)) if known.version else {}
    return known, AreaTable(pages, known.wide)


def plan(editor: AreaEditor, table: AreaTable) -> Plan:
    """Return what loading a table would change."""
    known, before = table_in_use(editor)
    return Plan(table, known, changes(before, table))


def load(editor: AreaEditor, planned: Plan, tell: Callable[[int], None]) -> TableVersion:
    """Write a table page by page, then make it the one in use.

    It may be interrupted at any time and repeated: until the end the version before is in use, and
    what was written is not written again.

    Args:
        editor: The table.
        planned: What was shown to the operator.
        tell: Called with how many pages were written.

    Raises:
        CommandFailed: Somebody else loaded a table meanwhile; nothing was put in use.
    """
    table = planned.table
    version = editor.begin(table.digest)
    there = dict(editor.read(version))
    tell(len(there))
    left = [name for name in sorted(table.pages) if there.get(name) != table.pages[name]]
    for names in batched(left, _AT_A_TIME, strict=False):
        editor.write(version, {name: table.pages[name] for name in names})
        tell(len(names))
    made = TableVersion(
        version,
        table.digest,
        datetime.now(UTC).isoformat(timespec="seconds"),
        len(table.pages),
        table.areas,
        table.wide,
        _before(planned.in_use),
        table.fineness,
    )
    if not editor.put_in_use(made, planned.in_use.version):
        raise CommandFailed(
            "somebody else loaded a table meanwhile, and that one is in use; look at it with"
            " `civic areas show`, then load this one again"
        )
    editor.discard({made.version, *made.before})
    return made


def _before(known: TableVersion) -> tuple[int, ...]:
    """Return which versions are kept beside the one that follows the known one.

    Whoever asked a minute ago which version is in use looks addresses up in that one, though
    another table or two may have been loaded since.
    """
    return (known.version, *known.before)[:_KEPT_BEFORE] if known.version else ()


def look_up(table: AreaTable, version: int, address: Address) -> Residence:
    """Return which areas an address has by a table that is in memory."""
    return residence(address, page_in(table, version, address))


def page_in(table: AreaTable, version: int, address: Address) -> TablePage:
    """Return what a table that is in memory says of an address."""
    entries = table.pages.get(page_of(address), ())
    return TablePage(version, entries, table.wide, table.fineness)


def areas_of(table: AreaTable) -> Iterator[tuple[str, int]]:
    """Return every area of a table and in how many postcodes it is, by name."""
    counts = dict.fromkeys(sorted(table.areas), 0)
    for entries in table.pages.values():
        for area in {area for entry in entries for area in entry.areas}:
            counts[area] += 1
    yield from counts.items()
