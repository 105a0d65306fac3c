"""Tables of places: ISO 3166-2 subdivisions (generated), and spellings of them (kept by hand)."""

from collections.abc import Iterator
from importlib import resources


def rows(table: str, country: str) -> Iterator[list[str]]:
    """Return the rows of a table whose codes belong to a country, each as its columns."""
    text = resources.files(__name__).joinpath(f"{table}.tsv").read_text("utf-8")
    return (line.split("\t") for line in text.splitlines() if line.startswith(f"{country}-"))
