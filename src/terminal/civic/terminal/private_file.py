"""Files that only their owner may read, because they hold somebody's data."""

import os
from pathlib import Path

_OWNER_ONLY = 0o600


def write_private(path: Path, text: str) -> None:
    """Write or replace a file, readable by its owner only, even if it existed before."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        # The mode given to open() applies to new files only.
        os.fchmod(file.fileno(), _OWNER_ONLY)
        file.write(text)


def create_private(path: Path, content: bytes) -> None:
    """Write a new file, readable by its owner only.

    Raises:
        FileExistsError: There is a file of that name.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
