"""Which electoral areas an address lies in.

The office's own table comes first, then the region that the person wrote, by ISO 3166-2, and the
country. Areas are listed narrowest first, such as ``("N1", "DE-BE", "DE")``. Nothing is guessed: an
address that the table splits and does not decide, or that contradicts it, waits for staff.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from civic.identity.model.postcodes import one_spelling
from civic.identity.model.registration import Address
from civic.identity.model.streets import Spot, spots
from civic.identity.model.subdivisions import (
    area_chain,
    exists,
    find,
    has_any,
    keys,
    lineage,
)

_ISO_PREFIX = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}(?=-|$)")
_ZIP_LENGTH = 5


class Fineness(StrEnum):
    """How fine the areas of a country must be for a registration to be accepted by the rules."""

    COUNTRY = "country"
    REGION = "region"
    TABLE = "table"

    @property
    def rank(self) -> int:
        """How much it asks for, compared with the others."""
        return list(Fineness).index(self)


class Parity(StrEnum):
    """Which house numbers of a range are meant."""

    ALL = ""
    ODD = "odd"
    EVEN = "even"


@dataclass(frozen=True, slots=True)
class AreaEntry:
    """One line of the office's table: where in a postcode, and which areas that is."""

    areas: tuple[str, ...]
    city: str = ""
    street: str = ""
    first: int | None = None
    last: int | None = None
    parity: Parity = Parity.ALL


@dataclass(frozen=True, slots=True)
class TablePage:
    """What the table in use says of one postcode, and of whole countries and regions."""

    version: int
    entries: tuple[AreaEntry, ...] = ()
    wide: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By ``wide_key``."""
    fineness: Mapping[str, Fineness] = field(default_factory=dict)
    """How fine the areas must be in the countries and regions that the table divides."""

    def asked(self, country: str, written: Sequence[str]) -> Fineness:
        """Return how fine the areas of an address must be, by its country and written region."""
        found = (self.fineness.get(one, Fineness.COUNTRY) for one in (country, *written[:1]))
        return max(found, key=lambda one: one.rank)


NO_TABLE = TablePage(0)
"""What there is before an office has loaded a table."""


@dataclass(frozen=True, slots=True)
class Residence:
    """The areas of an address, narrowest first; ``own`` if the office's table decided."""

    areas: tuple[str, ...]
    region: str
    """Where the address is, by ISO 3166-2 or 3166-1."""
    version: int = 0
    own: bool = False
    doubtful: bool = False
    """The region is unknown, or not where the table says, or the table does not decide."""
    by_people: bool = False
    """Whether people settled the areas; they hold wherever the person lives."""
    asked: Fineness = Fineness.COUNTRY
    """How fine the areas must be because the table divides the country or the region."""

    def is_settled(self, fineness: Fineness = Fineness.COUNTRY) -> bool:
        """Return whether the areas are as fine as they must be, and nothing speaks against them.

        Args:
            fineness: What the rules ask for; the office's table may ask for more.
        """
        if self.doubtful:
            return False
        needed = max(self.asked, fineness, key=lambda one: one.rank)
        if needed is Fineness.TABLE:
            return self.own
        return needed is Fineness.COUNTRY or len(self.areas) > 1


def residence(address: Address, page: TablePage = NO_TABLE) -> Residence:
    """Return the areas that an address lies in, by what was written and by the office's table."""
    written = area_chain(address.country, address.region)
    own = _own_areas(address, page)
    implied = regions_of(own or ())
    elsewhere = bool(implied) and not implied[0].startswith(f"{address.country}-")
    agreed = not (written and implied) or implied[0] in written or written[0] in implied
    unknown = bool(address.region) and not written and not own and has_any(address.country)
    around = _around(
        address.country,
        own or (),
        written if not implied or (agreed and len(written) >= len(implied)) else implied,
        page.version,
    )
    doubtful = unknown or own is None or not (agreed or elsewhere)
    return replace(around, doubtful=doubtful, asked=page.asked(address.country, written))


def settled(address: Address, areas: Sequence[str], page: TablePage = NO_TABLE) -> Residence:
    """Return the areas that a person settled, with the regions and the country around them."""
    own = tuple(area for area in areas if area != address.country)
    written = area_chain(address.country, address.region) if own else ()
    around = _around(address.country, own, regions_of(own) or written, page.version)
    return replace(around, by_people=True, asked=page.asked(address.country, ()))


