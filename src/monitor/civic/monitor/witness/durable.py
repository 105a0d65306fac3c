"""Files that are complete and on disk once the write returns, even after a power failure."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file: a reader finds the old one or the new one, and never half of one."""
    make_folder(path.parent)
    unfinished = path.with_name(f".{path.name}.new")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; they are on disk once this returns."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable: fsync(2) of a file does not cover its name."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
