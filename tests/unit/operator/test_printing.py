"""What the command prints and writes: times, private files, errors, and people's own words."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from civic.operator.commands.review import printable
from civic.terminal.console import fail
from civic.terminal.private_file import write_private
from civic.terminal.times import day, minute, second

IN_THE_EAST = timezone(timedelta(hours=5, minutes=30))


def test_moments_are_shown_in_utc() -> None:
    moment = datetime(2027, 3, 1, 2, 30, 15, 999999, IN_THE_EAST)
    assert second(moment) == "2027-02-28 21:00:15Z"
    assert minute(moment) == "2027-02-28 21:00Z"
    assert day(moment) == "2027-02-28"


def test_moments_are_taken_as_the_api_writes_them() -> None:
    assert second("2027-03-01T09:30:15.125Z") == second(datetime(2027, 3, 1, 9, 30, 15, tzinfo=UTC))


def test_no_moment_is_a_dash() -> None:
    assert (second(None), minute(None), day(None)) == ("-", "-", "-")


def test_private_file_is_its_owners_only(tmp_path: Path) -> None:
    write_private(tmp_path / "new", "Ada")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600


def test_private_file_that_was_open_to_all_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "old"
    file.write_text("a longer text than the new one")
    file.chmod(0o644)
    write_private(file, "Ada\r\n")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == b"Ada\r\n"


@pytest.mark.parametrize("message", ["[/red] is not a tag", "out/[2027].json", "[bold]loud"])
def test_error_is_printed_as_it_is(message: str, capsys: pytest.CaptureFixture[str]) -> None:
    fail(message)
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada Łukasiewicz-O'Neill", "Ada Łukasiewicz-O'Neill"),
        ("क्\u200dषमा", "क्\u200dषमा"),
        ("\x1b[2JAda\r\n", "\ufffd[2JAda\ufffd\ufffd"),
        ("a\u202eb", "a\ufffdb"),
    ],
)
def test_printable_text_moves_no_cursor(text: str, shown: str) -> None:
    assert printable(text) == shown
