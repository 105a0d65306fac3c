"""Workbooks of people: cells as they are shown, and files that would not fit in memory."""

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHEET_MAIN_NS

from civic.client import people_workbook
from civic.client.people_formats import PopulationError
from civic.client.people_reader import BadRow, PeopleFile, PersonRow, Row
from civic.terminal.failures import SettingInvalid

CANARY = "CANARY7Q"
PAYLOAD: dict[str, Any] = {
    "username": "rolla",
    "full_name": "Rolla Onesson",
    "date_of_birth": "1970-01-02",
    "address": {
        "lines": ["1 Oak St", "Flat 2"],
        "city": "Boston",
        "region": "MA",
        "postcode": "02134",
        "country": "US",
    },
    "phone_number": "19164452841",
    "citizenship_attestation": True,
    "consent": {"text_version": "2027-1", "given_at": "2026-11-01T10:00:00Z"},
}
CELLS = {
    "Username": "rolla",
    "Full Name": "Rolla Onesson",
    "Date of Birth": date(1970, 1, 2),
    "Address Lines": "1 Oak St\nFlat 2",
    "City": "Boston",
    "Region": "MA",
    "Postcode": 2134,
    "Country": "US",
    "Phone Number": 19164452841,
    "Citizenship Attestation": True,
    "Consent Text Version": "2027-1",
    "Consent Given At": "2026-11-01T10:00:00Z",
}
POSTCODE = list(CELLS).index("Postcode") + 1
NAME = list(CELLS).index("Full Name") + 1
type Change = Callable[[Worksheet], object]


def workbook(path: Path, change: Change = lambda _: None, rows: int = 1) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(list(CELLS))
    for _ in range(rows):
        sheet.append(list(CELLS.values()))
        sheet.cell(sheet.max_row, POSTCODE).number_format = "00000"
    change(sheet)
    book.save(path)
    return path


def read(path: Path) -> list[Row]:
    return list(PeopleFile(path).rows())


def refusal(path: Path) -> str:
    with pytest.raises(PopulationError) as caught:
        read(path)
    assert CANARY not in str(caught.value)
    return str(caught.value)


def put(row: int, column: int, value: Any, number_format: str = "General") -> Change:
    def change(sheet: Worksheet) -> None:
        sheet.cell(row, column, value).number_format = number_format

    return change


def test_cells_are_read_as_they_are_shown(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx", rows=2)
    assert read(path) == [PersonRow(2, PAYLOAD), PersonRow(3, PAYLOAD)]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (2134, "00000", "02134"),
        (2134, "General", "2134"),
        (21341234, "00000\\-0000", "02134-1234"),
        (123456789, "000 00 00", "12345 67 89"),
        (2134.0, "0.00", "2134"),
        (2134, "#,##0", "2134"),
        (0.5, "General", "0.5"),
        (True, "General", "TRUE"),
        (datetime(2026, 11, 1, 10, 0), "yyyy-mm-dd hh:mm", "2026-11-01T10:00:00"),  # noqa: DTZ001 - Excel has no zones
        ("=1+1", "@", "=1+1"),
    ],
)
def test_numbers_keep_their_digits(
    tmp_path: Path, value: object, number_format: str, shown: str
) -> None:
    path = workbook(tmp_path / "people.xlsx", put(2, POSTCODE, value, number_format))
    if value == "=1+1":
        # A formula that was never calculated has no value, and a postcode may be left out.
        assert "postcode" not in read(path)[0].payload["address"]  # type: ignore[union-attr]
    else:
        assert read(path)[0].payload["address"]["postcode"] == shown  # type: ignore[union-attr]


@pytest.mark.parametrize("value", ["#N/A", 10**15, 1.5e20])
def test_what_excel_no_longer_knows_is_refused_by_cell(tmp_path: Path, value: object) -> None:
    def change(sheet: Worksheet) -> None:
        put(2, NAME, value)(sheet)

    (row, good) = read(workbook(tmp_path / "people.xlsx", change, rows=2))
    assert isinstance(row, BadRow)
    assert row.reason.startswith("the cell in column B is an error of Excel's, or a number of more")
    assert good == PersonRow(3, PAYLOAD)


