"""Reads people from a file, row by row; a bad row does not stop the others."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from civic.client.people_columns import HEADINGS, Column, payload_of, plain
from civic.client.people_csv import Cells, Unreadable, csv_rows
from civic.client.people_faults import column_at, fault_of
from civic.client.people_formats import Format, Payload, PopulationError, format_of
from civic.client.people_header import Header, Renamed, read_header, recognised
from civic.terminal.failures import SettingInvalid

_BOM = b"\xef\xbb\xbf"
_NO_KEY = "it has no key; fill in the column that --key names"


def ignore(_sentence: str) -> None:
    """Take no notice of what was recognised, or left out."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A row of the form that the API accepts.

    Attributes:
        number: Which row it is, counted from 1 as a spreadsheet does; of JSON lines, which line.
        payload: The registration.
        key: The office's own key for the person, if the file was read with one.
    """

    number: int
    payload: Payload = field(repr=False)
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no valid registration.

    Attributes:
        number: Which row it is, counted as in ``PersonRow``.
        reason: Where it is wrong, how, and what to do; never what it says.
    """

    number: int
    reason: str


type Row = PersonRow | BadRow


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """A file of people, and how it is read.

    Attributes:
        path: The file; its suffix says which format it has.
        renamed: What a mapping file says of the headings of a table.
        key: The column whose cells tell people apart, if there is one.
        encoding: The encoding of CSV; recognised if None.
    """

    path: Path
    renamed: Renamed = field(default_factory=dict)
    key: str | None = None
    encoding: str | None = None

    def rows(self, tell: Callable[[str], object] = ignore) -> Iterator[Row]:
        """Read the people without ever holding them all in memory.

        Args:
            tell: Called with a sentence about what was recognised, or left out.

        Raises:
            PopulationError: It is not a readable file of a known format, it is empty, or columns
                are missing; that a line of JSON is not UTF-8, only when it is reached.
            SettingInvalid: It has no such encoding, or the format none of these settings.
        """
        file_format = self._format()
        if file_format is Format.JSON_LINES:
            rows = self._json_rows()
        else:
            rows = self._table_rows(file_format, tell)
        empty = True
        for row in rows:
            empty = False
            yield row
        if empty:
            raise PopulationError(f"{self.path}: the file is empty")

    def digest(self) -> bytes:
        """Return the SHA-256 of the file, by which it is seen that it did not change.

        Raises:
            PopulationError: It is not a readable file of a known format.
        """
        self._format()
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            raise PopulationError(f"{self.path}: cannot be read") from error

    def _format(self) -> Format:
        file_format = format_of(self.path)
        if not self.path.is_file():
            raise PopulationError(f"{self.path}: no such file")
        return file_format

    def _json_rows(self) -> Iterator[Row]:
        if self.renamed or self.encoding:
            raise SettingInvalid(
                "a mapping and an encoding are for tables; JSON lines have neither"
            )
        key = None if self.key is None else HEADINGS.get(plain(self.key))
        if self.key is not None and key is None:
            raise SettingInvalid(f"no field of a registration is called {self.key!r}")
        for number, line in enumerate(self._utf_8_lines(), start=1):
            if line.strip():
                yield _of_json(number, line, key)

    def _utf_8_lines(self) -> Iterator[str]:
        number = 0
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    yield (line.removeprefix(_BOM) if number == 1 else line).decode()
        except UnicodeDecodeError:
            raise PopulationError(
                f"{self.path}: line {number} is not UTF-8; JSON has no other encoding"
            ) from None
        except OSError as error:
            raise PopulationError(f"{self.path}: cannot be read") from error

    def _table_rows(self, file_format: Format, tell: Callable[[str], object]) -> Iterator[Row]:
        header = None
        for number, cells in self._cells(file_format, tell):
            if isinstance(cells, Unreadable):
                if header is None:
                    raise PopulationError(f"{self.path}: row {number}: {cells.reason}")
                yield BadRow(number, cells.reason)
            elif any(cell.strip() for cell in cells):
                if header is None:
                    header = self._header(cells, tell)
                else:
                    yield self._of_cells(number, cells, header)

    def _cells(
        self, file_format: Format, tell: Callable[[str], object]
    ) -> Iterable[tuple[int, Cells]]:
        if file_format is Format.CSV:
            score = partial(recognised, renamed=self.renamed)
            return csv_rows(self.path, self.encoding, score, tell)
        if self.encoding:
            raise SettingInvalid("an encoding is for CSV; a workbook has none")
        from civic.client.people_workbook import workbook_rows  # noqa: PLC0415 - slow

        return workbook_rows(self.path, tell)

    def _header(self, cells: list[str], tell: Callable[[str], object]) -> Header:
        try:
            header = read_header(cells, self.renamed, self.key)
        except PopulationError as error:
            raise PopulationError(f"{self.path}: {error}") from None
        if header.ignored:
            tell(f"ignored columns: {', '.join(header.ignored)}")
        return header

    def _of_cells(self, number: int, cells: list[str], header: Header) -> Row:
        if len(cells) != header.width:
            return BadRow(
                number,
                f"it has {len(cells)} cells, and the first row {header.width}; "
                "if a cell contains the separator, put it in quotes",
            )
        key = header.key_of(cells)
        if self.key is not None and not key:
            return BadRow(number, _NO_KEY)
        payload = payload_of(header.cells(cells))
        reason = fault_of(json.dumps(payload), partial(_in_table, header))
        return BadRow(number, reason) if reason else PersonRow(number, payload, key or None)


def _in_table(header: Header, pointer: str) -> str:
    column = column_at(pointer)
    if column is None:
        return pointer.strip("/").replace("/", "_")
    letters = header.where(column)
    return f"column {letters} ({column.name})" if letters else column.name


def _of_json(number: int, line: str, key: Column | None) -> Row:
    reason = fault_of(line, lambda pointer: pointer or "it")
    if reason:
        return BadRow(number, reason)
    payload: Payload = json.loads(line)
    value = None if key is None else key.of(payload)
    if key is not None and not value:
        return BadRow(number, _NO_KEY)
    return PersonRow(number, payload, None if value is None else str(value))
