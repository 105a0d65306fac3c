"""Reads a published folder without trusting who wrote it.

Only regular files inside the folder are opened, and no more of them is read than is expected.
"""

import os
import stat
from io import BufferedReader
from pathlib import Path

from civic.verifier.entries import MAX_BUNDLE
from civic.verifier.errors import Missing, ObjectRefused


class Folder:
    """The objects of a log, or of openings, by their paths.

    Args:
        place: The folder that they are in.
        prefix: What to write before an object's path when naming it.
    """

    def __init__(self, place: Path, prefix: str = "") -> None:
        self._place = place.resolve()
        self._prefix = prefix

    def read(self, path: str, limit: int = MAX_BUNDLE) -> bytes:
        """Return an object.

        Raises:
            Missing: There is no such object.
            ObjectRefused: It is larger than `limit`, or not a file of this folder.
        """
        with self.open(path, limit) as file:
            raw = file.read(limit + 1)
        if len(raw) > limit:
            raise ObjectRefused(self.name(path), f"more than {limit} bytes")
        return raw

    def open(self, path: str, limit: int) -> BufferedReader:
        """Open an object of at most `limit` bytes; raises as `read` does."""
        place = self._place / path
        if place.resolve() != place:
            raise ObjectRefused(self.name(path), "a link, and a log has no links")
        try:
            # Opening a pipe would wait for somebody to write to it.
            descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(self.name(path)) from None
        except OSError as error:
            raise ObjectRefused(self.name(path), f"cannot be read: {error.strerror}") from None
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size <= limit:
            return os.fdopen(descriptor, "rb")
        os.close(descriptor)
        why = f"more than {limit} bytes" if stat.S_ISREG(found.st_mode) else "not a file"
        raise ObjectRefused(self.name(path), why)

    def has(self, path: str) -> bool:
        """Return whether there is anything at a path."""
        return (self._place / path).exists(follow_symlinks=False)

    def names(self, path: str) -> list[str]:
        """Return the names in a subfolder, without hidden files; no names if it is not a folder."""
        try:
            found = [one.name for one in (self._place / path).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
            raise ObjectRefused(self.name(path), why) from None
        return sorted(name for name in found if not name.startswith("."))

    def name(self, path: str) -> str:
        """Return the name to show people for an object of this folder."""
        return f"{self._prefix}{path}"
