"""The measurement of votes as tables."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from civic.lab.bench.targets import VOTE_TARGETS, judge
from civic.lab.bench.votes import HOW, Votes, vote_section

_VERDICTS = {True: "[green]met[/green]", False: "[red]missed[/red]", None: "not measured"}


def votes_document(found: Votes) -> dict[str, Any]:
    """Return the section ``votes`` of the report: figures, targets, and what they rest on."""
    figures = asdict(found.figures())
    judged = [
        asdict(one.target) | {"measured": one.measured, "met": one.met, "by": one.missed_by}
        for one in judge(figures, VOTE_TARGETS)
    ]
    return figures | {"targets": judged} | vote_section(found)


def show_votes(found: Votes, out: Console) -> None:
    """Print what was measured."""
    out.print(_bills(found))
    out.print(_instructions(found))
    out.print()
    for key, how in HOW.items():
        out.print(f"[bold]{key}[/bold]: {how}.", soft_wrap=True)
    out.print(_figures(found))


def _bills(found: Votes) -> Table:
    prices = found.prices
    table = Table(title=f"Dollars per million votes ({prices.region}, {prices.as_of})")
    table.add_column("line")
    bills = {
        "credential": found.bill,
        "posted code": found.bill_by_code,
        "other design": found.naive_bill,
    }
    for name in bills:
        table.add_column(name, justify="right")
    for line in found.bill.dollars:
        row = [bill.dollars.get(line, 0.0) for bill in bills.values()]
        if any(row):
            table.add_row(prices.lines[line].label, *(f"{dollars:.3f}" for dollars in row))
    table.add_section()
    table.add_row("sum", *(f"{bill.total:.2f}" for bill in bills.values()))
    log = found.log
    label = f"public log, {log.load.batch:,} ballots per checkpoint"
    table.add_row(label, f"{log.total:.2f}", f"{log.total:.2f}", "none")
    ours = (f"{one.total + log.total:.2f}" for one in (found.bill, found.bill_by_code))
    table.add_row("sum with the log", *ours, "")
    return table


def _instructions(found: Votes) -> Table:
    table = Table(title="Thousand instructions per vote", caption=found.instructions.method)
    table.add_column("what")
    table.add_column("", justify="right")
    for name, count in (found.instructions.per_vote or {}).items():
        table.add_row(name.replace("_", " "), f"{count / 1e3:,.0f}")
    for size, count in (found.instructions.growth or {}).items():
        table.add_row(f"in memory, after {size:,} votes", f"{count / 1e3:,.0f}")
    return table


def _figures(found: Votes) -> Table:
    table = Table(title="Targets")
    table.add_column("figure")
    for name in ("credential", "target", "", "posted code", "other design"):
        table.add_column(name, justify="right")
    other, by_code = found.naive_figures(), asdict(found.figures_by_code())
    for one in judge(asdict(found.figures()), VOTE_TARGETS):
        table.add_row(
            one.target.label,
            _number(one.measured),
            str(one.target),
            _VERDICTS[one.met],
            _number(by_code[one.target.key]),
            _number(other.get(one.target.key)),
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.4g}"
