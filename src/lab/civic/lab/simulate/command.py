"""`civic simulate`: an election in one process, with everything that can go wrong in one."""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from civic.lab.simulate.chart import chart
from civic.lab.simulate.deployed import DeployedElection
from civic.lab.simulate.electorate import apportioned, voters_of
from civic.lab.simulate.hall import Hall, hall_of
from civic.lab.simulate.outcome import Outcome
from civic.lab.simulate.report import by_state, candidates_table, summary, totals_table
from civic.lab.simulate.run import Plan, Simulation, Tick
from civic.stack.context import target_of
from civic.stack.workspace import here
from civic.terminal.console import err, out
from civic.terminal.failures import INTERRUPTED_EXIT_CODE, CommandFailed, SettingInvalid

_ONE_PERCENT = 1_366_692
MOST_AT_THE_ENGINE = 10_000
MOST_WITH_CREDENTIALS = 2_000
_MOST_DUPLICATES, _MOST_REDELIVERED = 1.0, 0.9


def simulate(
    context: typer.Context,
    voters: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=20_000_000,
            help="How many vote, divided among the states as in 2016.",
            show_default=f"{_ONE_PERCENT:,}; with --engine {MOST_AT_THE_ENGINE:,} and with "
            f"--credentials {MOST_WITH_CREDENTIALS:,}, their limits",
        ),
    ] = None,
    duplicates: Annotated[
        str, typer.Option(help="Share of voters who vote twice, half of them for somebody else.")
    ] = "5%",
    redeliver: Annotated[
        str, typer.Option(help="Share of messages and stream batches delivered twice.")
    ] = "1%",
    *,
    crash: Annotated[
        bool, typer.Option("--crash", help="Let functions crash between any two steps.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed repeats the same election.")] = 2016,
    engine: Annotated[
        bool, typer.Option("--engine", help="Vote over HTTP in the engine, with posted codes.")
    ] = False,
    credentials: Annotated[
        bool,
        typer.Option("--credentials", help="Vote with blind signatures instead of posted codes."),
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=32, help="With --engine: simultaneous requests.")
    ] = 8,
    log: Annotated[
        Path | None,
        typer.Option(help="Keep the public log in this folder, which must be new or empty."),
    ] = None,
) -> None:
    """Hold the US presidential election of 2016, scaled down.

    It has 1 % of the voters by default. Every vote goes through the real handlers, in this process
    on adapters in memory, or with --engine in the stack that `civic up` has deployed. Exits with 0
    only if the tally, the recount and the published results all agree with the votes and if,
    without --engine, the public log verifies, with every ballot in it and opened.
    """
    _only(
        context,
        ("redeliver", "crash", "credentials", "log") if engine else ("workers",),
        "--engine",
        without=engine,
    )
    plan = Plan(
        apportioned(_how_many(voters, engine=engine, credentials=credentials)),
        share_of(duplicates, "--duplicates", _MOST_DUPLICATES),
        0.0 if engine else share_of(redeliver, "--redeliver", _MOST_REDELIVERED),
        crash,
        seed,
        credentials,
    )
    with _interruptible() as stopped, _progress() as progress:
        bars = Bars(progress, voters_of(plan.states), stopped)
        if engine:
            with hall_of(target_of(context)) as hall:
                outcome = hold_at(hall, plan, workers, bars)
        else:
            with _published(log) as folder:
                outcome = _hold_in_memory(plan, folder, bars)
    _show(plan, outcome)
    if not outcome.right:
        wrong = "the counts do not agree" if outcome.logged else "the log does not verify"
        raise CommandFailed(f"{wrong}; repeat it with --seed {seed}")
    if stopped():
        raise typer.Exit(INTERRUPTED_EXIT_CODE)


