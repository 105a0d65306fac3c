"""House and street of an address, read without a table of streets."""

import pytest

from civic.identity.model.dwelling import Dwelling, dwelling


@pytest.mark.parametrize(
    ("line", "number", "street"),
    [
        ("Hauptstraße 17", 17, "haupt"),
        ("Hauptstr. 17", 17, "haupt"),
        ("Torstr. Nr. 5", 5, "tor"),
        ("Straße des 17. Juni 135", 135, "juni"),
        ("12-14 High Street", 12, "high"),
        ("High St 12b", 12, "high"),
        ("350 5th Ave", 350, "5th"),
        ("120 Main St Apt 4", 120, "main"),
        ("Flat 2, 221B Baker Street", 221, "baker"),
        ("12, rue de Rivoli, Bât 3", 12, "rivoli"),
        ("12 bis rue de Rivoli", 12, "rivoli"),
        ("12 rue du 8 Mai 1945", 12, "mai"),
        ("Avenida Paulista, 12", 12, "paulista"),
        ("ul. Piękna 12 m. 3", 12, "piekna"),
        ("ul. Piękna 12/3", 12, "piekna"),
        ("вул. Хрещатик, 12", 12, "khreshchatik"),
        ("丸の内3-2-1", 3, "wanonei"),
        ("北一条西17丁目", 17, "beitiaoxi"),
        ("The Old Mill", 0, "mil"),
        ("12", 12, ""),
        (",", 0, ""),
    ],
)
def test_house_and_street_are_read(line: str, number: int, street: str) -> None:
    found = dwelling([line])
    assert (found.number, found.street) == (number, street)


@pytest.mark.parametrize(
    "lines",
    [
        ["17 High Street"],
        ["Flat 3", "17 High Street"],
        ["17 High Street", "Flat 3"],
        ["c/o Smith", "17 High Street"],
    ],
)
def test_a_flat_or_a_name_in_another_line_changes_nothing(lines: list[str]) -> None:
    found = dwelling(lines)
    assert (found.number, found.street) == (17, "high")


def test_dwelling_shows_nothing() -> None:
    assert "high" not in repr(Dwelling(17, "high"))
