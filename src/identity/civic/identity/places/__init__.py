"""Tables of places: ISO 3166-2 subdivisions (generated), and spellings of them (kept by hand)."""

from collections.abc import Iterator
from functools import cache
from importlib import resources


def rows(table: str, country: str) -> Iterator[list[str]]:
    """Return the rows of a table whose codes belong to a country, each as its columns."""
    return (line.split("\t") for line in _lines(table) if line.startswith(f"{country}-"))


@cache
def _lines(table: str) -> list[str]:
    return resources.files(__name__).joinpath(f"{table}.tsv").read_text("utf-8").splitlines()
