"""The results of a section of the bench, as JSON and as tables, in one form for all sections."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from civic.terminal.failures import CommandFailed

type Tick = Callable[[], None]
"""Called after each step of a measurement."""
type Begin = Callable[[str, int], Tick]
"""Begins a part of a measurement, with its name and number of steps."""

_VERDICTS = {True: "[green]met[/green]", False: "[red]missed[/red]", None: "not measured"}

type Grid = Mapping[str, Mapping[str, float | None]]
"""Rows and columns."""


class MeasurementFailed(CommandFailed):
    """Something that is measured did not behave as the figures assume."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on one figure: an upper bound unless ``at_least`` is set."""

    key: str
    label: str
    bound: float
    unit: str = ""
    at_least: bool = False

    def __str__(self) -> str:
        """Return the bound in words."""
        return f"at {'least' if self.at_least else 'most'} {self.bound:g} {self.unit}".strip()

    def judge(self, measured: float | None) -> dict[str, Any]:
        """Return the target with its figure, whether it is met, and by how much it was missed."""
        if measured is None:
            return asdict(self) | {"measured": None, "met": None, "by": None}
        beyond = self.bound - measured if self.at_least else measured - self.bound
        by = beyond if beyond > 0 else None
        return asdict(self) | {"measured": measured, "met": by is None, "by": by}


@dataclass(frozen=True, slots=True)
class Section:
    """One section of ``out/bench.json``; docs/measuring.md says how each figure is measured.

    Attributes:
        name: Its key in the report.
        figures: The figures that matter, some by size.
        baseline: The same figures for the other design.
        targets: The bounds that were set.
        tables: What is printed beside the figures, by title.
        details: What the figures are derived from.
        other: The report's name for the other design.
    """

    name: str
    figures: Mapping[str, Any]
    baseline: Mapping[str, Any]
    targets: Sequence[Target]
    tables: Mapping[str, Grid]
    details: Mapping[str, Any]
    other: str = "naive"

    def judged(self) -> list[dict[str, Any]]:
        """Return every target with its figure; of figures by size, that of the largest counts."""
        found = {
            key: list(value.values())[-1] if isinstance(value, Mapping) else value
            for key, value in self.figures.items()
        }
        return [target.judge(found[target.key]) for target in self.targets]

    def document(self) -> dict[str, Any]:
        """Return the section as JSON."""
        rest = {"targets": self.judged(), "details": dict(self.details)}
        return {**self.figures, self.other: dict(self.baseline), **rest}

    def show(self, out: Console) -> None:
        """Print the tables, and the figures beside those of the other design."""
        for title, grid in self.tables.items():
            columns = list(dict.fromkeys(name for row in grid.values() for name in row))
            table = _table(title, "", *columns)
            for name, row in grid.items():
                table.add_row(name, *(number(row.get(column)) for column in columns))
            out.print(table)
        bounds = {one.key: one for one in self.targets}
        judged = {one["key"]: one for one in self.judged()}
        table = _table(f"{self.name}: figures", "", "ours", self.other, "target", "")
        for key, value in self.figures.items():
            for size, ours in value.items() if isinstance(value, Mapping) else [("", value)]:
                theirs = self.baseline.get(key)
                theirs = theirs[size] if isinstance(theirs, Mapping) else theirs
                which = f"at {size:,}" if isinstance(size, int) else size
                name = f"{key.replace('_', ' ')} {which}"
                ends = (str(bounds[key]), _verdict(judged[key])) if key in bounds else ("", "")
                table.add_row(name, number(ours), number(theirs), *ends)
        out.print(table)

    def keep(self, report: Path) -> None:
        """Write the section into the report, leaving the others as they are."""
        report.parent.mkdir(parents=True, exist_ok=True)
        document = json.loads(report.read_text("utf-8")) if report.exists() else {}
        document[self.name] = self.document()
        # Written in full before it replaces the old one, so that Ctrl-C leaves no half report.
        draft = report.with_suffix(".json.part")
        draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
        draft.replace(report)


def number(value: float | None) -> str:
    """Return a number in readable form."""
    if value is None:
        return ""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"  # noqa: PLR2004 - readability


def _verdict(judged: Mapping[str, Any]) -> str:
    by = f" by {number(judged['by'])}" if judged["by"] else ""
    return f"{_VERDICTS[judged['met']]}{by}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    return table
