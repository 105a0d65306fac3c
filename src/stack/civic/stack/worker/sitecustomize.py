"""Lets the engine's workers share the code they run.

The engine unpacks a function and its layer anew for each worker: some 80 MB and thousands of
files, the same in every worker. Python imports a module of this name before the program it is to
run (see the `site` module), and a worker inherits the engine's PYTHONPATH. So this runs before
anything of the function is imported, and puts links to one copy in place of the worker's own.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from pathlib import Path

_SHARED = "shared"


def share(worker: Path) -> None:
    """Replace each folder that was unpacked for a worker by a link to the shared copy.

    If there is no copy yet, the worker's own folder becomes it.

    Args:
        worker: The worker's folder: ``code.zip``, unpacked as ``code``, and likewise each layer.
    """
    shared = worker.parent / _SHARED
    shared.mkdir(mode=0o700, exist_ok=True)
    for archive in worker.glob("*.zip"):
        with archive.open("rb") as content:
            copy = shared / hashlib.file_digest(content, "sha256").hexdigest()
        archive.unlink()
        linked = archive.with_suffix("")
        own = linked.rename(archive.with_suffix(".own"))
        # Nobody may remove the copy between the check that it exists and the link to it.
        with (shared / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            linked.symlink_to(copy)
            if not copy.exists():
                own.rename(copy)
                _sweep(shared)
        shutil.rmtree(own, ignore_errors=True)
    # The folder in which the worker was started was renamed, or is gone.
    os.chdir(worker / "code")


def _sweep(shared: Path) -> None:
    """Remove the copies that no worker uses any more, such as those from before a deployment."""
    links = (link for link in shared.parent.glob("*/*") if link.is_symlink())
    used = {link.readlink().name for link in links}
    for copy in shared.iterdir():
        if copy.is_dir() and copy.name not in used:
            shutil.rmtree(copy, ignore_errors=True)


_PROGRAM = Path(sys.orig_argv[-1])
if _PROGRAM.name == "_worker.py":
    share(_PROGRAM.parent)
