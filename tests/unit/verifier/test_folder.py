"""A folder written by an attacker: nothing outside it is read, and nothing without a limit."""

import os
from pathlib import Path

import pytest

from civic.verifier.errors import Missing, ObjectRefused
from civic.verifier.folder import Folder
from tests.fakes.naive_election import votes
from tests.fakes.naive_log import publish
from tests.unit.verifier.commands import LOG, Verifier


@pytest.fixture
def log(tmp_path: Path) -> Path:
    publish(tmp_path / "log", LOG, [vote.entry for vote in votes(3)], [3])
    return tmp_path / "log"


def test_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"12345")
    assert Folder(tmp_path).read("one", 5) == b"12345"


def test_object_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "one").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ObjectRefused, match=r"^one: more than 5 bytes$"):
        Folder(tmp_path).read("one", 5)


def test_object_that_is_not_there_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in ("one", "two/one", "file/one"):
        with pytest.raises(Missing):
            Folder(tmp_path).read(path)


def test_pipe_is_refused_and_not_waited_for(log: Path, verifier: Verifier) -> None:
    (log / "tile/0/000.p/3").unlink()
    os.mkfifo(log / "tile/0/000.p/3")
    assert verifier.log(log).err == "refused: tile/0/000.p/3: not a file\n"


def test_folder_in_the_place_of_an_object_is_refused(log: Path, verifier: Verifier) -> None:
    (log / "checkpoint").unlink()
    (log / "checkpoint").mkdir()
    assert verifier.log(log).err == "refused: checkpoint: not a file\n"


def test_link_is_not_followed(log: Path, verifier: Verifier) -> None:
    place = log / "tile/entries/000.p/3"
    place.rename(log.parent / "elsewhere")
    place.symlink_to(log.parent / "elsewhere")
    assert verifier.log(log).err == (
        "refused: tile/entries/000.p/3: a link, and a log has no links\n"
    )


def test_link_to_a_folder_is_not_followed(log: Path, verifier: Verifier) -> None:
    (log / "tile").rename(log.parent / "elsewhere")
    (log / "tile").symlink_to(log.parent / "elsewhere")
    assert "a link, and a log has no links" in verifier.log(log).err


def test_folder_itself_may_be_a_link(log: Path, verifier: Verifier) -> None:
    (log.parent / "link").symlink_to(log)
    assert verifier.log(log.parent / "link").code == 0


def test_object_that_may_not_be_read_is_refused(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(ObjectRefused, match="cannot be read: Permission denied"):
        Folder(log).read("checkpoint")


def test_hidden_files_are_passed_over(log: Path, verifier: Verifier) -> None:
    (log / "checkpoints/.DS_Store").touch()
    assert verifier.log(log).code == 0