def test_blank_rows_count_and_short_rows_are_filled(tmp_path: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet.insert_rows(2, 3)
        sheet.cell(6, 1, "only a username")

    good, bad = read(workbook(tmp_path / "people.xlsx", change))
    assert good == PersonRow(5, PAYLOAD)
    assert bad.number == 6
    assert "column B (full_name) is empty" in bad.reason  # type: ignore[union-attr]


def test_cell_beyond_the_headings_is_refused(tmp_path: Path) -> None:
    (row,) = read(workbook(tmp_path / "people.xlsx", put(2, len(CELLS) + 2, CANARY)))
    assert isinstance(row, BadRow)
    assert row.reason.startswith("it has 14 cells, and the first row 12")


def test_wrong_dimensions_in_the_file_do_not_matter(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx", rows=3)
    repack(path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b'ref="A1:L4"', b'ref="A1"'))
    assert len(read(path)) == 3


def test_first_sheet_is_read_and_others_are_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx", lambda sheet: sheet.parent.create_sheet(CANARY))  # type: ignore[union-attr]
    told: list[str] = []
    assert list(PeopleFile(path).rows(told.append)) == [PersonRow(2, PAYLOAD)]
    assert told == ["only its first sheet was read, of 2"]


def test_encoding_of_a_workbook_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx")
    with pytest.raises(SettingInvalid, match="a workbook has none"):
        list(PeopleFile(path, encoding="cp1252").rows())


def test_strings_are_read_from_where_excel_puts_them(tmp_path: Path) -> None:
    path = share_strings(workbook(tmp_path / "people.xlsx", rows=2))
    with zipfile.ZipFile(path) as archive:
        assert b"Oak St" in archive.read(STRINGS)
        assert b"Oak St" not in archive.read("xl/worksheets/sheet1.xml")
    assert read(path) == [PersonRow(2, PAYLOAD), PersonRow(3, PAYLOAD)]


STRINGS = "xl/sharedStrings.xml"


def share_strings(path: Path) -> Path:
    """Rewrite a workbook as Excel writes one: each text is in a part of its own, once."""
    texts: dict[bytes, int] = {}

    def share(cell: re.Match[bytes]) -> bytes:
        number = texts.setdefault(cell[1], len(texts))
        return b't="s"><v>%d</v>' % number

    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = b'<Override PartName="/%s" ContentType="%s"/>' % (STRINGS.encode(), kind)
    inline = re.compile(rb't="inlineStr"><is>(<t.*?</t>)</is>', re.DOTALL)
    repack(path, "xl/worksheets/sheet1.xml", lambda text: inline.sub(share, text))
    repack(path, "[Content_Types].xml", lambda text: text.replace(b"</Types>", entry + b"</Types>"))
    strings = b"".join(b"<si>%s</si>" % text for text in texts)
    repack(path, STRINGS, lambda _: b'<sst xmlns="%s">%s</sst>' % (SHEET_MAIN_NS.encode(), strings))
    return path


# ------------------------------------------------------------------ what is no workbook, or a bomb


def repack(path: Path, part: str, change: Callable[[bytes], bytes], **settings: Any) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", **({"compression": zipfile.ZIP_DEFLATED} | settings)) as new:
        for name, content in parts.items():
            new.writestr(name, content)


@pytest.mark.parametrize("content", [b"", b"PK", CANARY.encode() * 100])
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(content)
    assert "damaged or no workbook" in refusal(path)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("[Content_Types].xml", lambda _: b"<x/>"),
        ("xl/workbook.xml", lambda _: b""),
        ("xl/workbook.xml", lambda text: text[:100]),
        ("xl/worksheets/sheet1.xml", lambda text: text[:-100]),
        ("xl/worksheets/sheet1.xml", lambda text: text.replace(b"<v>", b"<v>x")),
        ("xl/worksheets/sheet1.xml", lambda text: text.replace(b'r="A1"', b'r="?"')),
    ],
)
def test_damaged_workbook_is_refused(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes]
) -> None:
    path = workbook(tmp_path / "people.xlsx")
    repack(path, part, change)
    assert "damaged or no workbook" in refusal(path)


def test_part_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx")
    repack(path, "xl/worksheets/sheet1.xml", lambda text: text, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"<sheetData>", b"<sheetDatA>", 1))
    assert "damaged or no workbook" in refusal(path)


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 9))
    bomb = b'<!DOCTYPE x [<!ENTITY l0 "ha">%s]><x>&l8;</x>' % laughs
    for part in ("xl/worksheets/sheet1.xml", STRINGS, "xl/workbook.xml"):
        path = share_strings(workbook(tmp_path / "people.xlsx"))
        repack(path, part, lambda _: bomb)
        assert "damaged or no workbook" in refusal(path)


def test_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "people.xlsx")
    repack(path, "xl/worksheets/sheet1.xml", lambda _: b" " * (32 << 20))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(people_workbook, "load_workbook", None)
    assert "larger than a workbook may be; save it as CSV UTF-8" in refusal(path)


@pytest.mark.parametrize(
    ("limit", "at_most"),
    [("_BYTES_AT_MOST", 1000), ("_PARTS_AT_MOST", 5), ("_SMALL_BYTES", 0)],
)
def test_each_limit_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, at_most: int
) -> None:
    path = workbook(tmp_path / "people.xlsx")
    monkeypatch.setattr(people_workbook, limit, at_most)
    monkeypatch.setattr(people_workbook, "_TIMES_AT_MOST", 1 if limit == "_SMALL_BYTES" else 100)
    assert "larger than a workbook may be" in refusal(path)


def test_part_that_unpacks_without_a_bound_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx")
    repack(path, "xl/styles.xml", lambda text: text, compression=zipfile.ZIP_LZMA)
    assert "larger than a workbook may be" in refusal(path)


def test_part_that_declares_more_than_the_file_has_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx")
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02", content.rindex(b"xl/worksheets/sheet1.xml") - 46)
    content[entry + 20 : entry + 24] = b"\xf0\xff\xff\xff"
    path.write_bytes(content)
    assert "larger than a workbook may be" in refusal(path)


def test_part_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/workbook.xml", b"")
    assert "larger than a workbook may be" in refusal(path)


def test_part_that_declares_less_than_it_has_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx")
    with zipfile.ZipFile(path) as archive:
        real = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    declared = path.read_bytes().replace(real.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(declared)
    assert "damaged or no workbook" in refusal(path)


def test_row_with_very_many_columns_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "people.xlsx", put(2, 300, CANARY))
    assert "row 2 has more than 256 columns" in refusal(path)
