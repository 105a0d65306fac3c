import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

type Line = dict[str, Any]
_numbers = count()


@pytest.fixture
def log_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[], list[Line]]:
    """What was written to standard output since the last look, one JSON object per line."""
    # A logger keeps the stream it was made with: every test gets one of its own.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"test-{next(_numbers)}")

    def look() -> list[Line]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return look
