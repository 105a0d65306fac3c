"""The command ``civic-verify``, run in this process."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from civic.verifier.main import main
from tests.fakes.naive_log import Signer

LOG = Signer("civic.example/log")
WITNESSES = [Signer("one.example/w", 4), Signer("two.example/w", 4)]


class Ended(NamedTuple):
    """How a run of the command ended."""

    code: int
    out: str
    err: str


class Verifier:
    """The command, with what it has written."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: Any) -> Ended:
        self._capsys.readouterr()
        try:
            code = main([str(one) for one in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Ended(code, *self._capsys.readouterr())

    def log(self, folder: Path, *options: Any) -> Ended:
        """Check a log with the right key."""
        return self("log", folder, "--key", LOG.vkey, *options)
