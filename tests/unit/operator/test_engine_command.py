import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from civic.operator import main as main_module
from civic.operator.commands import lifecycle
from civic.operator.main import main
from civic.stack.target import Target
from civic.stack.workspace import Workspace


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the engine of this checkout."""
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    monkeypatch.delenv("CIVIC_PORT", raising=False)
    monkeypatch.delenv("CIVIC_STACK", raising=False)


def raising(error: BaseException) -> Callable[[object], Target]:
    def raise_it(_: object) -> Target:
        raise error

    return raise_it


def test_status_without_an_engine_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert "civic up" in capsys.readouterr().out


def test_up_for_a_stack_on_aws_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "civic-prod", "up"]) == 2
    assert "sam deploy" in capsys.readouterr().err


def test_up_without_setup_is_8(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up"]) == 8
    assert "make setup" in capsys.readouterr().err


def test_full_disk_anywhere_is_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(lifecycle, "target_of", raising(full))
    assert main(["status"]) == 4
    assert capsys.readouterr().err.startswith("error: the disk is full")


def test_interrupt_is_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lifecycle, "target_of", raising(KeyboardInterrupt()))
    assert main(["status"]) == 130
    assert "Traceback" not in capsys.readouterr().err
