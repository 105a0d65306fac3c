import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from civic.client.people_formats import COLUMNS, PopulationError
from civic.client.people_reader import BadRow, read_people

CANARY = "CANARY7Q"
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


def csv_of(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    lines = [",".join(columns), *(",".join(row[name] for name in columns) for row in rows)]
    return "".join(f"{line}\r\n" for line in lines)


def json_of(*payloads: object) -> str:
    return "".join(f"{json.dumps(payload, ensure_ascii=False)}\n" for payload in payloads)


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_csv_row_becomes_a_payload(write: Write, bom: bytes) -> None:
    path = write("people.csv", bom + csv_of(ROW).encode())
    assert list(read_people(path)) == [PAYLOAD]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("suffix", ["jsonl", "ndjson", "JSONL"])
def test_json_line_becomes_a_payload(write: Write, bom: bytes, suffix: str) -> None:
    path = write(f"people.{suffix}", bom + json_of(PAYLOAD).encode())
    assert list(read_people(path)) == [PAYLOAD]


def test_bad_csv_rows_are_reported_by_line_and_the_rest_goes_on(write: Write) -> None:
    header, good = csv_of(ROW).splitlines()
    unborn = csv_of(ROW | {"date_of_birth": CANARY, "city": ""}).splitlines()[1]
    unsure = csv_of(ROW | {"citizenship_attestation": CANARY}).splitlines()[1]
    spread = csv_of(ROW | {"full_name": '"Erika\nMustermann"'}).splitlines(keepends=True)
    text = "\n".join([header, good, unborn, "", unsure, f"{good},{CANARY}", f'"{CANARY}"x', good])
    path = write("people.csv", f"{text}\n{''.join(spread[1:])}{good}\n")
    assert list(read_people(path)) == [
        PAYLOAD,
        BadRow(3, "not_a_date /date_of_birth, missing /address/city"),
        BadRow(5, "wrong_type /citizenship_attestation"),
        BadRow(6, "wrong_number_of_cells"),
        BadRow(7, "malformed_csv"),
        PAYLOAD,
        BadRow(9, "malformed_csv"),
        BadRow(10, "wrong_number_of_cells"),
        PAYLOAD,
    ]


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
    assert list(read_people(path)) == [
        PAYLOAD,
        BadRow(2, "too_long /phone_number"),
        BadRow(4, "unknown_field"),
        BadRow(5, "duplicate_key"),
        BadRow(6, "malformed_json"),
        BadRow(7, "wrong_type"),
        BadRow(8, "body_too_large"),
        BadRow(9, "missing /address"),
        PAYLOAD,
    ]


@pytest.mark.parametrize(
    ("cell", "attested"),
    [("true", True), ("Yes", True), (" 1 ", True), ("FALSE", False), ("no", False), ("0", False)],
)
def test_attestation_is_read_as_people_write_it(
    write: Write,
    cell: str,
    attested: bool,  # noqa: FBT001
) -> None:
    path = write("people.csv", csv_of(ROW | {"citizenship_attestation": cell}))
    assert list(read_people(path)) == [PAYLOAD | {"citizenship_attestation": attested}]


def test_columns_may_come_in_any_order_and_optional_ones_be_left_out(write: Write) -> None:
    columns = tuple(name for name in reversed(COLUMNS) if name not in {"region", "email"})
    assert list(read_people(write("people.csv", csv_of(ROW, columns=columns)))) == [PAYLOAD]


def test_rows_are_read_as_they_are_asked_for(write: Write) -> None:
    path = write("people.jsonl", json_of(PAYLOAD).encode() + b"\xff\n")
    rows = read_people(path)
    assert next(rows) == PAYLOAD
    with pytest.raises(PopulationError, match="line 2 is not UTF-8"):
        next(rows)


def test_blank_lines_are_skipped_and_counted(write: Write) -> None:
    header, good = csv_of(ROW).splitlines()
    text = f"\n  \n{header}\n\n   \n{',' * 13}\n{good}\n{good}x,\n"
    assert list(read_people(write("people.csv", text))) == [
        PAYLOAD,
        BadRow(8, "wrong_number_of_cells"),
    ]
    text = f"\n  \n{json_of(PAYLOAD)}\n  \n1\n"
    assert list(read_people(write("people.jsonl", text))) == [PAYLOAD, BadRow(6, "wrong_type")]


def refusal(path: Path) -> str:
    with pytest.raises(PopulationError) as caught:
        list(read_people(path))
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, OSError)
    return str(caught.value)


def test_missing_columns_are_named(write: Write) -> None:
    columns = tuple(name for name in COLUMNS if name not in {"city", "full_name"})
    assert "lacks the columns full_name, city" in refusal(
        write("people.csv", csv_of(ROW, columns=columns))
    )


@pytest.mark.parametrize("name", [CANARY, "city"])
def test_odd_column_is_named_by_its_place_only(write: Write, name: str) -> None:
    message = refusal(write("people.csv", csv_of().strip() + f",{name}\n"))
    assert "column 15 is unknown or named twice" in message
    assert CANARY not in message


def test_header_alone_is_empty(write: Write) -> None:
    assert "is empty" in refusal(write("people.csv", csv_of()))


def test_file_without_a_header_is_refused_without_its_content(write: Write) -> None:
    message = refusal(write("people.csv", csv_of(ROW).split("\r\n", 1)[1]))
    assert "lacks the columns" in message
    assert "Erika" not in message


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
@pytest.mark.parametrize("content", ["", "\ufeff", "\n", "  \r\n\n"])
def test_empty_file_is_refused(write: Write, name: str, content: str) -> None:
    assert "is empty" in refusal(write(name, content))


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_other_encodings_are_refused(write: Write, name: str) -> None:
    assert "line 1 is not UTF-8" in refusal(write(name, csv_of(ROW).encode("utf-16")))


@pytest.mark.parametrize("name", ["people.xlsx", "people.json", "people"])
def test_unknown_formats_are_refused(write: Write, name: str) -> None:
    assert ".csv, .jsonl, .ndjson" in refusal(write(name, "x"))


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "people.csv"
    folder.mkdir()
    assert "no such file" in refusal(folder)
    assert "no such file" in refusal(tmp_path / "nobody.csv")


def test_malformed_header_is_refused(write: Write) -> None:
    assert "line 1 is not CSV" in refusal(write("people.csv", '"a"b\n'))
