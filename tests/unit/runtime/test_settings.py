"""Settings: read from the environment on demand, complete or not at all."""

import pytest
from pydantic import ValidationError

from civic.runtime.settings import Settings


class TwoSettings(Settings):
    table_name: str
    page: int = 7


def test_settings_are_the_upper_case_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "things")
    monkeypatch.setenv("PAGE", "3")
    settings = TwoSettings.from_environment()
    assert (settings.table_name, settings.page) == ("things", 3)


def test_settings_have_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "things")
    monkeypatch.delenv("PAGE", raising=False)
    assert TwoSettings.from_environment().page == 7


def test_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    with pytest.raises(ValidationError, match="table_name"):
        TwoSettings.from_environment()
