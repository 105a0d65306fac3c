"""The directories where the command and the engine leave files."""

import os
import time
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from civic.lab.leakscan.places import Piece, Place
from civic.stack.workspace import Workspace

_GENERATED = ("schemas", "events")
_RECENT_SECONDS = 2.0


def places_on_disk(workspace: Workspace, leave_out: Collection[Path] = ()) -> list[Place]:
    """Return the engine's state and log, the built artefacts, ``out/`` and generated folders.

    Args:
        workspace: The checkout.
        leave_out: Files that are not read, such as the one with the markers.
    """
    named = {
        "engine": workspace.state,
        "artefacts": workspace.artefacts,
        "reports and journals": workspace.output,
    } | {name: workspace.root / name for name in _GENERATED}
    left_out = frozenset(str(file.resolve()) for file in leave_out)
    places, seen = [], set[Path]()
    for name, directory in named.items():
        # The engine's state and the artefacts may be in the same directory.
        if directory.is_dir() and directory not in seen:
            places.append(Place("files", name, partial(_files, directory, left_out), steady=True))
            seen.add(directory)
    return places


def _files(directory: Path, left_out: Collection[str]) -> Iterator[Piece]:
    """Yield every file below a directory, but of symbolic links only the names."""
    # Without pathlib, as the engine unpacks tens of thousands of files, a copy for each worker.
    root = os.path.realpath(directory)
    pending = [root]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except FileNotFoundError:
            # The engine tidies up while it runs.
            continue
        for entry in entries:
            path = os.path.relpath(entry.path, root)
            yield Piece(os.fsencode(path), at=path)
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif entry.is_file(follow_symlinks=False) and entry.path not in left_out:
                yield from _content(entry.path, at=path)


def _content(file: str, at: str) -> Iterator[Piece]:
    try:
        about = os.stat(file)  # noqa: PTH116 - as above
    except FileNotFoundError:
        return
    version = _version(about)
    yield Piece(partial(_read, file), at, version, about.st_size)


def _version(about: os.stat_result) -> bytes | None:
    """Return a name for the content of a file, from its last change, which no program can forge.

    It is None shortly after a change, as another change could have the same time.
    """
    if time.time() - max(about.st_ctime, about.st_mtime) < _RECENT_SECONDS:
        return None
    named = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    return repr(named).encode()


def _read(file: str) -> bytes:
    try:
        with open(file, "rb") as content:  # noqa: PTH123 - as above
            return content.read()
    except FileNotFoundError:
        # It was deleted between being listed and being read.
        return b""
