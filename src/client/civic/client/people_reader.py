"""Reads people from a file, row by row; a bad row does not stop the others."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from civic.client.people_formats import (
    COLUMNS,
    REQUIRED_COLUMNS,
    Format,
    Payload,
    PopulationError,
    format_of,
    payload_of,
)
from civic.contracts.trace import TraceContext
from civic.identity.model.registration import Registration
from civic.runtime.request import Problem, Request

_BOM = b"\xef\xbb\xbf"
_NO_TRACE = TraceContext("0" * 32, "0" * 16)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not a valid registration: where it starts, and what is wrong with it.

    Lines are counted from 1. The reason consists of the API's codes, each with the JSON Pointer
    (RFC 6901) of its field, and never quotes the file.
    """

    line: int
    reason: str


def read_people(path: Path) -> Iterator[Payload | BadRow]:
    """Read a file of people without ever holding it all in memory.

    Args:
        path: ``.csv`` with the columns of ``formats.COLUMNS``, a person per line, or ``.jsonl`` or
            ``.ndjson``; UTF-8, with or without a byte order mark.

    Yields:
        A payload for each row that the API would accept, or else a ``BadRow``.

    Raises:
        PopulationError: It is not a readable file of a known format, it is empty, its columns are
        not these, or a line is not UTF-8; the last only when that line is reached.
    """
    file_format = format_of(path)
    if not path.is_file():
        raise PopulationError(f"{path}: no such file")
    rows = _csv_rows if file_format is Format.CSV else _json_rows
    empty = True
    for row in rows(path, _decoded(path)):
        empty = False
        yield row
    if empty:
        raise PopulationError(f"{path}: the file is empty")


def _decoded(path: Path) -> Iterator[str]:
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield (line.removeprefix(_BOM) if number == 1 else line).decode()
    except UnicodeDecodeError:
        raise PopulationError(f"{path}: line {number} is not UTF-8") from None
    except OSError as error:
        raise PopulationError(f"{path}: cannot be read") from error


def _json_rows(_path: Path, lines: Iterable[str]) -> Iterator[Payload | BadRow]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        refusal = _refusal(line)
        yield json.loads(line) if refusal is None else BadRow(number, refusal)


def _csv_rows(path: Path, lines: Iterable[str]) -> Iterator[Payload | BadRow]:
    header: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        # Line by line: no field may have a line break, and an open quote must not swallow the rest.
        try:
            cells = next(csv.reader([line], strict=True))
        except csv.Error:
            if header is None:
                raise PopulationError(f"{path}: line {number} is not CSV") from None
            yield BadRow(number, "malformed_csv")
            continue
        if not "".join(cells).strip():
            continue
        if header is None:
            header = _header(path, cells)
        elif len(cells) != len(header):
            yield BadRow(number, "wrong_number_of_cells")
        else:
            payload = payload_of(dict(zip(header, cells, strict=True)))
            refusal = _refusal(json.dumps(payload))
            yield payload if refusal is None else BadRow(number, refusal)


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [name.strip() for name in cells]
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        raise PopulationError(f"{path}: the first line lacks the columns {', '.join(missing)}")
    for place, name in enumerate(header, start=1):
        # Named by its position: in a file without a header the name would be somebody's data.
        if name not in COLUMNS or name in header[: place - 1]:
            raise PopulationError(f"{path}: column {place} is unknown or named twice")
    return header


def _refusal(text: str) -> str | None:
    """Return what the API would find wrong with a body; None if nothing."""
    request = {"headers": {"content-type": "application/json"}, "body": text}
    try:
        Request(request, _NO_TRACE).body(Registration)
    except Problem as problem:
        faults = [f"{fault.code} {fault.pointer}".strip() for fault in problem.errors]
        return ", ".join(faults) or problem.code
    return None
