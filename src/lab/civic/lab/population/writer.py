"""Writes people to a file, as CSV or as JSON lines."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from civic.client.people_columns import COLUMNS, row_of
from civic.client.people_formats import Format, Payload, PopulationError, format_of
from civic.terminal.failures import DiskFull, is_disk_full


def json_lines(payloads: Iterable[Payload]) -> Iterator[str]:
    """Yield each payload as one line of JSON, without the line end."""
    for payload in payloads:
        yield json.dumps(payload, ensure_ascii=False)


def write_people(path: Path, payloads: Iterable[Payload]) -> int:
    """Write people to a file in the format of its suffix, in UTF-8, replacing its content.

    Returns:
        How many were written.

    Raises:
        PopulationError: The suffix is unknown or a workbook's, the file cannot be written, or a
            person does not fit into CSV.
        DiskFull: There is no room left.
    """
    file_format = format_of(path)
    if file_format is Format.WORKBOOK:
        raise PopulationError(f"{path}: workbooks are read only; write .csv or .jsonl")
    try:
        # The CSV module writes its own line ends.
        with path.open("w", encoding="utf-8", newline="") as file:
            written = 0
            if file_format is Format.CSV:
                rows = csv.DictWriter(file, [column.name for column in COLUMNS])
                rows.writeheader()
                for written, payload in enumerate(payloads, start=1):  # noqa: B007
                    rows.writerow(row_of(payload))
            else:
                for written, line in enumerate(json_lines(payloads), start=1):  # noqa: B007
                    file.write(f"{line}\n")
            return written
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull(f"{path}: no room left") from error
        raise PopulationError(f"{path}: cannot be written to") from error