class Bars:
    """The progress bars of the parts, which also tell these when to stop."""

    def __init__(self, progress: Progress, total: int, stopped: Callable[[], bool]) -> None:
        """Draw bars of ``total`` steps on ``progress``; ``stopped`` returns True after Ctrl-C."""
        self._progress = progress
        self._total = total
        self._stopped = stopped
        self._told: dict[str, TaskID] = {}

    def begin(self, name: str) -> Tick:
        """Start a bar, and return a function that advances it and returns whether to continue."""
        task = self._progress.add_task(name, total=self._total)

        def tick(count: int) -> bool:
            self._progress.advance(task, count)
            return not self._stopped()

        return tick

    def tell(self, what: str, done: int, of: int) -> None:
        """Show how much of something has been verified."""
        if what not in self._told:
            self._told[what] = self._progress.add_task(f"verifying {what}")
        self._progress.update(self._told[what], completed=done, total=of)


def _hold_in_memory(plan: Plan, folder: Path, bars: Bars) -> Outcome:
    simulation = Simulation(plan, folder)
    simulation.vote(bars.begin("voting"))
    return simulation.finish(bars.tell)


@contextmanager
def _published(kept: Path | None) -> Iterator[Path]:
    """Yield the folder for the log, and remove it afterwards unless it is to be kept.

    Raises:
        SettingInvalid: The folder is not empty.
    """
    if kept is None:
        with TemporaryDirectory(prefix="civic-log-") as folder:
            yield Path(folder)
        return
    if kept.exists() and not (kept.is_dir() and not any(kept.iterdir())):
        raise SettingInvalid(f"--log {kept}: it already exists and is not an empty folder")
    kept.mkdir(parents=True, exist_ok=True)
    yield kept


def hold_at(hall: Hall, plan: Plan, workers: int, bars: Bars) -> Outcome:
    """Hold the election in a deployed stack, and certify it if all counts agree."""
    with DeployedElection.held(hall, plan, workers) as election:
        if election.post_codes(bars.begin("posting codes")):
            election.vote(bars.begin("voting"))
        outcome = election.finish()
        if outcome.right:
            election.certify()
    return outcome


def _how_many(voters: int | None, *, engine: bool, credentials: bool) -> int:
    """Return how many vote.

    Raises:
        SettingInvalid: There are more than this kind of run has time for.
    """
    if engine:
        most, why = MOST_AT_THE_ENGINE, "--engine"
    elif credentials:
        most, why = MOST_WITH_CREDENTIALS, "a blind signature costs about 20 ms: --credentials"
    else:
        return voters or _ONE_PERCENT
    if voters is not None and voters > most:
        raise SettingInvalid(f"{why} takes up to {most:,} voters")
    return voters or most


def _only(context: typer.Context, options: tuple[str, ...], mode: str, *, without: bool) -> None:
    """Refuse options that would have no effect.

    Raises:
        SettingInvalid: One of them was given.
    """
    for option in options:
        source = context.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            how = "without" if without else "with"
            raise SettingInvalid(f"--{option} applies only to runs {how} {mode}")


def share_of(text: str, option: str, most: float) -> float:
    """Return a share that is given as ``5%`` or as ``0.05``.

    Raises:
        SettingInvalid: It is not a share, or it is larger than ``most``.
    """
    number = text.removesuffix("%")
    try:
        share = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise SettingInvalid(f"{option} takes a share such as 5%") from None
    if not 0 <= share <= most:
        raise SettingInvalid(f"{option} takes a share from 0% to {most:.0%}")
    return share


def _show(plan: Plan, outcome: Outcome) -> None:
    out.print(totals_table(outcome))
    out.print(candidates_table(outcome))
    folder = here().output
    folder.mkdir(parents=True, exist_ok=True)
    document = summary(outcome) | {"seed": plan.seed, "by_state": by_state(plan.states, outcome)}
    (folder / "simulation.json").write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    sketch = chart(plan.states, outcome)
    (folder / "simulation.svg").write_text(sketch.svg(), "utf-8")
    sketch.save_png(folder / "simulation.png")
    names = ", ".join(_shown(folder / f"simulation.{kind}") for kind in ("svg", "png", "json"))
    err.print(f"written: {names}", soft_wrap=True)


def _shown(path: Path) -> str:
    return str(path.relative_to(here().root))


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end the voting after the current round, and a second one end it at once.

    Within a round a vote may have been accepted but not recorded, so the table would be wrong.
    """
    interrupted = False

    def stop(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
    )
