"""Breaks each guarantee on purpose, in a copy, and checks that a test notices.

``python -m tests.mutation [SCOPE ...]``; without arguments every scope of `scopes.toml`.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.mutation.pool import BaselineFails, Task, WorkerLost, copies, run
from tests.mutation.scopes import Scope, scopes
from tests.mutation.survivors import Verdict, accepted, judge

_INTERRUPTED = 130


def main() -> int:
    """Run the mutants; return 0 if the survivors are exactly the listed ones."""
    known = {scope.name: scope for scope in scopes()}
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("scopes", nargs="*", metavar="SCOPE", help=", ".join(known))
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--list", action="store_true", help="name the mutants and run none")
    parser.add_argument("--noticed", action="store_true", help="name what noticed each mutant")
    options = parser.parse_args()
    for name in options.scopes:
        if name not in known:
            parser.error(f"unknown scope {name}; known: {', '.join(known)}")
    chosen = [known[name] for name in options.scopes or known]
    console = Console(highlight=False, soft_wrap=True)
    if options.list:
        for task in (task for scope in chosen for task in _tasks(scope)):
            console.print(escape(task.mutant.name))
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(chosen, options, console)
    except KeyboardInterrupt:
        console.print("interrupted")
        return _INTERRUPTED
    except BaselineFails as error:
        console.print(f"without any mutant this fails: {escape(str(error))}")
        return 1
    except WorkerLost:
        console.print("a process that runs mutants ended unexpectedly; its message is above")
        return 1


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tasks(scope: Scope) -> Iterator[Task]:
    for target in scope.targets:
        yield from target.tasks()


def _run(chosen: list[Scope], options: argparse.Namespace, console: Console) -> int:
    table = Table("scope", "mutants", "noticed", "accepted", "seconds")
    reasons = accepted()
    good = True
    tasks = {scope.name: list(_tasks(scope)) for scope in chosen}
    with copies(options.jobs) as homes, _progress(console) as progress:
        for scope in chosen:
            some = tasks[scope.name]
            began = time.monotonic()
            bar = progress.add_task(scope.name, total=len(some))
            alive = []
            # Closed before the copies are removed, also when somebody interrupts.
            with closing(run(some, homes)) as outcomes:
                for mutant, noticed in outcomes:
                    progress.advance(bar)
                    if noticed is None:
                        alive.append(mutant.name)
                    elif options.noticed:
                        console.print(escape(f"{mutant.name}\n    {noticed}"))
            counts = Counter(one in reasons for one in alive)
            figures = (len(some), len(some) - len(alive), counts[True])
            table.add_row(scope.name, *map(str, figures), f"{time.monotonic() - began:.0f}")
            # At once: what comes later may end the run.
            good &= _explain(judge(alive, {one.file for one in scope.targets}, reasons), console)
    console.print(table)
    return 0 if good else 1


def _explain(verdict: Verdict, console: Console) -> bool:
    for name in verdict.unexplained:
        console.print(f"no test notices: {escape(name)}")
    for name in verdict.outdated:
        console.print(f"listed as a survivor, but noticed or gone: {escape(name)}")
    return verdict.good


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)


if __name__ == "__main__":
    sys.exit(main())
