"""A zipped artefact has what Lambda needs, and is the same for the same content."""

import os
import zipfile
from pathlib import Path

import pytest

from civic.stack.zipping import zip_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Identity"
    (folder / "civic" / "identity").mkdir(parents=True)
    (folder / "civic" / "identity" / "gateway.py").write_text("handler = None\n")
    (folder / "library.so").write_bytes(bytes(range(256)) * 100)
    return folder


def test_every_file_is_in_it_under_its_path(folder: Path) -> None:
    with zipfile.ZipFile(zip_folder(folder)) as zipped:
        assert zipped.namelist() == ["civic/identity/gateway.py", "library.so"]
        assert zipped.read("civic/identity/gateway.py") == b"handler = None\n"
        assert zipped.read("library.so") == (folder / "library.so").read_bytes()


def test_same_content_gives_the_same_bytes_whenever_and_by_whom_it_was_built(folder: Path) -> None:
    before = zip_folder(folder).read_bytes()
    os.utime(folder / "library.so", (0, 0))
    (folder / "library.so").chmod(0o600)
    assert zip_folder(folder).read_bytes() == before
    (folder / "library.so").write_bytes(b"other")
    assert zip_folder(folder).read_bytes() != before


def test_everybody_may_read_what_is_unpacked(folder: Path) -> None:
    (folder / "library.so").chmod(0o600)
    with zipfile.ZipFile(zip_folder(folder)) as zipped:
        assert {entry.external_attr >> 16 for entry in zipped.infolist()} == {0o100644}


def test_it_is_smaller(folder: Path) -> None:
    assert zip_folder(folder).stat().st_size < (folder / "library.so").stat().st_size / 2
