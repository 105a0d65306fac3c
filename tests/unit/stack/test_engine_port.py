from pathlib import Path

import pytest

from civic.stack.ports import DEFAULT_PORT, chosen_port
from civic.terminal.failures import SettingInvalid


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CIVIC_PORT", raising=False)
    return tmp_path / "engine.port"


def test_port_is_the_usual_one_without_a_setting(record: Path) -> None:
    assert chosen_port(record) == DEFAULT_PORT


def test_port_is_the_one_of_the_setting(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIVIC_PORT", "4999")
    assert chosen_port(record) == 4999


def test_port_is_the_one_of_the_saved_state(record: Path) -> None:
    record.write_text("4999\n")
    assert chosen_port(record) == 4999


def test_port_other_than_that_of_the_saved_state_is_refused(
    record: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.write_text("4999\n")
    monkeypatch.setenv("CIVIC_PORT", "5000")
    with pytest.raises(SettingInvalid, match="belongs to port 4999"):
        chosen_port(record)


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "45 66", "²"])
def test_port_that_is_none_is_refused(
    record: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("CIVIC_PORT", value)
    with pytest.raises(SettingInvalid, match="must be a port number"):
        chosen_port(record)
