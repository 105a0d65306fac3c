"""What a scan found, as a table or JSON: places and names of markers, never their values."""

import json
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from civic.lab.leakscan.scan import Leak, Looked


@dataclass(slots=True)
class Report:
    """Everything that was scanned.

    Attributes:
        markers: How many markers were searched for.
        looked: The places.
        blind: Types of resources in the stacks that may hold data and are not read here.
        paths: The paths that were walked; none if the markers were given.
        controls: How many markers were found, as they must be, in the answers that rightly show
            them; None if the markers were given.
    """

    markers: int
    looked: list[Looked] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    controls: int | None = None

    @property
    def leaks(self) -> list[Leak]:
        """Every leak, in order."""
        return sorted(leak for place in self.looked for leak in place.leaks)

    @property
    def clean(self) -> bool:
        """Whether nothing was found, and everything was read."""
        return not self.leaks and not self.blind

    def document(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "clean": self.clean,
            "markers": self.markers,
            "paths": self.paths,
            "controls": self.controls,
            "places": [
                {
                    "kind": one.kind,
                    "place": one.place,
                    "bytes": one.size,
                    "hits": one.markers,
                }
                for one in self.looked
            ],
            "leaks": [
                {"marker": one.marker, "kind": one.kind, "place": one.place, "at": one.at}
                for one in self.leaks
            ],
            "unread": self.blind,
        }

    def show(self, console: Console) -> None:
        """Print the report."""
        table = Table("kind", "place", title="Where bytes are kept")
        for column in ("bytes", "hits"):
            table.add_column(column, justify="right")
        for one in self.looked:
            style = "red" if one.leaks else ""
            table.add_row(one.kind, one.place, f"{one.size:,}", str(one.markers), style=style)
        console.print(table)
        for leak in self.leaks:
            console.print(str(leak), style="red", soft_wrap=True, markup=False)
        for unread in self.blind:
            console.print(f"not read: resources of type {unread}", style="red", soft_wrap=True)
        console.print(self._verdict(), soft_wrap=True)

    def _verdict(self) -> str:
        searched = f"{self.markers} markers, {len(self.looked)} places"
        if self.controls is not None:
            searched += f", {len(self.paths)} paths; {self.controls} markers with their owners"
        verdict = "[green]clean[/green]" if self.clean else "[red]NOT clean[/red]"
        return f"{searched}: {verdict}"


def as_json(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(report.document())
