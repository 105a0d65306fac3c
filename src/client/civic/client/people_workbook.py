"""Workbooks (.xlsx): the rows of the first sheet as text, unpacked no further than fits in memory.

openpyxl is the one module that is asked for here. It reads row by row, says how a number is shown
(a postcode that is shown as 02134 is the number 2134), and with defusedxml resolves no entities.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from civic.client.people_csv import Cells, Unreadable
from civic.client.people_formats import PopulationError

_BYTES_AT_MOST = 64 << 20
"""What the parts of a workbook may have together once they are unpacked: some 100,000 people.

Parsed, XML of this size takes up to 1.3 GB, if it is made to.
"""

_TIMES_AT_MOST, _SMALL_BYTES = 100, 8 << 20
"""How many times its size a workbook may have unpacked, unless that is small; Excel's have 5 to 20.
"""

_PARTS_AT_MOST, _ROWS_AT_MOST, _COLUMNS_AT_MOST = 1000, 1_048_576, 256
_EXACT_BELOW = 10**15
_BOUNDED = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The methods that zipfile unpacks no further than the size that is declared."""

_FIXED_DIGITS = re.compile(r"(?:0|\\?[-/ ()])+")
"""A format that shows all digits of a number, such as ``00000`` of a postcode."""

_BROKEN = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError),
    *(SyntaxError, TypeError, ValueError, zipfile.BadZipFile, zlib.error),
)
"""What comes of a workbook that is not as it should be; the library has no error of its own.

One in its XML is a SyntaxError.
"""


def workbook_rows(path: Path, tell: Callable[[str], object]) -> Iterator[tuple[int, Cells]]:
    """Read the rows of the first sheet, numbered as in the workbook, all as long as the first.

    Args:
        path: The file.
        tell: Called with a sentence if there are other sheets.

    Raises:
        PopulationError: It is no workbook, or larger than one may be.
    """
    # About styles and the like; some quote a cell.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"openpyxl\.")
    try:
        _guard(path)
        with path.open("rb") as file:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            first, *others = book.worksheets
            if others:
                tell(f"only its first sheet was read, of {len(others) + 1}")
            first.reset_dimensions()
            yield from _padded(path, first.iter_rows(max_row=_ROWS_AT_MOST))
    except _BROKEN:
        raise PopulationError(
            f"{path}: it is damaged or no workbook; save it again as .xlsx, without a password"
        ) from None


def _guard(path: Path) -> None:
    """Refuse what would not fit in memory (zip bombs)."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    packed = path.stat().st_size
    if (
        len(parts) > _PARTS_AT_MOST
        or len({part.filename for part in parts}) < len(parts)
        or not all(part.compress_type in _BOUNDED for part in parts)
        or not all(part.compress_size <= packed for part in parts)
        or unpacked > _BYTES_AT_MOST
        or unpacked > max(_TIMES_AT_MOST * packed, _SMALL_BYTES)
    ):
        raise PopulationError(
            f"{path}: unpacked it would be larger than a workbook may be; save it as CSV UTF-8"
        )


def _padded(path: Path, rows: Iterator[Any]) -> Iterator[tuple[int, Cells]]:
    width = 0
    for number, row in enumerate(rows, start=1):
        if len(row) > _COLUMNS_AT_MOST:
            raise PopulationError(
                f"{path}: row {number} has more than {_COLUMNS_AT_MOST} columns; remove some"
            )
        cells = _texts(row)
        if isinstance(cells, list):
            while cells and not cells[-1].strip():
                cells.pop()
            width = width or len(cells)
            cells += [""] * (width - len(cells))
        yield number, cells


def _texts(row: Any) -> Cells:
    texts = []
    for cell in row:
        text = _text(cell)
        if text is None:
            return Unreadable(
                f"the cell in column {cell.column_letter} is an error of Excel's, or a number of "
                "more than 15 digits, which Excel has rounded; write it as text"
            )
        texts.append(text)
    return texts


def _text(cell: Any) -> str | None:
    """Return what a cell shows; None if it holds something else than was meant."""
    value: Any = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        return None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float, number_format: str) -> str | None:
    if abs(value) >= _EXACT_BELOW:
        return None
    if value != int(value):
        return str(value)
    if value < 0 or not _FIXED_DIGITS.fullmatch(number_format):
        return str(int(value))
    shown = number_format.replace("\\", "")
    digits = iter(str(int(value)).zfill(shown.count("0")))
    surplus = len(str(int(value))) - shown.count("0")
    start = "".join(next(digits) for _ in range(surplus))
    return start + "".join(next(digits) if sign == "0" else sign for sign in shown)
