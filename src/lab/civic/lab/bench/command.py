"""`civic bench`: the sections of ``out/bench.json``, one subcommand each, all of them without."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from civic.lab.bench.audit import SIZES, audit_document, measure_audit, sizes_of
from civic.lab.bench.audit_report import show_audit
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.registrations import measure_registrations
from civic.lab.bench.report import show
from civic.lab.bench.section import section
from civic.lab.bench.votes import measure_votes
from civic.lab.bench.votes_report import show_votes, votes_document
from civic.stack.workspace import here
from civic.terminal.console import err, out

app = typer.Typer(help="Measure what the system costs, on counted AWS calls.")

Population = Annotated[int, typer.Option(min=1, help="How many people register in each run.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same people.")]

_POPULATION = 200
_SEED = 1


class Bars:
    """A progress bar per part of a measurement."""

    def __init__(self, progress: Progress) -> None:
        """Draw on ``progress``."""
        self._progress = progress

    def begin(self, name: str, steps: int) -> Callable[[], None]:
        """Begin a bar, and return what moves it."""
        task = self._progress.add_task(name, total=steps)
        return lambda: self._progress.advance(task)


@app.callback(invoke_without_command=True)
def bench(context: typer.Context, population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure every section and write out/bench.json; a subcommand measures one."""
    # Given before the name of a section, the options hold for it as well.
    given = {"population": population, "seed": seed}
    context.default_map = dict.fromkeys(SECTIONS, given)
    if context.invoked_subcommand is None:
        for run in SECTIONS.values():
            run(population, seed)


@app.command()
def registrations(population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure registrations: calls, bytes, units, instructions, cold starts, dollars."""
    with _bars() as bars:
        found = measure_registrations(
            Deployment.read(*here().templates.values()), population, seed, bars
        )
    show(found, out)
    keep("registrations", section(found))


@app.command()
def votes(population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure votes: write units, instructions, growth, dollars, beside the demo's logic."""
    # Codes are drawn anew in each run; no figure depends on which.
    del seed
    with _bars() as bars:
        found = measure_votes(here().templates["voting"], population, bars)
    show_votes(found, out)
    keep("votes", votes_document(found))


@app.command()
def audit(
    sizes: Annotated[str, typer.Option(help="Entries of the log, with commas between.")] = ",".join(
        map(str, SIZES)
    ),
) -> None:
    """Measure the public log: entries, proofs, requests, dollars, beside a chain of hashes."""
    with _bars() as bars:
        found = measure_audit(sizes_of(sizes), bars)
    show_audit(found, out)
    keep("audit", audit_document(found))


SECTIONS: dict[str, Callable[[int, int], None]] = {
    "registrations": registrations,
    "votes": votes,
    # Nobody registers or votes in it.
    "audit": lambda _population, _seed: audit(),
}
"""What plain ``civic bench`` runs, in this order, with a population and a seed."""


@contextmanager
def _bars() -> Iterator[Bars]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err) as progress:
        yield Bars(progress)


def keep(name: str, measured: dict[str, Any]) -> Path:
    """Write one section into the report, leaving the others as they are."""
    report = here().output / "bench.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    document = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    document[name] = measured
    # Written whole before it takes the old one's place: Ctrl-C leaves no half report.
    draft = report.with_suffix(".json.part")
    draft.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(report)
    err.print(f"written: {name} to {report.relative_to(here().root)}")
    return report
