import os
import time
from pathlib import Path

import pytest

from civic.lab.leakscan import files
from civic.lab.leakscan.files import places_on_disk
from civic.lab.leakscan.scan import Scanner, contents_before
from civic.stack.workspace import Workspace

MARKER = "Zqkbłä marked"


def found_in(workspace: Workspace, *leave_out: Path) -> set[tuple[str, str]]:
    scanner = Scanner({"name": MARKER})
    looked = [scanner.look(place) for place in places_on_disk(workspace, leave_out)]
    return {(leak.place, leak.at) for one in looked for leak in one.leaks}


def write(file: Path, content: str = MARKER) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (".civic/state/dynamodb.json", "engine"),
        (".civic/engine.log", "engine"),
        (".civic/build/deep/down/file.py", "engine"),
        ("out/receipts.jsonl", "reports and journals"),
        ("schemas/Event.json", "schemas"),
        ("events/Event.json", "events"),
    ],
)
def test_file_is_looked_at(tmp_path: Path, path: str, place: str) -> None:
    write(tmp_path / path)
    assert found_in(Workspace(tmp_path)) == {(place, path.partition("/")[2])}


def test_state_elsewhere_and_artefacts_are_both_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "root" / ".civic" / "sam.log")
    write(tmp_path / "state" / "engine.log")
    workspace = Workspace(tmp_path / "root", tmp_path / "state")
    assert found_in(workspace) == {("artefacts", "sam.log"), ("engine", "engine.log")}


def test_name_of_a_file_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "out" / f"{MARKER}.json", "harmless")
    ((place, _),) = found_in(Workspace(tmp_path))
    assert place == "reports and journals"


def test_file_of_markers_is_left_out(tmp_path: Path) -> None:
    markers = write(tmp_path / "out" / "markers.txt")
    write(tmp_path / "out" / "leak.txt")
    spelled_otherwise = tmp_path / "out" / ".." / "out" / markers.name
    assert found_in(Workspace(tmp_path), spelled_otherwise) == {
        ("reports and journals", "leak.txt")
    }


def test_link_is_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "file")
    for name, leads_to in (("file", outside), ("directory", outside.parent)):
        link = tmp_path / "root" / "out" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(leads_to)
    assert found_in(Workspace(tmp_path / "root")) == set()


def test_file_that_goes_while_it_is_looked_for_is_no_error(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / "out" / name / "file")
    (place,) = places_on_disk(Workspace(tmp_path))
    pieces = place.read()
    next(pieces)
    for name in ("a", "b"):
        (tmp_path / "out" / name / "file").unlink()
        (tmp_path / "out" / name).rmdir()
    assert MARKER.encode() not in {piece.content for piece in pieces}


def test_file_that_goes_before_it_is_opened_is_no_error(tmp_path: Path) -> None:
    assert list(files._content(str(tmp_path / "gone"), "gone")) == []


def test_directories_that_are_not_there_are_no_places(tmp_path: Path) -> None:
    assert places_on_disk(Workspace(tmp_path)) == []


# ------------------------------------------------------------------ files that have not changed


@pytest.fixture
def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.mark.usefixtures("an_hour_later")
def test_file_that_has_not_changed_is_read_once_and_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "out" / "leak.txt")
    (place,) = places_on_disk(Workspace(tmp_path))
    scanner = Scanner({"name": MARKER})
    first = scanner.look(place)
    monkeypatch.setattr(files, "_read", lambda _: pytest.fail("was read again"))
    (place,) = places_on_disk(Workspace(tmp_path))
    assert scanner.look(place) == first
    assert {leak.at for leak in first.leaks} == {"leak.txt"}
    assert first.size == file.stat().st_size + len(file.name)


@pytest.mark.usefixtures("an_hour_later")
def test_file_that_was_there_before_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "out" / "old.txt", "harmless")
    before = contents_before(places_on_disk(Workspace(tmp_path)))
    monkeypatch.setattr(files, "_read", lambda _: pytest.fail("was read again"))
    (place,) = places_on_disk(Workspace(tmp_path))
    assert not Scanner({"name": MARKER}, before).look(place).leaks


@pytest.mark.usefixtures("an_hour_later")
@pytest.mark.parametrize("content", [MARKER, "of the same length"])
def test_file_that_has_changed_is_read_again(tmp_path: Path, content: str) -> None:
    file = write(tmp_path / "out" / "leak.txt", "x" * len(MARKER.encode()))
    times = file.stat()
    before = contents_before(places_on_disk(Workspace(tmp_path)))
    while file.stat().st_ctime_ns == times.st_ctime_ns:
        file.write_text(content)
    # A program that sets one date back cannot set the other.
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    (place,) = places_on_disk(Workspace(tmp_path))
    found = Scanner({"name": MARKER}, before).look(place)
    assert bool(found.leaks) == (content == MARKER)


def test_file_that_has_just_changed_has_no_version(tmp_path: Path) -> None:
    write(tmp_path / "out" / "leak.txt")
    (place,) = places_on_disk(Workspace(tmp_path))
    assert {piece.version for piece in place.read()} == {None}
