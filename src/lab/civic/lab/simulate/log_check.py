"""Verifies the published folder as anyone could: with `civic-verify`, in this process."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civic.verifier.errors import Refused
from civic.verifier.folder import Folder
from civic.verifier.heads import Trust
from civic.verifier.kept import Kept
from civic.verifier.log import verify_log
from civic.verifier.notes import VerifierKey
from civic.verifier.progress import Progress
from civic.verifier.report import Report

type Tell = Callable[[str, int, int], object]
"""Called with what is being verified, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What the verifier found.

    Attributes:
        refused: Why it refuses the log, or None if it accepts it.
        size: Number of entries in the log.
        ballots: How many of them are ballots.
        certified: Ballots of the election, if the log has its certification and they agree.
        opened: Ballots whose recount from the openings gave the certified result.
        checkpoints: Number of signed tree heads.
        seconds: How long the check took.
    """

    refused: str | None = None
    size: int = 0
    ballots: int = 0
    certified: int = 0
    opened: int = 0
    checkpoints: int = 0
    seconds: float = 0.0


def check_log(folder: Path, key: str, tell: Tell) -> LogCheck:
    """Verify a published folder as docs/verification.md specifies.

    Args:
        folder: The published log.
        key: The log's key, in the form that verifiers use.
        tell: Called to show the progress.
    """
    started = time.perf_counter()
    trust = Trust(VerifierKey.parse(key))
    try:
        report = verify_log(Folder(folder), trust, Kept(), _Told(tell))
    except Refused as refused:
        return LogCheck(str(refused), seconds=time.perf_counter() - started)
    return LogCheck(
        None,
        _number(report, "tree", "size"),
        _number(report, "entries", "ballots"),
        _number(report, "elections", "ballots"),
        _number(report, "openings", "ballots"),
        _number(report, "checkpoints", "signed"),
        time.perf_counter() - started,
    )


def _number(report: Report, check: str, name: str) -> int:
    """Return a number from a check, or 0 if the check was not made."""
    found: list[dict[str, Any]] = [one.numbers for one in report.done if one.check == check]
    return sum(one[name] for one in found)


class _Told(Progress):
    """Shows the verifier's progress on a bar of the simulation instead of a terminal."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(io.StringIO())
        self._tell = tell

    def tell(self, what: str, done: int, of: int) -> None:
        self._tell(what, done, of)
