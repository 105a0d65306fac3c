"""CSV as offices have it: separator recognised, line breaks in quotes, rows that break alone."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from civic.client.people_encoding import encoding_of
from civic.client.people_formats import PopulationError

_SEPARATORS = (",", ";", "\t")
_DECLARED = re.compile(r'"?sep=([,;\t])"?\s*')
"""A first line by which Excel is told the separator; it is no row of the table."""

_LINES_IN_A_ROW = 64
"""A quote that is not closed within so many lines is taken for a mistake."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be read, and why."""

    reason: str


type Cells = list[str] | Unreadable


def csv_rows(
    path: Path,
    encoding: str | None,
    score: Callable[[Sequence[str]], int],
    tell: Callable[[str], object],
) -> Iterator[tuple[int, Cells]]:
    """Read the rows of a file, numbered from 1 as a spreadsheet numbers them.

    A row with a quote that is not closed costs only itself: reading goes on with the next line.

    Args:
        path: The file.
        encoding: Its encoding; recognised if None.
        score: Says how many cells of a row are headings, by which the separator is recognised.
        tell: Called with what was recognised, if it is not UTF-8.

    Raises:
        PopulationError: The file cannot be read, or its encoding is not this one.
        SettingInvalid: There is no such encoding.
    """
    chosen = encoding_of(path, encoding, tell)
    try:
        with path.open(encoding=chosen, newline="") as file:
            lines = _Lines(file)
            number, separator = lines.separator(score)
            while (row := lines.row(separator)) is not None:
                number += 1
                yield number, row
    except OSError as error:
        raise PopulationError(f"{path}: cannot be read") from error


class _Lines:
    """The lines of a file, of which a row takes one or several, and may give some back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self._width = 0

    def separator(self, score: Callable[[Sequence[str]], int]) -> tuple[int, str]:
        """Return how many lines the declaration of a separator takes, and the separator."""
        first = self._take() or ""
        if declared := _DECLARED.fullmatch(first):
            return 1, declared[1]
        self._give_back([first])
        scores = {separator: score(self._first_row(separator)) for separator in _SEPARATORS}
        return 0, max(scores, key=lambda separator: scores[separator])

    def row(self, separator: str) -> Cells | None:
        """Return the next row; None at the end."""
        taken: list[str] = []
        row = self._parsed(separator, taken)
        if isinstance(row, list) and any(row):
            self._width = self._width or len(row)
            if len(taken) > 1 and len(row) != self._width:
                row = Unreadable("a quote is opened and not closed; close or remove it")
        if isinstance(row, Unreadable):
            self._give_back(taken[1:])
        return row

    def _parsed(self, separator: str, taken: list[str]) -> Cells | None:
        def lines() -> Iterator[str]:
            while len(taken) < _LINES_IN_A_ROW and (line := self._take()):
                taken.append(line)
                yield line

        try:
            return next(csv.reader(lines(), delimiter=separator, strict=True), None)
        except csv.Error:
            return Unreadable("its quotes are not those of CSV; write the row again")

    def _first_row(self, separator: str) -> list[str]:
        read: list[str] = []
        row: Cells | None = []
        while isinstance(row, list) and not any(cell.strip(" ,;\t") for cell in row):
            taken: list[str] = []
            row = self._parsed(separator, taken)
            read += taken
        self._give_back(read)
        return row if isinstance(row, list) else []

    def _take(self) -> str | None:
        return self._returned.popleft() if self._returned else next(self._lines, None)

    def _give_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
