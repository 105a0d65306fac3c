"""`civic bench`: measures the sections of ``out/bench.json``, all or, by subcommand, one."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from civic.lab.bench.artefacts import measure_artefacts
from civic.lab.bench.audit import SIZES, measure_audit, sizes_of
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.people import measure_people
from civic.lab.bench.registrations import measure_registrations
from civic.lab.bench.report import Begin, Section, Tick
from civic.lab.bench.votes import measure_votes
from civic.stack.deploy import build_changed, local_stacks
from civic.stack.workspace import here
from civic.terminal.console import err, out
from civic.terminal.locks import one_at_a_time

app = typer.Typer(help="Measure what the system costs, and who is found again.")

Population = Annotated[int, typer.Option(min=1, help="How many people register in each run.")]
Seed = Annotated[int, typer.Option(help="The same seed generates the same people.")]

_POPULATION = 200
_SEED = 1


@app.callback(invoke_without_command=True)
def bench(context: typer.Context, population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure every section and write out/bench.json; a subcommand measures only one."""
    # Options before the name of a section apply to it as well.
    given = {"population": population, "seed": seed}
    context.default_map = dict.fromkeys(SECTIONS, given)
    if context.invoked_subcommand is None:
        for run in SECTIONS.values():
            run(population, seed)


@app.command()
def registrations(population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure registrations: calls, units, bytes and dollars, compared with the naive design."""
    with _bars() as begin:
        found = measure_registrations(_deployment(), population, seed, begin)
    _keep(found)


@app.command()
def votes(population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure votes: write units, instructions, growth, dollars, compared with the earlier demo."""
    # Every run draws new codes; no figure depends on them.
    del seed
    with _bars() as begin:
        found = measure_votes(_deployment(), population, begin)
    _keep(found)


@app.command()
def audit(
    sizes: Annotated[str, typer.Option(help="Sizes of the log, separated by commas.")] = ",".join(
        map(str, SIZES)
    ),
) -> None:
    """Measure the public log: entries, proofs, requests, dollars, compared with a hash chain."""
    with _bars() as begin:
        found = measure_audit(sizes_of(sizes), begin)
    _keep(found)


@app.command()
def people(population: Population = _POPULATION, seed: Seed = _SEED) -> None:
    """Measure how many people who register twice are found, who else is, and what it costs."""
    with _bars() as begin:
        found = measure_people(population, seed, begin, os.process_cpu_count() or 1)
    _keep(found)


@app.command()
def artefacts() -> None:
    """Measure cold starts from the artefacts as shipped, and without bytecode."""
    workspace = here()
    workspace.state.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(workspace.artefacts / "build.lock"):
        build_changed(workspace, local_stacks(workspace))
        with _bars() as begin:
            functions = _deployment().functions.values()
            found = measure_artefacts(workspace.artefacts / "build", functions, begin)
    _keep(found)


SECTIONS: dict[str, Callable[[int, int], None]] = {
    "registrations": registrations,
    "votes": votes,
    "people": people,
    # These two have no population.
    "audit": lambda _population, _seed: audit(),
    "artefacts": lambda _population, _seed: artefacts(),
}
"""What ``civic bench`` runs without a subcommand, in this order, with a population and a seed."""


def _deployment() -> Deployment:
    return Deployment.read(*here().templates.values())


@contextmanager
def _bars() -> Iterator[Begin]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=err) as progress:

        def begin(name: str, steps: int) -> Tick:
            task = progress.add_task(name, total=steps)
            return lambda: progress.advance(task)

        yield begin


def _keep(found: Section) -> None:
    found.show(out)
    report = here().output / "bench.json"
    found.keep(report)
    err.print(f"written: {found.name} to {report.relative_to(here().root)}")
