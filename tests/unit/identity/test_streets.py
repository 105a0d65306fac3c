"""The house number of an address line: the one beside its street, and nothing else."""

import pytest

from civic.identity.model.streets import Spot, same_street, spots


def spot_in(line: str, street: str) -> Spot | None:
    return spots((line,), {street}).get(street)


@pytest.mark.parametrize(
    ("line", "street", "number"),
    [
        ("1 Main St", "Main Street", 1),
        ("2 Abbey Rd", "Abbey Road", 2),
        ("3 Park Ave", "Park Avenue", 3),
        ("4 Fifth Av.", "Fifth Avenue", 4),
        ("5 Penny Ln", "Penny Lane", 5),
        ("6 Sunset Blvd", "Sunset Boulevard", 6),
        ("7 Rodeo Dr", "Rodeo Drive", 7),
        ("8 Union Sq", "Union Square", 8),
        ("12-14 Main Street", "Main Street", 14),
        ("120 1/2 Main St", "Main Street", 120),
        ("120½ Main St", "Main Street", 120),
        ("12 bis rue de Rivoli", "Rue de Rivoli", 12),
        ("12, rue de Rivoli, Bât 3", "rue de Rivoli", 12),
        ("12 rue de Rivoli, Bât 3", "rue de Rivoli", 12),
        ("Esc. B, 12, rue de Rivoli", "rue de Rivoli", 12),
        ("120 Main St Apt 4", "Main Street", 120),
        ("120 Main St #4", "Main Street", 120),
        ("120 Main St, Unit 12B", "Main Street", 120),
        ("221 Baker Street Flat 2", "Baker Street", 221),
        ("Flat 2, 221B Baker Street", "Baker Street", 221),
        ("120 Main St 5th floor", "Main Street", 120),
        ("12ter rue de Rivoli", "rue de Rivoli", 12),
        ("350 5th Ave", "5th Avenue", 350),
        ("2 2nd St", "2nd Street", 2),
        ("Via Roma, 5", "Via Roma", 5),
        ("Via Roma n. 5", "Via Roma", 5),
        ("Calle Mayor nº 5", "Calle Mayor", 5),
        ("Torstr. Nr. 5", "Torstraße", 5),
        ("Tor Straße 5, Hinterhaus 2", "Torstraße", 5),
        ("Gracia, Paseo de, 5", "Gracia, Paseo de", 5),
        ("Straße des 17. Juni 135", "Straße des 17. Juni", 135),
        ("Str. des 17. Juni", "Straße des 17. Juni", 0),
        # A number that may be another one than that of the house.
        ("Haus 9, Am Berg", "Am Berg", 0),
        ("Am Berg, Haus 10", "Am Berg", 0),
        ("Main St Apt 4", "Main Street", 0),
        ("Main St #4", "Main Street", 0),
        ("120 Main St 4", "Main Street", 0),
    ],
)
def test_house_number_is_read_beside_its_street(line: str, street: str, number: int) -> None:
    assert spot_in(line, street) == Spot(number)


@pytest.mark.parametrize(
    ("line", "street"),
    [
        ("120 West Main St", "Main Street"),
        ("Alte Hauptstr. 5", "Hauptstraße"),
        ("Apt 4 120 Main St", "Main Street"),
        ("120 3rd Main Rd", "Main Road"),
        ("12 K Street NW", "K Street"),
    ],
)
def test_street_within_a_longer_name_may_be_another_one(line: str, street: str) -> None:
    assert spot_in(line, street) == Spot(sure=False)


@pytest.mark.parametrize(
    ("line", "street"),
    [("Nebenstr. 1", "Hauptstraße"), ("2 2nd Street", "22nd Street"), ("", "Am Berg")],
)
def test_line_of_another_street_is_nowhere_in_it(line: str, street: str) -> None:
    assert spot_in(line, street) is None


def test_line_that_names_the_street_for_certain_counts() -> None:
    lines = ("Alte Torstr. Hof", "Torstr. 7")
    assert spots(lines, {"Torstr.", "Am Park"}) == {"Torstr.": Spot(7)}
    assert spots(lines[:1], {"Torstr."}) == {"Torstr.": Spot(sure=False)}
    twice = "West Main St, 5 Main St"
    assert spots((twice,), {"Main Street"}) == {"Main Street": Spot(5)}


def test_spellings_of_a_street_are_one() -> None:
    assert same_street("Tor Str.", "Torstraße")
    assert not same_street("2 2nd Street", "22nd Street")
