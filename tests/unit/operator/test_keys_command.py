"""`civic keys rotate`: what it says of the keys, and of those that do not open."""

from collections.abc import Iterator

import pytest

from civic.operator.commands import operating
from civic.operator.main import main
from civic.operator.operations import RewrappedPage
from civic.stack.target import Target

type Capture = pytest.CaptureFixture[str]


def finds(monkeypatch: pytest.MonkeyPatch, *pages: RewrappedPage) -> None:
    def rewrap(_target: Target) -> Iterator[RewrappedPage]:
        yield from pages

    monkeypatch.setattr(operating, "rewrap_subject_keys", rewrap)
    monkeypatch.setattr(operating, "count_subject_keys", lambda _target: 3)
    monkeypatch.setattr(operating, "rotate_wrapping_key", lambda _target: "wk-0002")


def run(*arguments: str) -> int:
    return main(["keys", "rotate", *arguments])


def test_pages_are_added_up(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    finds(monkeypatch, RewrappedPage(2, 2, 0), RewrappedPage(1, 0, 0))
    assert run("--rewrap-only") == 0
    assert capsys.readouterr().out.splitlines() == ["subject keys: 3, rewrapped: 2"]


def test_new_version_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    finds(monkeypatch)
    assert run() == 0
    assert "current wrapping key: wk-0002" in capsys.readouterr().out


def test_keys_that_do_not_open_are_reported_once_all_pages_are_done(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    finds(monkeypatch, RewrappedPage(2, 1, 1), RewrappedPage(2, 1, 1))
    assert run("--rewrap-only") == 1
    printed = capsys.readouterr()
    assert "subject keys: 4, rewrapped: 2" in printed.out
    assert "2 subject keys do not open" in printed.err
