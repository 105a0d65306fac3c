"""The first row of a table of people: which of its columns is which field."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from civic.client.people_columns import COLUMNS, HEADINGS, Column, plain
from civic.client.people_formats import PopulationError

_SHOWN = 40
_LETTERS = 26

type Renamed = Mapping[Column, Sequence[str]]
"""The plain headings that a mapping file gives for a field, in the order they are joined in."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the fields are in the rows of a table.

    Attributes:
        width: How many columns there are.
        places: The positions of each field's cells, from 0.
        key: The positions of the office's own key; empty if none was asked for.
        ignored: The headings that are no field's, as they may be shown.
    """

    width: int
    places: Mapping[Column, Sequence[int]]
    key: Sequence[int]
    ignored: Sequence[str]

    def cells(self, row: Sequence[str]) -> dict[Column, str]:
        """Return the text of each field; several cells of one field are joined by spaces."""
        return {column: _joined(row, places) for column, places in self.places.items()}

    def key_of(self, row: Sequence[str]) -> str:
        """Return the office's own key for a row."""
        return _joined(row, self.key)

    def where(self, column: Column) -> str:
        """Return the letters of a field's columns, as a spreadsheet shows them."""
        return _letters_of(self.places.get(column, ()))


def recognised(cells: Sequence[str], renamed: Renamed) -> int:
    """Return how many of a row's cells are headings of fields."""
    given = {heading for headings in renamed.values() for heading in headings}
    return sum(plain(cell) in HEADINGS or plain(cell) in given for cell in cells)


def read_header(cells: Sequence[str], renamed: Renamed, key: str | None) -> Header:
    """Find the fields in the first row of a table.

    Args:
        cells: The headings.
        renamed: What a mapping file says, which goes before a field's own name.
        key: A heading, or a field, whose cells tell the people of the table apart.

    Raises:
        PopulationError: Columns are missing or are there twice; the message has headings only if
            they are known to be headings, and otherwise the columns' letters.
    """
    headings = [plain(cell) for cell in cells]
    places = {column: _of_mapping(headings, column, names) for column, names in renamed.items()}
    for heading, column in HEADINGS.items():
        if column not in renamed and heading in headings:
            places.setdefault(column, []).extend(_positions(headings, heading))
    missing = [one.name for one in COLUMNS if one.expected and one not in places]
    if missing:
        raise PopulationError(
            f"the first row lacks the columns {', '.join(missing)}; "
            "if they have other names there, say which in a file for --mapping"
        )
    for column, found in places.items():
        if len(found) > len(renamed.get(column, "1")):
            raise PopulationError(
                f"the columns {_letters_of(found)} are all {column.name}; remove or rename one"
            )
    used = {place for found in places.values() for place in found}
    by = [] if key is None else _key(headings, places, key)
    ignored = [
        _shown(cell, place)
        for place, cell in enumerate(cells)
        if cell.strip() and place not in used and place not in by
    ]
    return Header(len(cells), places, by, ignored)


def _of_mapping(headings: Sequence[str], column: Column, names: Iterable[str]) -> list[int]:
    found = [place for name in names for place in _positions(headings, name)]
    if len({headings[place] for place in found}) < len({*names}):
        raise PopulationError(
            f"the mapping names a column for {column.name} that the first row does not have; "
            "correct the mapping, or the heading"
        )
    return found


def _key(
    headings: Sequence[str], places: Mapping[Column, Sequence[int]], key: str
) -> Sequence[int]:
    named = HEADINGS.get(plain(key))
    found = _positions(headings, plain(key)) or (places.get(named, ()) if named else ())
    if len(found) != 1:
        raise PopulationError(
            f"the first row does not have the key {key!r} exactly once; name a column of the file"
        )
    return found


def _positions(headings: Sequence[str], heading: str) -> list[int]:
    return [place for place, one in enumerate(headings) if one == heading]


def _joined(row: Sequence[str], places: Iterable[int]) -> str:
    return " ".join(text for place in places if (text := row[place].strip()))


def _shown(cell: str, place: int) -> str:
    name = " ".join(cell.split())[:_SHOWN]
    return f"{name} ({letters(place)})" if name.isprintable() else letters(place)


def _letters_of(places: Iterable[int]) -> str:
    return ", ".join(map(letters, places))


def letters(place: int) -> str:
    """Return the letters of a column, as a spreadsheet names it: A for 0, AA for 26."""
    before, last = divmod(place, _LETTERS)
    return (letters(before - 1) if before else "") + chr(ord("A") + last)
