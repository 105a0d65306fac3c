"""An office's table of areas as a file: what is read, and what is refused with which remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from civic.identity.model.areas import AreaEntry, Parity
from civic.operator.area_file import read_rows, read_table, stored_size
from civic.terminal.failures import CommandFailed, SettingInvalid

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "areas.csv"
HEADER = "country,region,postcode,city,street,from,to,parity,areas,described\n"

type Written = Callable[[str | bytes], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(content: str | bytes) -> Path:
        file = tmp_path / "areas.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


def refused(file: Path) -> list[str]:
    with pytest.raises(SettingInvalid) as caught:
        read_table(file)
    return str(caught.value).splitlines()[1:]


def test_example_is_read_whole() -> None:
    table = read_table(EXAMPLE)
    assert table.pages["DE 10115"] == (AreaEntry(("DE-BE-N1",)),)
    assert table.pages["DE 10178"][0] == AreaEntry(
        ("DE-BE-N1",), street="Torstraße", first=1, last=99, parity=Parity.ODD
    )
    assert table.wide == {"FR": ("DE-BE-N1",), "DE described berlin": ("DE-BE-N2",)}
    assert table.areas == {"DE-BE-N1", "DE-BE-N2", "DE-BE-S1"}


@pytest.mark.parametrize(
    "content",
    [
        b"Country;Postcode;Areas;Remark\r\nDE;10115;N1 DE-BE;x\r\n",
        "country\tpostcode\tareas\nDE\t10115\tN1,DE-BE\n".encode("utf-16"),
        "country,postcode,areas\nDE,10115,N1|DE-BE\n".encode("utf-8-sig"),
        "areas,city,country,postcode\nN1 DE-BE,,DE,10115\n\n".encode("cp1252"),
    ],
)
def test_file_is_read_as_offices_write_it(written: Written, content: bytes) -> None:
    assert read_table(written(content)).pages == {"DE 10115": (AreaEntry(("N1", "DE-BE")),)}


def test_umlauts_of_windows_are_read(written: Written) -> None:
    content = "country,postcode,city,areas\nDE,79379,Müllheim,N1\n".encode("cp1252")
    assert read_table(written(content)).pages["DE 79379"][0].city == "Müllheim"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("Germany,,10115,,,,,,N1", "country 'Germany' is not one with subdivisions"),
        ("DE,Narnia,,,,,,,N1", "region 'Narnia' is not one of DE"),
        ("DE,,1011,,,,,,N1", "postcode '1011' is not one of DE"),
        ("DE,,10115,,,,,,", "areas is empty"),
        ("DE,,,,,,,,DE", "areas is only DE, and whoever is known by the country alone"),
        ("DE,,10115,,,,,,Bezirk_1", "area 'Bezirk_1' is not up to 16"),
        ("DE,,10115,,,,,,DE-XX-N1", "area 'DE-XX-N1' begins like ISO 3166-2"),
        ("DE,,,,Torstr.,,,,N1", "street without a postcode"),
        ("DE,Berlin,10115,,,,,,N1", "region beside a postcode"),
        ("DE,,10115,,,1,9,,N1", "house numbers without a street"),
        ("DE,,10115,,Torstr.,1a,9,,N1", "from and to must be house numbers"),
        ("DE,,10115,,Torstr.,9,1,,N1", "to is less than from"),
        ("DE,,10115,,Torstr.,1,9,uneven,N1", "parity 'uneven' is none of"),
        ("DE,,,,,,,,N1,perhaps", "described is 'perhaps'; write yes"),
        ("DE,,10115,,,,,,N1,yes", "described beside a region, postcode or street"),
        ("DE,Berlin,,,,,,,N1,yes", "described beside a region, postcode or street"),
        ("DE,,,Berlin,,,,,N1,no", "city without a postcode"),
    ],
)
def test_fault_is_named_with_its_line(written: Written, row: str, fault: str) -> None:
    (line,) = refused(written(f"{HEADER}{row}\n"))
    assert line.startswith(f"  line 2: {fault}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (",,,,", ",,,,"),
        (",Torstraße,,,", ",Torstr.,,,"),
        (",Torstr.,1,9,", ",Torstr.,9,20,"),
        (",Torstr.,1,9,odd", ",Torstr.,5,20,"),
        ("Berlin,,,,", "BERLIN,,,,"),
    ],
)
def test_rows_that_contradict_each_other_are_both_named(
    written: Written, one: str, other: str
) -> None:
    rows = f"DE,,10115,{one},N1\nDE,,10115,{other},N2\n"
    assert refused(written(HEADER + rows)) == [
        "  line 3: line 2 gives the same addresses other areas"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (",Torstr.,1,9,", ",Torstr.,10,20,"),
        (",Torstr.,1,9,odd", ",Torstr.,2,8,even"),
        (",Torstr.,,,", ",,,,"),
        (",Torstr.,,,", ",Torstr.,1,9,"),
        ("Berlin,,,,", "Potsdam,,,,"),
    ],
)
def test_rows_that_divide_a_postcode_go_together(written: Written, one: str, other: str) -> None:
    rows = f"DE,,10115,{one},N1\nDE,,10115,{other},N2\n"
    assert len(read_table(written(HEADER + rows)).pages["DE 10115"]) == 2


def test_two_rows_for_one_country_are_refused(written: Written) -> None:
    rows = "FR,,,,,,,,N1\nFR,,,,,,,,N2\n"
    assert refused(written(HEADER + rows)) == ["  line 3: line 2 is about the same; leave one out"]


def test_rest_of_a_country_has_a_name(written: Written) -> None:
    assert read_table(written(f"{HEADER}DE,,,,,,,,DE-REST\n")).wide == {"DE": ("DE-REST",)}


def test_postal_region_of_the_military_is_a_region(written: Written) -> None:
    table = read_table(written(f"{HEADER}US,AE,,,,,,,US-CA\n"))
    assert table.wide == {"US ae": ("US-CA",)}


def test_missing_column_is_named_with_those_that_are_known(written: Written) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_table(written("Country,PLZ,address_city\nDE,10115,Berlin\n"))
    _, _, said = str(caught.value).partition(": ")
    assert said == "there is no column areas; known columns in the first line: country, city"


def test_person_in_place_of_a_header_is_not_repeated(written: Written) -> None:
    file = written("Ada Lovelace;Torstr. 1;Berlin;10119;DE\n")
    with pytest.raises(SettingInvalid) as caught:
        list(read_rows(file, ("country",)))
    _, _, said = str(caught.value).partition(": ")
    assert said == "there is no column country; known columns in the first line: none"


@pytest.mark.parametrize("content", ["", HEADER])
def test_empty_table_is_refused(written: Written, content: str) -> None:
    with pytest.raises(SettingInvalid):
        read_table(written(content))


def test_many_faults_are_counted(written: Written) -> None:
    lines = refused(written(HEADER + "XX,,1,,,,,,N1\n" * 30))
    assert len(lines) == 21
    assert lines[-1] == "  and 10 more"


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read"):
        read_table(tmp_path / "none.csv")


def test_people_without_a_street_address_have_rows_by_town_or_country(written: Written) -> None:
    rows = "DE,,,Köln,,,,,N1,yes\nDE,,,,,,,,S1,Yes\nDE,,,,,,,,X1,\n"
    assert read_table(written(HEADER + rows)).wide == {
        "DE described koln": ("N1",),
        "DE described koeln": ("N1",),
        "DE described": ("S1",),
        "DE": ("X1",),
    }


def test_what_no_row_of_the_store_holds_is_refused_before_anything_is_written(
    written: Written,
) -> None:
    def rows(count: int) -> str:
        lines = "".join(f"DE,,,Town {one},,,,,DISTRICT-{one},yes\n" for one in range(count))
        return HEADER + lines

    assert len(read_table(written(rows(3_000))).wide) == 3_000
    (fault,) = refused(written(rows(9_000)))
    assert "the 9000 rows without a postcode come to" in fault
    assert "shorten the names of areas, leave out described towns" in fault


def test_postcode_that_no_row_of_the_store_holds_is_refused(written: Written) -> None:
    long = "Straße " * 50
    lines = "".join(f"DE,,10119,,{long} {one} a,,,,N1,\n" for one in range(1_200))
    assert refused(written(HEADER + lines)) == [
        "  DE 10119: its lines are more than a row of 400 KB holds; merge ranges or streets"
    ]


@pytest.mark.parametrize(
    ("value", "size"),
    [("Köln", 5), (7, 21), ([], 3), (["N1", "S1"], 9), ({"Ö": ["N1"]}, 12)],
)
def test_size_in_the_store_is_that_of_the_developer_guide(value: object, size: int) -> None:
    assert stored_size(value) == size
