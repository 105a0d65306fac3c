"""`witness`: sign what a log publishes as long as it does not contradict itself."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from civic.monitor.published_log import published_log
from civic.monitor.witness.following import Follower
from civic.monitor.witness.key import WitnessKey, alone
from civic.monitor.witness.memory import LogMemory
from civic.monitor.witness.server import serve as serve_witness
from civic.monitor.witness.witness import Witness
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.verifier.checkpoints import want_type
from civic.verifier.errors import KeyRefused, NoteRefused
from civic.verifier.notes import ED25519, MAX_NOTE, VerifierKey

witness = typer.Typer(
    no_args_is_help=True, help="Cosign a log's checkpoints as long as it never forks."
)

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR", file_okay=False, help="The folder with the key and what was signed."
    ),
]
LogKey = Annotated[str, typer.Option("--key", metavar="VKEY", help="The log's key.")]

_SECONDS = re.compile(r"([0-9]{1,6})(s|m|h)?", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600}


@witness.command("init")
def init(
    folder: Folder,
    name: Annotated[
        str, typer.Option(help="For example witness.example/w1; it cannot be changed later.")
    ],
) -> None:
    """Make a key, and print its public half for those who will trust this witness."""
    out.print(str(WitnessKey.create(folder, name).public), soft_wrap=True, markup=False)


@witness.command("follow")
def follow(
    folder: Folder,
    log: Annotated[str, typer.Option(metavar="URL|FOLDER", help="Where the log is published.")],
    key: LogKey,
    every: Annotated[str, typer.Option(help="How often to look: 10s, 5m, 1h.")] = "10s",
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            exists=True,
            dir_okay=False,
            metavar="CHECKPOINT",
            help="Start from this checkpoint, not from the first one seen.",
        ),
    ] = None,
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Look once; exit with 1 if that fails.")
    ] = False,
) -> None:
    """Sign each checkpoint that contains the one signed before. Exits with 1 if one does not."""
    seconds, published = _duration(every), published_log(log)
    with _witness(folder, key) as one:
        if start is not None:
            _trust(one, start)
        follower = Follower(one, published, _say, _warn)
        if once:
            follower.once()
            return
        try:
            follower.forever(seconds, time.sleep)
        except KeyboardInterrupt:
            err.print("ended")


@witness.command("serve")
def serve(
    folder: Folder,
    key: LogKey,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 for any.")],
) -> None:
    """Sign checkpoints that the log sends over HTTP, on loopback (C2SP tlog-witness)."""
    with _witness(folder, key) as one:
        serve_witness(port, one, _warn)


@contextmanager
def _witness(folder: Path, vkey: str) -> Iterator[Witness]:
    """Yield the witness of a folder, as the only process that uses its key."""
    try:
        log = VerifierKey.parse(vkey)
        want_type(log, ED25519)
    except KeyRefused as refused:
        raise SettingInvalid(f"--key: {refused}") from None
    key = WitnessKey.load(folder)
    with alone(folder):
        yield Witness(key, log, LogMemory(folder, log.name), lambda: int(time.time()))


def _trust(one: Witness, start: Path) -> None:
    try:
        with start.open("rb") as file:
            one.trust(file.read(MAX_NOTE + 1))
    except NoteRefused as refused:
        raise CommandFailed(f"{start}: {refused}") from None


def _duration(text: str) -> float:
    found = _SECONDS.fullmatch(text)
    if found is None or not int(found[1]):
        raise SettingInvalid(
            "--every must be a number of seconds, minutes or hours above 0: 10s, 5m, 1h"
        )
    return int(found[1]) * _UNITS[found[2] or "s"]


def _say(text: str) -> None:
    out.print(text, soft_wrap=True, markup=False)


def _warn(text: str) -> None:
    err.print(text, soft_wrap=True, markup=False)
