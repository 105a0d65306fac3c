"""Aggregates that may be published.

A cell is published only if it counts at least ``threshold`` people; smaller ones are dropped and
their number is told. The total is rounded down to a multiple of the threshold, so that it cannot
be used to work out what was dropped. ``Protection`` is the seam where a stronger release step,
such as differential privacy, takes over.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from civic.analytics.model.joins import Counted

THRESHOLD = 10

TOTAL = "total"


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
"""The dimensions of every table of a release."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Exact counts, before protection; never leaves the function."""

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
    """Drop every cell that counts fewer people than the threshold."""
    kept = sorted((cell, count) for cell, count in exact.cells.items() if count >= threshold)
    return Release(
        cells=tuple(kept),
        suppressed=len(exact.cells) - len(kept),
        people=exact.people - exact.people % threshold,
        threshold=threshold,
        first_day=exact.first_day,
        last_day=exact.last_day,
    )
