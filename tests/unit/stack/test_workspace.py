from pathlib import Path

import pytest

from civic.stack.workspace import Workspace, here


def test_state_is_in_the_checkout_unless_told_otherwise(tmp_path: Path) -> None:
    assert Workspace(tmp_path).state == tmp_path / ".civic"
    assert Workspace(tmp_path, tmp_path / "other").state == tmp_path / "other"


def test_artefacts_stay_in_the_checkout(tmp_path: Path) -> None:
    assert Workspace(tmp_path, tmp_path / "other").artefacts == tmp_path / ".civic"


def test_here_takes_the_state_directory_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVIC_STATE", str(tmp_path))
    assert here().state == tmp_path
    monkeypatch.delenv("CIVIC_STATE")
    assert here().state == here().root / ".civic"


def test_here_makes_a_relative_state_directory_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIVIC_STATE", "state")
    assert here().state == tmp_path / "state"
