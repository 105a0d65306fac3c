"""Fixtures that several folders of tests share; their ``conftest`` modules import them."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.fakes.aws import Aws, running
from tests.fakes.deployment import Deployment, deployed

type LogLines = Callable[[], list[dict[str, Any]]]
"""Returns what was written to standard output since the last call, one object per line."""

_numbers = count()


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> LogLines:
    """Give the log lines of the functions."""
    _rename(monkeypatch)

    def look() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return look


def each_kind[S](technology: str, in_memory: Callable[[], S], on_aws: Callable[[], S]) -> Any:
    """Return a fixture that gives a port's adapter in memory, and then the one on AWS."""

    @pytest.fixture(params=["memory", technology])
    def adapter(request: pytest.FixtureRequest) -> S:
        if request.param == "memory":
            return in_memory()
        request.getfixturevalue("aws")
        return on_aws()

    return adapter


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Give every service that the functions use, empty and in this process."""
    with running() as started:
        yield started


@pytest.fixture
def deployment(
    aws: Aws, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """Give all functions with their real adapters; `log_lines` captures what they log."""
    with deployed(aws) as functions:
        log_lines()
        # The test has another standard output than this fixture.
        _rename(monkeypatch)
        yield functions


def _rename(environment: pytest.MonkeyPatch) -> None:
    # A logger keeps the stream it was made with, so another stream needs a new logger.
    environment.setenv("POWERTOOLS_SERVICE_NAME", f"test-{next(_numbers)}")
