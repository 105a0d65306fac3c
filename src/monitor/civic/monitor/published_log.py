"""The public log as anyone can read it: over HTTP, or from a folder with the same paths.

Nothing that is read is trusted: checkpoints are signed, and proofs are verified against them.
"""

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from civic.terminal.failures import SettingInvalid
from civic.verifier.errors import Malformed
from civic.verifier.folder import Folder
from civic.verifier.notes import MAX_NOTE
from civic.verifier.tiles import Read
from civic.verifier.web import Web, is_url

CHECKPOINT = "checkpoint"
"""Path of the newest checkpoint."""

_LIMIT = MAX_NOTE
"""The most bytes of an object: only checkpoints and tiles are read here, and a tile has 8 KiB."""

_FOR_EVER = sys.maxsize
"""The most bytes to read in all: a witness follows a log for years."""


class PublishedLog(Protocol):
    """The objects of a log, by their paths."""

    @property
    def read(self) -> Read:
        """The function that returns an object.

        Raises:
            Missing: There is no such object.
            Unavailable: It cannot be read now.
        """
        ...


@dataclass(frozen=True)
class _Place:
    read: Read


def published_log(place: str) -> PublishedLog:
    """Return the log at an address or in a folder.

    Raises:
        SettingInvalid: It is neither; an address must be https, or http on this machine.
    """
    if is_url(place):
        try:
            return _Place(partial(Web(place, _FOR_EVER).get, limit=_LIMIT))
        except Malformed as refused:
            raise SettingInvalid(f"--log: {refused}") from None
    if not Path(place).is_dir():
        raise SettingInvalid(f"{place} is neither a folder nor a URL of a log")
    return _Place(partial(Folder(Path(place)).read, limit=_LIMIT))