def _around(
    country: str,
    own: tuple[str, ...],
    regions: tuple[str, ...],
    version: int,
) -> Residence:
    """Return areas with the regions and the country that they lie in.

    That may be another country than the one of residence, as for who lives abroad and votes where
    they lived last.
    """
    around = regions[0][:2] if regions else country
    narrower = [area for area in own if area != around]
    return Residence(
        tuple(dict.fromkeys((*narrower, *regions, around))),
        regions[0] if regions and around == country else country,
        version,
        own=bool(own),
    )


def regions_of(areas: Sequence[str]) -> tuple[str, ...]:
    """Return the ISO 3166-2 regions that areas are, or begin with, as ``DE-BE-N1`` does."""
    for area in areas:
        prefix = _ISO_PREFIX.match(area)
        if prefix and exists(prefix[0]):
            return lineage(prefix[0])
    return ()


def _own_areas(address: Address, page: TablePage) -> tuple[str, ...] | None:
    """Return what the table says; empty if it has no row, None if its rows do not decide."""
    described = () if address.lines else described_keys(address.country, address.city)
    by_place = next((page.wide[key] for key in described if key in page.wide), None)
    if by_place is not None:
        return by_place
    if page.entries:
        return _choose(page.entries, address)
    return next((page.wide[key] for key in wide_keys(address) if key in page.wide), ())


def wide_keys(address: Address) -> tuple[str, ...]:
    """Return by which keys rows without a postcode are found, the narrowest first."""
    region = address.region
    return (*((wide_key(address.country, region),) if region else ()), wide_key(address.country))


def wide_key(country: str, region: str | None = None) -> str:
    """Return the key of a row for a whole country, or for a region by its code or its name."""
    if not region:
        return country
    return find(country, region) or " ".join((country, *keys(region)[:1]))


def described_keys(country: str, city: str = "") -> tuple[str, ...]:
    """Return the keys of rows for people without a street address: of a town, of the country."""
    return (*(f"{country} described {key}" for key in keys(city)), f"{country} described")


def postcode_key(country: str, postcode: str) -> str:
    """Return a postcode as it is looked up, in one spelling; of a ZIP+4 code five digits."""
    bare = one_spelling(postcode, country)
    return bare[:_ZIP_LENGTH] if country == "US" else bare


def _choose(entries: Sequence[AreaEntry], address: Address) -> tuple[str, ...] | None:
    """Return the areas of the most specific lines that fit, if they agree."""
    streets = {entry.street for entry in entries if entry.street}
    there = spots(address.lines, streets) if address.lines and streets else None
    fits = [(entry, _fit(entry, address.city, there)) for entry in entries]
    possible = [(_weight(entry), entry, fit) for entry, fit in fits if fit is not False]
    if not possible:
        return None
    heaviest = max(weight for weight, _, _ in possible)
    best = [(entry, fit) for weight, entry, fit in possible if weight == heaviest]
    areas = {entry.areas for entry, _ in best}
    certain = all(fit for _, fit in best)
    if not certain:
        areas |= {entry.areas for _, entry, fit in possible if fit}
    return areas.pop() if len(areas) == 1 else None


def _weight(entry: AreaEntry) -> tuple[bool, bool, bool]:
    return (
        entry.first is not None or entry.parity is not Parity.ALL,
        bool(entry.street),
        bool(entry.city),
    )


def _fit(entry: AreaEntry, city: str, there: Mapping[str, Spot] | None) -> bool | None:
    """Return whether a line is about an address; None if the address does not say enough."""
    if entry.city and not set(keys(entry.city)) & set(keys(city)):
        return False
    if not entry.street:
        return True
    if there is None:
        return None
    spot = there.get(entry.street)
    if spot is None:
        return False
    return _has_number(entry, spot.number) if spot.sure else None


def _has_number(entry: AreaEntry, number: int) -> bool | None:
    """Return whether a line is about a house of its street; 0 stands for no number."""
    if entry.first is None and entry.parity is Parity.ALL:
        return True
    if number == 0:
        return None
    in_range = entry.first is None or entry.first <= number <= (entry.last or entry.first)
    return in_range and entry.parity in {Parity.ALL, Parity.ODD if number % 2 else Parity.EVEN}
