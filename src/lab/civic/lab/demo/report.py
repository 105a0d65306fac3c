"""The demo's report, as tables for people and as JSON for programs."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from civic.lab.demo.again import Again
from civic.lab.demo.election import ElectionStory
from civic.lab.demo.figures import AwsCalls, Judged, Latency
from civic.lab.demo.life import Life
from civic.operator.commands.rights import requests_table
from civic.operator.commands.voting import chart
from civic.operator.operations import QueueDepth


@dataclass(slots=True)
class Report:
    """Everything the demo found."""

    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    registered: int = 0
    refused: int = 0
    bad_rows: int = 0
    decided: int = 0
    stored: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    judged: dict[str, Judged] = field(default_factory=dict)
    """By kind of made-up person; empty for people of one's own."""
    again: Again | None = None
    """Second registrations; None for people of one's own."""
    latency: Latency | None = None
    calls: AwsCalls | None = None
    item_bytes: dict[str, list[int]] = field(default_factory=dict)
    queues: list[QueueDepth] = field(default_factory=list)
    life: Life = field(default_factory=Life)
    release: dict[str, Any] = field(default_factory=dict)
    election: ElectionStory | None = None

    @property
    def dlq_depth(self) -> int:
        """The number of messages in all dead-letter queues."""
        return sum(queue.dead for queue in self.queues)

    @property
    def decided_rightly(self) -> int | None:
        """How many made-up people were decided and placed rightly; None for others."""
        return sum(one.rightly for one in self.judged.values()) if self.judged else None

    @property
    def people_twice(self) -> tuple[int, int]:
        """How many people registered a second time, and how many could vote twice by that."""
        attempted = self.again.attempted if self.again else 0
        able = self.again.on_the_roll if self.again else 0
        if self.election is not None:
            attempted += self.election.came_back
            able += self.election.voted_twice
        return attempted, able

    @property
    def checks(self) -> dict[str, bool]:
        """Every fact that must hold."""
        return self.life.checks | (self.election.life.checks if self.election else {})

    @property
    def reconciled(self) -> bool:
        """Whether all are decided (rightly) and stored, none is dead, and every check holds."""
        return (
            self.registered == self.decided == self.stored > 0
            and self.decided_rightly in {None, self.registered}
            and (self.again is None or self.again.holds)
            and self.dlq_depth == 0
            and bool(self.life.checks)
            and all(self.checks.values())
            and (self.election is None or self.election.ballots == self.election.received)
        )

    def figures(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "registered": self.registered,
            "refused": self.refused,
            "bad_rows": self.bad_rows,
            "decided": self.decided,
            "decided_rightly": self.decided_rightly,
            "kinds": {kind: asdict(one) for kind, one in self.judged.items()},
            "people_twice": asdict(self.again) if self.again else None,
            "people_twice_attempted": self.people_twice[0],
            "people_twice_voted": self.people_twice[1],
            "stored": self.stored,
            "decisions": dict(self.decisions),
            "reasons": [
                {"decision": decision, "code": code, "registrations": count}
                for (decision, code), count in self.reasons.most_common()
            ],
            "latency_ms": asdict(self.latency) if self.latency else None,
            "latency_alone_ms": self.life.decision_ms,
            "aws_calls_per_registration": self._per_registration(
                self.calls.total if self.calls else None
            ),
            "kms_calls_per_registration": self._per_registration(
                self.calls.kms if self.calls else None
            ),
            "item_bytes": {
                table: {"mean": round(sum(sizes) / len(sizes)), "max": max(sizes)}
                for table, sizes in self.item_bytes.items()
                if sizes
            },
            "queue_depth": sum(queue.waiting + queue.in_flight for queue in self.queues),
            "dlq_depth": self.dlq_depth,
            "checks": self.checks,
            "election": self._election(),
            "erased_unreadable": self.life.unreadable_copies,
            "requests": self.life.requests,
            "reconciled": self.reconciled,
        }

    def _election(self) -> dict[str, Any] | None:
        if self.election is None:
            return None
        return {
            "voters": self.election.voters,
            "votes_received": self.election.received,
            "ballots_counted": self.election.ballots,
            "results": self.election.results,
        }

    def write(self, path: Path) -> None:
        """Write the figures as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.figures(), indent=2) + "\n")

    def _per_registration(self, count: int | None) -> float | None:
        return round(count / self.registered, 4) if count is not None and self.registered else None


def show_pipeline(report: Report, console: Console) -> None:
    """Print what became of the population."""
    figures = report.figures()
    reasons = Table("decision", "reason", "registrations", title="Decisions by reason code")
    for decision, count in report.decisions.most_common():
        reasons.add_row(decision, "", str(count), style="bold")
        for (of_decision, code), times in report.reasons.most_common():
            if of_decision == decision:
                reasons.add_row("", code, str(times))
    console.print(reasons)
    if report.judged:
        headings = ("kind of person", "registered", "right decision", "right areas", "both")
        kinds = Table(*headings, title="Decided rightly")
        for kind, one in report.judged.items():
            wrong = "" if one.rightly == one.people else "red"
            figures_of = (one.people, one.decided, one.placed, one.rightly)
            kinds.add_row(kind.replace("_", " "), *map(str, figures_of), style=wrong)
        console.print(kinds)
    if report.again:
        console.print(_again_table(report.again))
    facts = Table("figure", "value", title="The pipeline")
    if report.latency:
        facts.add_row("POST to decision, all at once, p50", f"{report.latency.p50:,.0f} ms")
        facts.add_row("POST to decision, all at once, p95", f"{report.latency.p95:,.0f} ms")
    facts.add_row("AWS calls per registration", str(figures["aws_calls_per_registration"]))
    facts.add_row("KMS calls per registration", str(figures["kms_calls_per_registration"]))
    for table, size in figures["item_bytes"].items():
        facts.add_row(f"bytes per item, {table}", f"{size['mean']} (largest {size['max']})")
    facts.add_row("messages waiting or in flight", str(figures["queue_depth"]))
    facts.add_row("dead letters", str(report.dlq_depth))
    console.print(facts)
    if report.calls:
        console.print(_calls_table(report.calls, report.registered))


def _again_table(again: Again) -> Table:
    table = Table("people", "number", title="Registered twice", show_header=False)
    table.add_row("who registered a second time", str(again.attempted))
    table.add_row("  of whom staff are asked whether they are the same", str(again.asked))
    table.add_row("  of whom the second registration is on the roll", str(again.on_the_roll))
    table.add_row("who did so under another spelling or surname", str(again.different))
    table.add_row("  whom a search finds, for two people to compare", str(again.found))
    table.add_row("twins of somebody", str(again.twins))
    table.add_row("  who are not on the roll", str(again.twins_blocked))
    return table


def _calls_table(calls: AwsCalls, registered: int) -> Table:
    table = Table("function", "AWS call", "calls", "per registration", title="AWS calls")
    for (function, operation), count in sorted(calls.by_operation.items()):
        table.add_row(function, operation, str(count), f"{count / registered:.3f}")
    return table


def show_life(life: Life, console: Console) -> None:
    """Print one citizen's life, and the requests that they made."""
    console.print(_told(life, "One citizen's life"))
    requests = requests_table(life.requests)
    requests.title = "The citizen's request log (GDPR Art. 12)"
    console.print(requests)


def show_election(story: ElectionStory, console: Console) -> None:
    """Print what happened in the election, and its results."""
    console.print(_told(story.life, "An election"))
    if story.results:
        console.print(chart(story.results))


def _told(life: Life, title: str) -> Table:
    table = Table("step", "outcome", title=title)
    for number, (step, outcome) in enumerate(life.lines):
        if number in life.chapters:
            table.add_section()
            table.add_row(life.chapters[number], style="bold")
        step_indented = Padding(step, (0, 0, 0, 2), expand=False)
        table.add_row(step_indented, outcome, style="red" if outcome == "NO" else "")
    return table


def show_release(release: dict[str, Any], console: Console) -> None:
    """Print what the analytics team sees."""
    title = (
        f"What the analytics team sees: {release['people']} people or a few more, "
        f"no cell under {release['threshold']} ({release['suppressed_cells']} dropped)"
    )
    table = Table("table", "cell", "count", title=title)
    for name, rows in release["tables"].items():
        for row in rows:
            cell = ", ".join(str(value) for key, value in row.items() if key != "count")
            table.add_row(name, cell, str(row["count"]))
    console.print(table)
