"""Lets the engine's workers share the code they run.

The engine unpacks a function and its layer anew for each worker: some 80 MB and thousands of
files, the same in every worker. Python imports a module of this name before the program it is to
run (see the `site` module). In the engine it makes `zipfile` unpack each archive once, and link
the folder of every worker to that copy.
"""

import hashlib
import os
import shutil
import sys
import zipfile
from pathlib import Path
from threading import Lock

_SHARED = "shared"
_WORKER = "ministack-lambda-"
"""How the name of a worker's folder begins."""

_unpack = zipfile.ZipFile.extractall
_linking = Lock()


def link(
    archive: zipfile.ZipFile,
    path: str | os.PathLike[str] | None = None,
    members: object = None,
    pwd: bytes | None = None,
) -> None:
    """Replace a worker's folder by a link to the shared copy; unpack any other archive.

    Args:
        archive: Of a worker, ``code.zip`` or that of a layer.
        path: Where to unpack it; of a worker, the empty folder of the same name, such as ``code``.
        members: As of `zipfile.ZipFile.extractall`.
        pwd: As of `zipfile.ZipFile.extractall`.
    """
    folder = Path(path or os.curdir)
    if not folder.parent.name.startswith(_WORKER) or archive.filename != f"{folder}.zip":
        _unpack(archive, path, members, pwd)  # type: ignore[arg-type]
        return
    packed = Path(archive.filename)
    with packed.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    packed.unlink()
    copy = folder.parent.with_name(_SHARED) / digest
    with _linking:
        known = copy.exists()
        if not known:
            copy.parent.mkdir(mode=0o700, exist_ok=True)
            _unpack(archive, unfinished := copy.with_suffix(".part"))
            unfinished.rename(copy)
        folder.rmdir()
        folder.symlink_to(copy)
        if not known:
            _sweep(copy.parent)


def _sweep(shared: Path) -> None:
    """Remove the copies that no worker uses any more, such as those from before a deployment."""
    links = (link for link in shared.parent.glob("*/*") if link.is_symlink())
    used = {link.readlink().name for link in links}
    for copy in shared.iterdir():
        if copy.name not in used:
            shutil.rmtree(copy, ignore_errors=True)


if sys.orig_argv[-2:] == ["-m", "ministack"]:
    # Nothing of this is for the workers.
    del os.environ["PYTHONPATH"]
    zipfile.ZipFile.extractall = link  # type: ignore[method-assign,assignment]
