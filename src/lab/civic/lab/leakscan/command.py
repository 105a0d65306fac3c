"""`civic leakscan`: searches for a marked citizen's data wherever it must not be."""

from collections.abc import Iterable
from pathlib import Path
from random import SystemRandom
from typing import Annotated, ClassVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from civic.identity.adapters.rule_set_files import load_rule_set
from civic.lab.leakscan.archive import every_event_kept
from civic.lab.leakscan.conversation import Walked
from civic.lab.leakscan.encodings import LEAST_BYTES
from civic.lab.leakscan.files import places_on_disk
from civic.lab.leakscan.people import MarkedPeople
from civic.lab.leakscan.places import Place, blind_spots, places_of_aws
from civic.lab.leakscan.report import Report, as_json
from civic.lab.leakscan.scan import Scanner, contents_before
from civic.lab.leakscan.settling import settle
from civic.lab.leakscan.walk import Walk
from civic.stack.context import engine_of, target_of
from civic.stack.engine import Engine
from civic.stack.target import LOCAL_STACK, Target
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.locks import one_at_a_time

_RULE_SET = "national-2027"


class NotRunning(CommandFailed):
    """There is no local stack to scan; this command does not start one."""

    exit_code: ClassVar[int] = 2


def leakscan(
    context: typer.Context,
    markers: Annotated[
        Path | None,
        typer.Option(
            "--markers",
            help="Send nobody; search for the texts in this file, one per line.",
        ),
    ] = None,
    *,
    as_document: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """Search the whole local stack for personal data.

    People whose every field is a marker are registered, decided, corrected, refused and erased
    through the running stack's API. Then every table, queue, dead-letter queue, object, log group,
    metric, answer and file is searched for the markers, in plain text, hex, base64, JSON and URL
    escapes, UTF-8 and UTF-16. Afterwards the people are erased.

    Exits with 0 if nothing was found, 1 if something was, 2 if no local stack is running.
    """
    target, engine = target_of(context), engine_of(context)
    _require_running(target, engine)
    if markers is None:
        with one_at_a_time(engine.workspace.state / "leakscan.lock"):
            report = _walk_and_scan(target, engine)
    else:
        report = _scan_for(target, engine, markers)
    if as_document:
        out.print_json(as_json(report))
    else:
        report.show(out)
    if not report.clean:
        raise typer.Exit(1)


def _require_running(target: Target, engine: Engine) -> None:
    if not target.is_local:
        raise SettingInvalid(f"only the local stack {LOCAL_STACK!r} can be scanned, not one on AWS")
    if not engine.is_running():
        raise NotRunning("the engine is not running; start it with `civic up`")
    if not target.deployed:
        raise NotRunning(f"there is no stack {target.stack!r} in the engine; run `civic up`")


def _scan_for(target: Target, engine: Engine, file: Path) -> Report:
    wanted = _read_markers(file)
    report = Report(len(wanted))
    places = _places(target, engine, leave_out=[file])
    _look(Scanner(wanted), places, report)
    report.blind = blind_spots(target)
    return report


def _read_markers(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError):
        raise SettingInvalid("the file of markers cannot be read as UTF-8 text") from None
    wanted = {f"line {number}": line for number, line in enumerate(lines, start=1) if line.strip()}
    short = [name for name, line in wanted.items() if len(line.encode()) < LEAST_BYTES]
    if short:
        raise SettingInvalid(f"{short[0]} has under {LEAST_BYTES} bytes: it could occur by chance")
    if not wanted:
        raise SettingInvalid("the file of markers is empty")
    return wanted


def _walk_and_scan(target: Target, engine: Engine) -> Report:
    with err.status("recording what is already there"):
        before = contents_before(_places(target, engine))
    walked = Walked()
    walk = Walk(target, MarkedPeople(SystemRandom(), load_rule_set(_RULE_SET)), walked)
    try:
        with every_event_kept(target):
            paths = _follow(walk)
            with err.status("waiting until the queues are empty"):
                settle(target)
            scanner = Scanner(walked.markers, before)
            report = Report(len(walked.markers), paths=paths, controls=_control(scanner, walked))
            _look(scanner, [walked.place(), *_places(target, engine)], report)
            report.blind = blind_spots(target)
    finally:
        left = walk.erase()
        if left:
            err.print(f"{left} of the marked people could not be erased")
    return report


def _follow(walk: Walk) -> list[str]:
    columns = (TextColumn("walking"), TextColumn("{task.description}"))
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("", total=None)
        walked: dict[str, None] = {}
        for path in walk.paths():
            walked[path] = None
            progress.update(task, description=path)
        progress.update(task, description=f"{len(walked)} paths")
    return list(walked)


def _control(scanner: Scanner, walked: Walked) -> int:
    """Search the answers that rightly hold markers, and return how many it found."""
    found = scanner.find(b"\n".join(walked.rightful))
    if walked.shown - found:
        raise CommandFailed("the scan misses what citizens were shown, so it proves nothing")
    return len(found)


def _look(scanner: Scanner, places: list[Place], report: Report) -> None:
    size = TextColumn("{task.fields[size]}")
    columns = (TextColumn("scanning"), BarColumn(), MofNCompleteColumn(), size)
    with Progress(*columns, console=err) as progress:
        task = progress.add_task("", total=len(places), size="")
        read = 0

        def advance(size: int) -> None:
            nonlocal read
            read += size
            progress.update(task, size=f"{read / 1e6:,.0f} MB")

        for place in places:
            report.looked.append(scanner.look(place, advance))
            progress.advance(task)


def _places(target: Target, engine: Engine, leave_out: Iterable[Path] = ()) -> list[Place]:
    return [*places_of_aws(target), *places_on_disk(engine.workspace, [*leave_out])]
