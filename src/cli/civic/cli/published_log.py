"""The public log as anyone reads it: over HTTP, or from a folder with the same paths.

Nothing that is read is believed: checkpoints are signed, and proofs are verified against them.
"""

import errno
from pathlib import Path
from typing import Protocol

import httpx

from civic.cli.failures import SettingInvalid
from civic.verifier.errors import Missing, Unavailable
from civic.verifier.notes import MAX_NOTE

CHECKPOINT = "checkpoint"
"""Path of the newest checkpoint."""

_SECONDS = 20.0
_ABSENT = {httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN, httpx.codes.GONE}
"""A bucket that nobody may list answers 403 for what it does not have."""


class PublishedLog(Protocol):
    """The objects of a log, by their paths."""

    def read(self, path: str) -> bytes:
        """Give an object.

        Raises:
            Missing: There is none.
            Unavailable: It cannot be read now.
        """
        ...


class LogFolder:
    """A copy of a log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes:
        """Give an object; see `PublishedLog`."""
        try:
            with (self._folder / path).open("rb") as file:
                return _bounded(path, file.read(MAX_NOTE + 1))
        except (FileNotFoundError, NotADirectoryError):
            raise Missing(path) from None
        except OSError as error:
            raise Unavailable(f"{path}: {errno.errorcode.get(error.errno or 0)}") from None


class LogAtUrl:
    """A log over HTTP."""

    def __init__(self, prefix: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._prefix = prefix.rstrip("/")
        self._http = httpx.Client(timeout=_SECONDS, transport=transport)

    def read(self, path: str) -> bytes:
        """Give an object; see `PublishedLog`."""
        try:
            with self._http.stream("GET", f"{self._prefix}/{path}") as answer:
                if answer.status_code in _ABSENT:
                    raise Missing(path)
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable(f"{path}: HTTP {answer.status_code}")
                content = b""
                for part in answer.iter_bytes():
                    content = _bounded(path, content + part)
                return content
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{path}: {type(error).__name__}") from None


def published_log(place: str) -> PublishedLog:
    """Give the log at an address, or of a folder.

    Raises:
        SettingInvalid: There is no such folder.
    """
    if place.startswith(("https://", "http://")):
        return LogAtUrl(place)
    if not Path(place).is_dir():
        raise SettingInvalid(f"{place} is neither a folder nor an http(s) address")
    return LogFolder(Path(place))


def _bounded(path: str, content: bytes) -> bytes:
    # Checkpoints and tiles are all that is read here; a tile has 8 KiB.
    if len(content) > MAX_NOTE:
        raise Unavailable(f"{path}: larger than any such object")
    return content
