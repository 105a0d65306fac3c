"""Which ISO 3166-2 subdivision people mean by what they write as their region.

The table is made of two packages (tools/subdivisions.py, ADR 36). A code counts for more than an
official name, and that for more than another name, a former code or a spelling. What may mean
several subdivisions is not resolved, unless they lie in each other.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import dropwhile

from civic.identity import places

type _Ranks = tuple[list[str], ...]

_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DIACRITICS = re.compile("[\u0300-\u036f]")

# A kind that is written beside a name says which of several of that name is meant.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "county": ("county",),
    "co": ("county",),
    "contae": ("county",),
    "province": ("province", "provincial", "metropolitan city", "consortium", "entity"),
    "provincia": ("province", "metropolitan city", "consortium", "entity"),
    "provincie": ("province",),
    "region": ("region", "community", "collectivity with special status"),
    "région": ("region", "collectivity with special status"),
    "regione": ("region",),
    "state": ("state",),
    "estado": ("state", "federal district"),
    "land": ("land",),
    "freistaat": ("land",),
    "bundesland": ("land",),
    "oblast": ("region",),
    "область": ("region",),
    "département": ("department", "collectivity"),
    "departement": ("department", "collectivity"),
    "department": ("department", "collectivity"),
    "comunidad": ("community",),
    "distrito": ("district",),
    "district": ("district",),
    "governorate": ("governorate",),
    "voivodeship": ("voivodship",),
    "województwo": ("voivodship",),
    "prefecture": ("prefecture",),
    "to": ("prefecture",),
    "fu": ("prefecture",),
    "ken": ("prefecture",),
    "district council": ("district",),
    "borough": ("borough",),
}
_ABBREVIATED: Mapping[str, str] = {"обл": "область", "obl": "oblast"}
"""A last word that is part of a name."""
_BETWEEN = frozenset(
    {"of", "de", "da", "do", "di", "del", "della", "dell", "du", "des", "la", "le"}
)


@dataclass(frozen=True, slots=True)
class Subdivision:
    """A subdivision of a country, by its ISO 3166-2 code."""

    code: str
    parent: str | None
    kind: str


def area_chain(country: str, region: str | None) -> tuple[str, ...]:
    """Return the areas that a written region stands for, narrowest first, without the country.

    Args:
        country: ISO 3166-1 alpha-2 code.
        region: A code (``BE``, ``DE-BE``) or a name, in any language of the table.

    Returns:
        Such as ``("IT-MI", "IT-25")``; empty if there is no region, or it is not known.
    """
    found = find(country, region) if region else None
    return lineage(found) if found else ()


def find(country: str, region: str) -> str | None:
    """Return the code of the subdivision that a text means, or None if none or several do."""
    names = _names(country)
    region = _written_out(region)
    for one in (*keys(region.removeprefix(f"{country}-")), *keys(region)):
        if one in names:
            return _only(names[one])
    for kinds, rest in _without_kind(region):
        for one in keys(rest):
            ranked = names.get(one, ())
            there = [[code for code in rank if _is_a(code, kinds)] for rank in ranked]
            found = _only(there)
            if found:
                return found
    return None


def lineage(code: str) -> tuple[str, ...]:
    """Return the code of a subdivision, then those that it lies in; empty if it is unknown."""
    known = _subdivisions(code[:2])
    chain: list[str] = []
    current: str | None = code
    while current in known and current not in chain:
        chain.append(current)
        current = known[current].parent
    return tuple(chain)


def exists(code: str) -> bool:
    """Return whether there is a subdivision of this code today."""
    return code in _subdivisions(code[:2])


def has_any(country: str) -> bool:
    """Return whether a country has subdivisions."""
    return bool(_subdivisions(country))


def _is_a(code: str, kinds: Iterable[str]) -> bool:
    return any(kind in _subdivisions(code[:2])[code].kind for kind in kinds)


def _written_out(region: str) -> str:
    head, space, last = region.strip().rpartition(" ")
    return head + space + _ABBREVIATED.get(last.rstrip(".").casefold(), last)


def _without_kind(region: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Return what a text may be without a word for the kind before or behind it."""
    # A hyphen is between them in Japan, as in Tokyo-to.
    parts = re.split(r"[\s-]+", unicodedata.normalize("NFC", region))
    words = [word for part in parts if (word := part.strip(".,"))]
    for kind, rest in ((words[:1], words[1:]), (words[-1:], words[:-1])):
        kinds = _KINDS.get(kind[0].casefold()) if kind and rest else None
        if kinds:
            named = dropwhile(lambda word: word.casefold() in _BETWEEN, rest)
            yield kinds, " ".join(named)


def _only(ranks: Iterable[list[str]]) -> str | None:
    """Return what the first rank that has something names, if that is one place."""
    codes = next((rank for rank in ranks if rank), [])
    if len(codes) <= 1:
        return codes[0] if codes else None
    chains = sorted((lineage(code) for code in codes), key=len, reverse=True)
    if any(code not in chains[0] for code in codes):
        return None
    # Such as Cantabria, a region that is one province; otherwise the wider is meant.
    wider, narrower = chains[-1][0], chains[0][0]
    inside = [one for one in _subdivisions(wider[:2]).values() if one.parent == wider]
    return narrower if len(inside) == 1 else wider


@cache
def _subdivisions(country: str) -> dict[str, Subdivision]:
    return {
        code: Subdivision(code, parent or None, kind)
        for code, parent, kind, *_ in places.rows("subdivisions", country)
    }


@cache
def _names(country: str) -> dict[str, _Ranks]:
    """Return what each spelling names: by code, by an official name, by another name."""
    names: dict[str, _Ranks] = {}
    for code, _, _, official, other, former in places.rows("subdivisions", country):
        suffix = code.removeprefix(f"{country}-")
        formerly = [one.removeprefix(f"{country}-") for one in former.split("|")]
        for rank, texts in enumerate(([suffix], official.split("|"), other.split("|"), formerly)):
            _add(names, min(rank, 2), code, texts)
    for code, spellings in places.rows("spellings", country):
        _add(names, 2, code, spellings.split("|"))
    return names


def _add(names: dict[str, _Ranks], rank: int, code: str, texts: Iterable[str]) -> None:
    for key in {key for text in texts for key in keys(text)}:
        codes = names.setdefault(key, ([], [], []))[rank]
        if code not in codes:
            codes.append(code)


def keys(text: str) -> tuple[str, ...]:
    """Return a text without case, punctuation, spaces and diacritics; umlauts in both spellings."""
    lower = unicodedata.normalize("NFKC", text).casefold()
    spelled = (lower, lower.translate(_UMLAUTS))
    return tuple(dict.fromkeys(key for key in map(_folded, spelled) if key))


def _folded(text: str) -> str:
    bare = _DIACRITICS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS)
    return "".join(mark for mark in bare if unicodedata.category(mark)[0] in "LMN")
