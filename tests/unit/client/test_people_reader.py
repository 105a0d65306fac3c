"""Files of people as offices have them: what is read, what is refused, and in which words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from civic.client import people_encoding
from civic.client.people_columns import COLUMNS
from civic.client.people_formats import PopulationError
from civic.client.people_mapping import read_mapping
from civic.client.people_reader import BadRow, PeopleFile, PersonRow, Row
from civic.terminal.failures import SettingInvalid

CANARY = "CANARY7Q"
EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/mapping.toml"
ROW = {
    "username": "erika",
    "full_name": "Erika Mustermann",
    "date_of_birth": "1984-08-12",
    "address_lines": "Heidestraße 17|Hinterhaus",
    "city": "Köln",
    "region": "",
    "postcode": "51147",
    "country": "DE",
    "phone_number": "+49 30 901820",
    "email": "",
    "national_id": "",
    "citizenship_attestation": "TRUE",
    "consent_text_version": "2027-1",
    "consent_given_at": "2026-01-01T00:00:00Z",
}
PAYLOAD: dict[str, Any] = {
    "username": "erika",
    "full_name": "Erika Mustermann",
    "date_of_birth": "1984-08-12",
    "address": {
        "lines": ["Heidestraße 17", "Hinterhaus"],
        "city": "Köln",
        "postcode": "51147",
        "country": "DE",
    },
    "phone_number": "+49 30 901820",
    "citizenship_attestation": True,
    "consent": {"text_version": "2027-1", "given_at": "2026-01-01T00:00:00Z"},
}
type Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def csv_of(*rows: dict[str, str], separator: str = ",", columns: list[str] | None = None) -> str:
    names = list(ROW) if columns is None else columns
    lines = [names, *([row[name] for name in names] for row in rows)]
    return "".join(f"{separator.join(line)}\r\n" for line in lines)


def json_of(*payloads: object) -> str:
    return "".join(f"{json.dumps(payload, ensure_ascii=False)}\n" for payload in payloads)


def read(path: Path, **settings: Any) -> list[Row]:
    return list(PeopleFile(path, **settings).rows())


def said(path: Path, **settings: Any) -> list[str]:
    sentences: list[str] = []
    list(PeopleFile(path, **settings).rows(sentences.append))
    return sentences


def refusal(path: Path, **settings: Any) -> str:
    with pytest.raises(PopulationError) as caught:
        read(path, **settings)
    return str(caught.value)


# ------------------------------------------------------------------ separators and encodings


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_row_becomes_a_payload(write: Write, bom: bytes, separator: str) -> None:
    path = write("people.csv", bom + csv_of(ROW, separator=separator).encode())
    assert read(path) == [PersonRow(2, PAYLOAD)]
    assert said(path) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_what_excel_writes_is_recognised(write: Write, encoding: str, separator: str) -> None:
    path = write("people.csv", csv_of(ROW, separator=separator).encode(encoding))
    assert read(path) == [PersonRow(2, PAYLOAD)]


def test_utf_16_of_a_big_endian_machine_is_recognised(write: Write) -> None:
    path = write("people.csv", b"\xfe\xff" + csv_of(ROW).encode("utf-16-be"))
    assert read(path) == [PersonRow(2, PAYLOAD)]


def test_guessed_encoding_is_told(write: Write) -> None:
    path = write("people.csv", csv_of(ROW).encode("cp1252"))
    (sentence,) = said(path)
    assert "read as Windows-1252" in sentence
    assert "--encoding" in sentence


def test_given_encoding_is_used(write: Write) -> None:
    path = write("people.csv", csv_of(ROW | {"city": "Łódź"}).encode("cp1250"))
    (row,) = read(path, encoding="cp1250")
    assert isinstance(row, PersonRow)
    assert row.payload["address"]["city"] == "Łódź"
    assert said(path, encoding="cp1250") == []


def test_file_in_two_encodings_is_refused_by_line(write: Write) -> None:
    text = csv_of(ROW).encode() + csv_of(ROW).splitlines()[1].encode("cp1252")
    message = refusal(write("people.csv", text))
    assert "line 3 is not UTF-8, and other lines are" in message
    assert "--encoding" in message


@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
def test_encoding_is_found_however_the_file_is_cut(
    write: Write, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(people_encoding, "_CHUNK_BYTES", size)
    assert read(write("people.csv", csv_of(ROW))) == [PersonRow(2, PAYLOAD)]
    assert read(write("people.csv", csv_of(ROW).encode("cp1252"))) == [PersonRow(2, PAYLOAD)]
    assert "line 3 is not UTF-8" in refusal(write("people.csv", csv_of(ROW).encode() + b"\xc3"))


@pytest.mark.parametrize("blank", ["  \n", ";;;\n", "\n\n"])
def test_separator_is_that_of_the_headings(write: Write, blank: str) -> None:
    (row,) = read(write("people.csv", blank + csv_of(ROW, separator=";")))
    assert isinstance(row, PersonRow)


def test_bytes_that_no_encoding_has_are_refused_by_line(write: Write) -> None:
    message = refusal(write("people.csv", csv_of(ROW | {"city": "?"}).encode("cp1252") + b"\x81"))
    assert "it is not cp1252" in message


@pytest.mark.parametrize("encoding", ["klingon", "zlib", "hex"])
def test_encoding_that_is_none_is_refused(write: Write, encoding: str) -> None:
    with pytest.raises(SettingInvalid, match="no encoding"):
        read(write("people.csv", csv_of(ROW)), encoding=encoding)


def test_encoding_that_the_file_does_not_have_is_refused(write: Write) -> None:
    path = write("people.csv", csv_of(ROW).encode("cp1252"))
    assert "it is not utf-8; save it as CSV UTF-8" in refusal(path, encoding="utf-8")


def test_excel_may_declare_the_separator(write: Write) -> None:
    path = write("people.csv", "sep=;\r\n" + csv_of(ROW, separator=";"))
    assert read(path) == [PersonRow(3, PAYLOAD)]


# ------------------------------------------------------------------ headings


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda name: f" {name.replace('_', ' ').title()} ",
        lambda name: name.replace("_", "-"),
        lambda name: f'"{name}"',
    ],
)
def test_headings_are_read_in_any_form(write: Write, change: Callable[[str], str]) -> None:
    _, row = csv_of(ROW).splitlines()
    path = write("people.csv", ",".join(map(change, ROW)) + f"\n{row}\n")
    assert read(path) == [PersonRow(2, PAYLOAD)]


def test_columns_are_named_by_the_path_of_their_field_too(write: Write) -> None:
    short = {column.path[-1]: column.name for column in COLUMNS}
    renamed = {short.get(name, name): cell for name, cell in ROW.items()}
    assert {"address_city", "consent_given_at"} <= set(renamed)
    path = write("people.csv", csv_of(renamed, columns=list(renamed)))
    assert read(path) == [PersonRow(2, PAYLOAD)]


def test_columns_may_come_in_any_order_and_optional_ones_be_left_out(write: Write) -> None:
    columns = [name for name in reversed(ROW) if name not in {"region", "email"}]
    assert read(write("people.csv", csv_of(ROW, columns=columns))) == [PersonRow(2, PAYLOAD)]


def test_person_without_street_or_telephone_is_read(write: Write) -> None:
    row = {
        name: cell for name, cell in ROW.items() if name not in {"address_lines", "phone_number"}
    }
    row |= {"described_location": "under the bridge", "date_of_birth": "1984"}
    address = {name: value for name, value in PAYLOAD["address"].items() if name != "lines"}
    payload = {name: value for name, value in PAYLOAD.items() if name != "phone_number"}
    payload |= {"date_of_birth": "1984", "address": address}
    payload["address"]["described_location"] = "under the bridge"
    path = write("people.csv", csv_of(row, columns=list(row)))
    assert read(path) == [PersonRow(2, payload)]


def test_extra_columns_are_ignored_and_named(write: Write) -> None:
    row = ROW | {"Party": "x", "Hall no.": "7"}
    path = write("people.csv", csv_of(row, columns=list(row)))
    assert read(path) == [PersonRow(2, PAYLOAD)]
    assert said(path) == ["ignored columns: Party (O), Hall no. (P)"]


def test_missing_columns_are_named_with_the_remedy(write: Write) -> None:
    columns = [name for name in ROW if name not in {"city", "full_name"}]
    message = refusal(write("people.csv", csv_of(ROW, columns=columns)))
    assert "lacks the columns full_name, address_city" in message
    assert "--mapping" in message


def test_attestation_is_not_taken_for_no_where_its_column_is_missing(write: Write) -> None:
    columns = [name for name in ROW if name != "citizenship_attestation"]
    message = refusal(write("people.csv", csv_of(ROW, columns=columns)))
    assert "lacks the columns citizenship_attestation" in message


@pytest.mark.parametrize("name", ["city", "address city"])
def test_column_that_is_there_twice_is_refused_by_its_letters(write: Write, name: str) -> None:
    row = ROW | {name: "x"}
    path = write("people.csv", csv_of().strip() + f",{name}\n" + ",".join(row.values()))
    assert "the columns E, O are all address_city" in refusal(path)


def test_file_without_a_header_is_refused_without_its_content(write: Write) -> None:
    message = refusal(write("people.csv", csv_of(ROW).split("\r\n", 1)[1]))
    assert "lacks the columns" in message
    assert "Erika" not in message


# ------------------------------------------------------------------ mapping files

MAPPED = """
[columns]
full_name = ["Vorname", "Nachname"]
date_of_birth = "Geburtsdatum"
"Address-City" = "Ort"
"""


def test_mapping_names_and_joins_columns(write: Write) -> None:
    names = {"date_of_birth": "geburtsdatum", "city": "ORT"}
    row = {names.get(name, name): cell for name, cell in ROW.items() if name != "full_name"}
    row |= {"Nachname": "Mustermann", "Vorname": "Erika"}
    path = write("people.csv", csv_of(row, separator=";", columns=list(row)))
    renamed = read_mapping(write("mapping.toml", MAPPED))
    assert read(path, renamed=renamed) == [PersonRow(2, PAYLOAD)]
    row["geburtsdatum"] = "12.08.1984"
    path = write("people.csv", csv_of(row, separator=";", columns=list(row)))
    assert read(path, renamed=renamed) == [
        BadRow(2, "column B (date_of_birth) is not a date; write it as 1984-08-12")
    ]


def test_mapping_of_the_documentation_is_one() -> None:
    renamed = read_mapping(EXAMPLE)
    assert {column.name for column in renamed} == {
        *("full_name", "date_of_birth", "address_lines", "address_city")
    }


def test_mapping_goes_before_a_field_s_own_name(write: Write) -> None:
    row = ROW | {"Rufname": "Erika M."}
    path = write("people.csv", csv_of(row, columns=list(row)))
    renamed = read_mapping(write("mapping.toml", '[columns]\nfull_name = "Rufname"\n'))
    assert read(path, renamed=renamed) == [PersonRow(2, PAYLOAD | {"full_name": "Erika M."})]
    assert said(path, renamed=renamed) == ["ignored columns: full_name (B)"]


def test_mapping_of_a_column_that_the_file_lacks_is_refused(write: Write) -> None:
    renamed = read_mapping(write("mapping.toml", MAPPED))
    assert "a column for full_name that" in refusal(
        write("people.csv", csv_of(ROW)), renamed=renamed
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("columns", "is not TOML"),
        ("\x80", "is not TOML"),
        ("[headings]", "one table"),
        ("columns = 1", "one table"),
        ("[columns]\n[more]", "one table"),
        ('[columns]\nshoe_size = "Schuh"', "'shoe_size' is no field"),
        ('[columns]\ncity = "Ort"\naddress_city = "Stadt"', "'address_city' is no field"),
        ("[columns]\ncity = 5", "'city' must be a heading"),
        ("[columns]\ncity = []", "'city' must be a heading"),
        ('[columns]\ncity = "--"', "'city' must be a heading"),
        ('[columns]\ncity = "Ort"\nregion = "ort"', "two fields"),
    ],
)
def test_wrong_mapping_is_refused(write: Write, text: str, fault: str) -> None:
    with pytest.raises(SettingInvalid, match=fault):
        read_mapping(write("mapping.toml", text.encode("latin-1")))


def test_mapping_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="No such file"):
        read_mapping(tmp_path / "mapping.toml")


# ------------------------------------------------------------------ rows


def test_line_breaks_in_quotes_are_read(write: Write) -> None:
    spread = ROW | {"address_lines": '"Heidestraße 17\r\nHinterhaus"'}
    path = write("people.csv", csv_of(spread, ROW))
    assert read(path) == [PersonRow(2, PAYLOAD), PersonRow(3, PAYLOAD)]


def test_bad_csv_rows_are_reported_by_row_and_the_rest_goes_on(write: Write) -> None:
    header, good = csv_of(ROW).splitlines()
    unborn = csv_of(ROW | {"date_of_birth": CANARY, "city": ""}).splitlines()[1]
    unsure = csv_of(ROW | {"citizenship_attestation": CANARY}).splitlines()[1]
    abroad = csv_of(ROW | {"country": CANARY}).splitlines()[1]
    spread = csv_of(ROW | {"full_name": '"Erika\nMustermann"'}).splitlines(keepends=True)[1:]
    lines = [header, good, unborn, "", unsure, f"{good},{CANARY}", f'"{CANARY}"x', good, abroad]
    path = write("people.csv", "\n".join([*lines, *spread, good]) + "\n")
    assert read(path) == [
        PersonRow(2, PAYLOAD),
        BadRow(
            3,
            "column C (date_of_birth) is not a date; write it as 1984-08-12; "
            "column E (address_city) is empty; fill it in",
        ),
        BadRow(5, "column L (citizenship_attestation) is neither yes nor no; write one of them"),
        BadRow(
            6,
            "it has 15 cells, and the first row 14; "
            "if a cell contains the separator, put it in quotes",
        ),
        BadRow(7, "its quotes are not those of CSV; write the row again"),
        PersonRow(8, PAYLOAD),
        BadRow(
            9,
            "column H (address_country) does not have the form that is needed (ISO 3166-1 alpha-2)",
        ),
        BadRow(
            10,
            "column B (full_name) has a character that cannot be seen, or a line break (U+000A); "
            "type it again",
        ),
        PersonRow(12, PAYLOAD),
    ]


@pytest.mark.parametrize("rest", ["", f"{ROW['username']},"])
def test_open_quote_costs_only_its_own_row(write: Write, rest: str) -> None:
    header, good = csv_of(ROW).splitlines()
    lines = [header, good, f'"{CANARY},{good}{rest}', *[good] * 100]
    rows = read(write("people.csv", "\n".join(lines)))
    assert rows[0] == PersonRow(2, PAYLOAD)
    assert [one.number for one in rows if isinstance(one, BadRow)] == [3]
    assert len(rows) == 102


def test_open_quote_that_a_later_row_closes_costs_only_its_own_row(write: Write) -> None:
    header, good = csv_of(ROW).splitlines()
    quoted = good.replace("Köln", '"Köln"')
    lines = [header, f'"{CANARY},{good}', good, quoted, good]
    rows = read(write("people.csv", "\n".join(lines)))
    assert [type(one) for one in rows] == [BadRow, PersonRow, PersonRow, PersonRow]


def test_open_quote_that_makes_a_row_of_another_width_costs_only_its_own_row(
    write: Write,
) -> None:
    header, good = csv_of(ROW).splitlines()
    lines = [header, good.replace("Erika", '"Erika'), good.replace("erika", 'erika"')]
    assert read(write("people.csv", "\n".join(lines))) == [
        BadRow(2, "a quote is opened and not closed; close or remove it"),
        PersonRow(3, PAYLOAD | {"username": 'erika"'}),
    ]


def test_cell_of_very_many_lines_is_taken_for_an_open_quote(write: Write) -> None:
    spread = ROW | {"address_lines": '"' + "Heidestraße 17\n" * 100 + '"'}
    rows = read(write("people.csv", csv_of(spread, ROW)))
    assert rows[0].number == 2
    assert isinstance(rows[0], BadRow)
    assert rows[-1] == PersonRow(rows[-1].number, PAYLOAD)


def test_fields_of_an_empty_part_are_named_one_by_one(write: Write) -> None:
    path = write("people.csv", csv_of(ROW | {"consent_text_version": "", "consent_given_at": ""}))
    assert read(path) == [
        BadRow(
            2,
            "column M (consent_text_version) is empty; fill it in; "
            "column N (consent_given_at) is empty; fill it in",
        )
    ]


def test_time_without_an_offset_is_refused_with_an_example(write: Write) -> None:
    path = write("people.csv", csv_of(ROW | {"consent_given_at": "2026-11-01 10:00"}))
    assert read(path) == [
        BadRow(
            2,
            "column N (consent_given_at) does not have the form that is needed "
            "(with its offset from UTC, such as 2027-01-31T09:00:00Z)",
        )
    ]


def test_blank_rows_are_skipped_and_counted(write: Write) -> None:
    header, good = csv_of(ROW).splitlines()
    text = f"\n  \n{header}\n\n   \n{',' * 13}\n{good}\n{good}x,\n"
    good_row, bad_row = read(write("people.csv", text))
    assert good_row == PersonRow(7, PAYLOAD)
    assert bad_row.number == 8
    text = f"\n  \n{json_of(PAYLOAD)}\n  \n1\n"
    good_row, bad_row = read(write("people.jsonl", text))
    assert good_row == PersonRow(3, PAYLOAD)
    assert bad_row.number == 6


@pytest.mark.parametrize(
    ("cell", "attested"),
    [
        *(("true", True), ("Yes", True), (" 1 ", True), ("WAHR", True), ("Oui", True)),
        *(("FALSE", False), ("no", False), ("0", False), ("nein", False)),
    ],
)
def test_attestation_is_read_as_people_write_it(
    write: Write,
    cell: str,
    attested: bool,  # noqa: FBT001
) -> None:
    path = write("people.csv", csv_of(ROW | {"citizenship_attestation": cell}))
    assert read(path) == [PersonRow(2, PAYLOAD | {"citizenship_attestation": attested})]


# ------------------------------------------------------------------ keys


def test_key_is_a_column_of_the_office_s_own(write: Write) -> None:
    row = ROW | {"Roll No": " 0017 "}
    path = write("people.csv", csv_of(row, row | {"Roll No": ""}, columns=list(row)))
    assert read(path, key="roll-no") == [
        PersonRow(2, PAYLOAD, "0017"),
        BadRow(3, "it has no key; fill in the column that --key names"),
    ]
    assert said(path, key="roll-no") == []


def test_key_may_be_a_field(write: Write) -> None:
    assert read(write("people.csv", csv_of(ROW)), key="City") == [PersonRow(2, PAYLOAD, "Köln")]
    assert read(write("people.csv", csv_of(ROW)), key="address_city")[0] == PersonRow(
        2, PAYLOAD, "Köln"
    )
    assert read(write("people.jsonl", json_of(PAYLOAD)), key="city") == [
        PersonRow(1, PAYLOAD, "Köln")
    ]


def test_key_that_is_no_column_is_refused(write: Write) -> None:
    assert "does not have the key 'roll'" in refusal(write("people.csv", csv_of(ROW)), key="roll")
    with pytest.raises(SettingInvalid, match="'roll'"):
        read(write("people.jsonl", json_of(PAYLOAD)), key="roll")


# ------------------------------------------------------------------ JSON lines


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("suffix", ["jsonl", "ndjson", "JSONL"])
def test_json_line_becomes_a_payload(write: Write, bom: bytes, suffix: str) -> None:
    path = write(f"people.{suffix}", bom + json_of(PAYLOAD).encode())
    assert read(path) == [PersonRow(1, PAYLOAD)]


def test_bad_json_lines_are_reported_by_line_and_the_rest_goes_on(write: Write) -> None:
    bad_lines = [
        json.dumps(PAYLOAD | {"phone_number": CANARY * 9}),
        "",
        json.dumps(PAYLOAD | {CANARY: 1}),
        f'{{"username": "{CANARY}", "username": "b"}}',
        f'{{"username": "{CANARY}"',
        f'"{CANARY}"',
        "[" * 100_000,
        json.dumps({name: value for name, value in PAYLOAD.items() if name != "address"}),
    ]
    path = write("people.jsonl", json_of(PAYLOAD) + "\n".join(bad_lines) + "\n" + json_of(PAYLOAD))
    assert read(path) == [
        PersonRow(1, PAYLOAD),
        BadRow(2, "/phone_number is too long; shorten it"),
        BadRow(4, "it has a member that no registration has; remove it"),
        BadRow(5, "a member is there twice; remove one"),
        BadRow(6, "it is not JSON; each line is one object in braces"),
        BadRow(7, "it is not of the kind that is needed"),
        BadRow(8, "it is longer than a registration may be; shorten it"),
        BadRow(9, "/address is empty; fill it in"),
        PersonRow(10, PAYLOAD),
    ]


def test_json_lines_are_read_as_they_are_asked_for(write: Write) -> None:
    rows = PeopleFile(write("people.jsonl", json_of(PAYLOAD).encode() + b"\xff\n")).rows()
    assert next(rows) == PersonRow(1, PAYLOAD)
    with pytest.raises(PopulationError, match="line 2 is not UTF-8"):
        next(rows)


def test_json_lines_in_another_encoding_are_refused(write: Write) -> None:
    path = write("people.jsonl", json_of(PAYLOAD).encode("utf-16"))
    assert "line 1 is not UTF-8" in refusal(path)


def test_settings_of_tables_are_refused_for_json_lines(write: Write) -> None:
    path = write("people.jsonl", json_of(PAYLOAD))
    renamed = read_mapping(write("mapping.toml", MAPPED))
    for settings in ({"encoding": "cp1252"}, {"renamed": renamed}):
        with pytest.raises(SettingInvalid, match="for tables"):
            read(path, **settings)


# ------------------------------------------------------------------ files that are none


def test_header_alone_is_empty(write: Write) -> None:
    assert "is empty" in refusal(write("people.csv", csv_of()))


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
@pytest.mark.parametrize("content", ["", "\ufeff", "\n", "  \r\n\n"])
def test_empty_file_is_refused(write: Write, name: str, content: str) -> None:
    assert "is empty" in refusal(write(name, content))


@pytest.mark.parametrize("name", ["people.xls", "people.json", "people.yaml", "people"])
def test_unknown_formats_are_refused(write: Write, name: str) -> None:
    assert ".csv, .tsv, .txt, .xlsx, .xlsm, .jsonl, .ndjson" in refusal(write(name, "x"))


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "people.csv"
    folder.mkdir()
    assert "no such file" in refusal(folder)
    assert "no such file" in refusal(tmp_path / "nobody.csv")


def test_malformed_header_is_refused(write: Write) -> None:
    message = refusal(write("people.csv", f'"{CANARY}"b\n'))
    assert "row 1: its quotes" in message
    assert CANARY not in message


def test_nothing_of_a_person_is_in_a_repr() -> None:
    assert "Erika" not in repr(PersonRow(2, PAYLOAD, "Erika"))
