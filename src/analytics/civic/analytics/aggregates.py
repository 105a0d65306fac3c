"""Aggregates that may be published.

A cell is published only if it counts at least ``threshold`` people; smaller ones are dropped. So
that a dropped cell cannot be worked out by subtracting its published siblings from their sum,
further cells are dropped until every such difference is zero or at least the threshold
(secondary suppression; Willenborg and de Waal, *Elements of Statistical Disclosure Control*,
2001, chapter 4). The total is rounded down to a multiple of the threshold. ``Protection`` is the
seam at which a stronger release step, such as differential privacy, can replace this one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from civic.analytics.joins import Counted

THRESHOLD = 10


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What is counted: a table of the release and the values of its dimensions."""

    table: str
    values: tuple[str, ...]


TABLES: Mapping[str, tuple[str, ...]] = {
    "decisions": ("decision",),
    "days": ("day", "decision"),
    "regions": ("region", "decision"),
    "age_bands": ("age_band", "decision"),
    "regions_by_age": ("region", "age_band", "decision"),
    "reasons": ("reason", "decision"),
}
"""The dimensions of each table of a release."""

SUMS: Mapping[str, tuple[str, ...]] = {
    "days": ("decisions",),
    "regions": ("decisions",),
    "age_bands": ("decisions",),
    "regions_by_age": ("regions", "age_bands"),
}
"""Which tables hold the sums of a table's cells. A person can have several reasons, or none, so
the cells of ``reasons`` do not add up to any published sum."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Exact counts before protection, which never leave the function."""

    cells: Mapping[Cell, int]
    people: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Release:
    """What may be published."""

    cells: tuple[tuple[Cell, int], ...]
    suppressed: int
    people: int
    threshold: int
    first_day: date | None
    last_day: date | None


Protection = Callable[[Tally], Release]
"""Turns exact counts into what may be published."""


def tally(registrations: Iterable[Counted]) -> Tally:
    """Count registrations into the cells of every table."""
    cells: Counter[Cell] = Counter()
    people = 0
    days: set[date] = set()
    for one in registrations:
        people += 1
        days.add(one.day)
        cells.update(_cells_of(one))
    return Tally(cells, people, min(days, default=None), max(days, default=None))


def _cells_of(one: Counted) -> Iterable[Cell]:
    known = {
        "decision": one.decision.value,
        "day": one.day.isoformat(),
        "region": one.cohort.region,
        "age_band": one.cohort.age_band,
    }
    for table, dimensions in TABLES.items():
        for reason in one.reasons if "reason" in dimensions else ("",):
            values = known | {"reason": reason}
            yield Cell(table, tuple(values[dimension] for dimension in dimensions))


def suppress_small_cells(exact: Tally, threshold: int = THRESHOLD) -> Release:
    """Drop the cells under the threshold, and those that would give them away."""
    kept = {cell for cell, count in exact.cells.items() if count >= threshold}
    while revealing := _revealing(exact.cells, kept, threshold):
        kept -= revealing
    return Release(
        cells=tuple((cell, exact.cells[cell]) for cell in sorted(kept)),
        suppressed=len(exact.cells) - len(kept),
        people=exact.people - exact.people % threshold,
        threshold=threshold,
        first_day=exact.first_day,
        last_day=exact.last_day,
    )


def _revealing(exact: Mapping[Cell, int], kept: AbstractSet[Cell], threshold: int) -> set[Cell]:
    """Return kept cells that must go.

    They are the parts of a dropped sum, and the smallest part of any sum from which the dropped
    parts could be worked out.
    """
    parts: dict[tuple[str, Cell], list[Cell]] = {}
    orphans = set()
    for cell in kept:
        for table in SUMS.get(cell.table, ()):
            whole = _sum_of(cell, table)
            if whole in kept:
                parts.setdefault((cell.table, whole), []).append(cell)
            else:
                orphans.add(cell)
    smallest = {
        min(cells, key=lambda cell: (exact[cell], cell))
        for (_, whole), cells in parts.items()
        if 0 < exact[whole] - sum(exact[cell] for cell in cells) < threshold
    }
    return orphans | smallest


def _sum_of(cell: Cell, table: str) -> Cell:
    values = dict(zip(TABLES[cell.table], cell.values, strict=True))
    return Cell(table, tuple(values[dimension] for dimension in TABLES[table]))
