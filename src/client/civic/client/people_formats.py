"""The formats of a file of people: tables, CSV or a workbook, and JSON lines as the API accepts."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from civic.terminal.failures import CommandFailed

type Payload = dict[str, Any]
"""One registration in the JSON form of ``POST /registrations``."""


class PopulationError(CommandFailed):
    """A file of people cannot be read or written; the message names the file, never its content."""

    exit_code = 9


class Format(StrEnum):
    """The format of a file of people."""

    CSV = "csv"
    WORKBOOK = "xlsx"
    JSON_LINES = "jsonl"


_SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".txt": Format.CSV,
    ".xlsx": Format.WORKBOOK,
    ".xlsm": Format.WORKBOOK,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
}


def format_of(path: Path) -> Format:
    """Return the format that the suffix of a file indicates.

    Raises:
        PopulationError: The suffix is unknown.
    """
    try:
        return _SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_SUFFIXES)
        raise PopulationError(f"{path}: the name must end in one of {known}") from None
