"""Which house and street an address names, where no table knows the streets.

It is read the same way each time and need not be right: two registrations are compared by it, and
nothing is decided. Where a table names the streets, see ``civic.identity.model.streets``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from civic.identity.model.spellings import PARTICLES, one_spelling, words

_SEPARATOR = re.compile("[,;#\u060c\u3001]")
_TOKEN = re.compile(r"\d+[a-z]*|[^\d]+")
_NUMBER = re.compile(r"(\d+)(?!st$|nd$|rd$|th$)[a-z]*")
_SUFFIX = re.compile(r"(?<=..)str(?:ase)?$")
_KINDS = frozenset(
    map(
        one_spelling,
        (
            *("al", "alee", "allee", "alameda", "av", "ave", "avenida", "avenue", "blvd"),
            *("boulevard", "calle", "carrer", "drive", "dr", "gasse", "lane", "leoforos", "ln"),
            *("lugar", "paseo", "place", "platz", "plaza", "praca", "prosp", "prospekt", "quai"),
            *("rd", "road", "rua", "rue", "sq", "square", "st", "str", "strasse", "straat"),
            *("street", "ul", "ulica", "via", "viale", "vul", "vulytsia", "vulitsya", "weg"),
        ),
    )
)
"""What streets are called besides their names."""
_UNITS = frozenset(
    map(
        one_spelling,
        (
            *("apartamento", "apartment", "appartement", "apt", "apto", "app", "bat", "esc"),
            *("flat", "floor", "haus", "hinterhaus", "int", "kv", "m", "og", "piso"),
            *("room", "suite", "ste", "unit", "whg", "wohnung"),
        ),
    )
)
"""What is written before the number of a flat, or with that of a floor."""


@dataclass(frozen=True, slots=True, repr=False)
class Dwelling:
    """Where in a town somebody lives."""

    number: int
    """The house number; 0 if the address has none."""
    street: str
    """The longest word of the street's name."""


def dwelling(lines: Sequence[str]) -> Dwelling:
    """Return the house and street of the first line of an address that has a house number.

    Without any, the street is what the first line says.
    """
    found = [one for line in lines for one in _of_line(line)]
    numbered = (one for one in found if one.number)
    return next(numbered, found[0] if found else Dwelling(0, ""))


def _of_line(line: str) -> Iterator[Dwelling]:
    """Return what the parts of a line name, the one with most to say first."""
    parts = [_tokens(part) for part in _SEPARATOR.split(line) if part.strip()]
    whole = [_up_to_the_unit(part) for part in _with_their_numbers(parts)]
    whole.sort(key=lambda part: -sum(map(len, part)))
    return (Dwelling(_number_of(part), _longest(part)) for part in whole if part)


def _tokens(part: str) -> list[str]:
    return [token for word in words(part) for token in _TOKEN.findall(word)]


def _with_their_numbers(parts: Sequence[list[str]]) -> list[list[str]]:
    """Join a part that is only a number to the words before it, or else behind it."""
    joined: list[list[str]] = []
    for part in parts:
        if joined and (all(map(_number, part)) or all(map(_number, joined[-1]))):
            joined[-1] = joined[-1] + part
        else:
            joined.append(part)
    return joined


def _up_to_the_unit(part: list[str]) -> list[str]:
    units = (place for place, token in enumerate(part) if token in _UNITS)
    return part[: next(units, len(part))]


def _number_of(part: Sequence[str]) -> int:
    """Return the number before a street, or behind it the first of such as 3-2-1."""
    if _number(part[0]):
        return _number(part[0])
    behind = len(part)
    while _number(part[behind - 1]):
        behind -= 1
    candidates = part[behind:] or part
    return next((number for token in candidates if (number := _number(token))), 0)


def _number(token: str) -> int:
    found = _NUMBER.fullmatch(token)
    return int(found[1]) if found else 0


def _longest(part: Sequence[str]) -> str:
    names = [token for token in part if not _number(token)]
    telling = [_SUFFIX.sub("", token) for token in names if token not in _KINDS | PARTICLES]
    return max(sorted(telling or names), key=len, default="")
