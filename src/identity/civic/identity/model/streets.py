"""Where a line of an address is: which street, and which house number in it.

Only what is beyond doubt is read. A number directly before the street counts, or the word directly
behind it; every other number may be that of a flat, a floor or a building.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from civic.identity.model.subdivisions import keys

_TOKEN = re.compile(r"[^\W_]+|[,;#]")
_HOUSE_NUMBER = re.compile(r"(\d+)(?:\w|bis|ter|quater)?")
_FRACTION = re.compile(r"(?<=\d)\s+\d+[/\u2044]\d+\b|[\u00bc-\u00be]")
_STREET_WORDS = {"st": "street", "rd": "road", "ave": "avenue", "av": "avenue", "ln": "lane"} | {
    "blvd": "boulevard",
    "dr": "drive",
    "sq": "square",
}
_SEPARATORS = frozenset(",;#")
_COMMAS = frozenset(",;")
_NUMBER_SIGNS = frozenset({"n", "no", "nr", "num", "numero", "number", "nummer"})
_REPEATED = frozenset({"bis", "ter", "quater"})
"""Beside a French house number."""
_POINTS = frozenset({"n", "e", "s", "w", "ne", "nw", "se", "sw"}) | {
    *("north", "east", "south", "west"),
    *("nord", "ost", "sud", "sued"),
}
"""Behind a street they may belong to its name: K Street NW is not K Street NE."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a street a line is."""

    number: int = 0
    """The house number; 0 if the line has none beyond doubt."""
    sure: bool = True
    """Whether the line names this street; if not, its name may be part of another one's."""


def spots(lines: Sequence[str], streets: Iterable[str]) -> Mapping[str, Spot]:
    """Return where in each of some streets an address is; streets that it does not name lack.

    A street that another one's name contains is left out if the other is named as a whole: who
    lives in Alte Hauptstraße does not live in Hauptstraße.
    """
    named = [_named_in(line) for line in lines]
    found = {street: spot for street in streets if (spot := _best(named, street)) is not None}
    sure = {street: spot for street, spot in found.items() if spot.sure}
    return sure or found


def same_street(one: str, other: str) -> bool:
    """Return whether two texts are spellings of one street."""
    return _joined(_tokens(one)) == _joined(_tokens(other))


def _best(named: Iterable[Mapping[str, list[Spot]]], street: str) -> Spot | None:
    name = _joined(_tokens(street))
    found = [spot for names in named for spot in names.get(name, ())]
    return next((spot for spot in found if spot.sure), found[0] if found else None)


def _named_in(line: str) -> Mapping[str, list[Spot]]:
    """Return all that a line may name, and where the line is in a street of that name."""
    tokens = _tokens(line)
    named: dict[str, list[Spot]] = {}
    for start in range(len(tokens)):
        for end in range(start + 1, len(tokens) + 1):
            if not {tokens[start], tokens[end - 1]} & _SEPARATORS:
                name = _joined(tokens[start:end])
                named.setdefault(name, []).append(_spot(tokens[:start], tokens[end:]))
    return named


def _spot(before: Sequence[str], behind: Sequence[str]) -> Spot:
    """Return a spot by what is written before a street and behind it."""
    beside = _last_part(before)
    ahead, after = _number_at_end(beside), _number_at_start(behind)
    named = all(_number(word) or word in _REPEATED for word in beside)
    if not named or (behind[:1] and behind[0] in _POINTS and not after):
        return Spot(sure=False)
    return Spot(0 if ahead and after else ahead or after)


def _last_part(before: Sequence[str]) -> list[str]:
    """Return the words directly before a street; of `Flat 2, 12, rue X` the 12."""
    parts: list[list[str]] = [[]]
    for token in before:
        if token in _COMMAS:
            parts.append([])
        else:
            parts[-1].append(token)
    if not parts[-1] and len(parts) > 1 and all(map(_number, parts[-2])):
        return parts[-2]
    return parts[-1]


def _number_at_end(words: Sequence[str]) -> int:
    numbers = [word for word in words if word not in _REPEATED]
    return _number(numbers[-1]) if numbers else 0


def _number_at_start(tokens: Sequence[str]) -> int:
    rest = list(tokens)
    for one in (_COMMAS, _NUMBER_SIGNS):
        if rest and rest[0] in one:
            del rest[0]
    return _number(rest[0]) if rest else 0


def _number(word: str) -> int:
    """Return the number that a word is, such as 12 or 12b; 0 for any other, such as 5th."""
    digits = _HOUSE_NUMBER.fullmatch(word)
    return int(digits[1]) if digits else 0


def _tokens(text: str) -> list[str]:
    """Return the words of a text in one spelling, with the commas and the # between them."""
    found = (
        token if token in _SEPARATORS else keys(token)[0]
        for token in _TOKEN.findall(_FRACTION.sub("", text))
    )
    full = (f"{word}asse" if word.endswith("str") else word for word in found)
    return [_STREET_WORDS.get(word, word) for word in full]


def _joined(words: Sequence[str]) -> str:
    """Return words as one, as `Tor Straße` is Torstraße; but 2, 2nd Street is not 22nd Street."""
    text = " ".join(word for word in words if word not in _SEPARATORS)
    return re.sub(r"(?<!\d) | (?!\d)", "", text)
