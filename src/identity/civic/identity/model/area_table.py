"""The office's own table of areas: which areas a postcode, or a part of one, lies in.

A table is loaded as a whole and has a version. Its pages are written first; then one row makes the
version the one in use, so that nobody ever reads half a table.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from civic.identity.model.areas import AreaEntry, Fineness, described_keys, postcode_key
from civic.identity.model.registration import Address
from civic.identity.model.subdivisions import lineage

type Pages = Mapping[str, tuple[AreaEntry, ...]]
"""The lines of each postcode, by ``place``."""


@dataclass(frozen=True, slots=True)
class AreaTable:
    """All that an office says of its areas."""

    pages: Pages
    wide: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Rows without a postcode, by ``wide_key``."""

    @property
    def areas(self) -> frozenset[str]:
        """Every area that an address can have by this table."""
        listed = (entry.areas for entries in self.pages.values() for entry in entries)
        return frozenset(area for areas in (*listed, *self.wide.values()) for area in areas)

    @property
    def fineness(self) -> Mapping[str, Fineness]:
        """How fine the areas of an address must be in each place that the table divides.

        By ISO 3166 code: a country with postcodes, or a region with parts that have rows, is
        decided by the table only; in a country with rows for regions a region is needed. A row for
        a whole country, or for people without a street address, divides nothing.
        """
        found: dict[str, Fineness] = {}
        for key in filter(_is_of_region, self.wide):
            found.setdefault(key[:2], Fineness.REGION)
            found |= dict.fromkeys(lineage(key)[1:], Fineness.TABLE)
        return found | {name[:2]: Fineness.TABLE for name in self.pages}

    @property
    def digest(self) -> str:
        """What tells two tables apart: SHA-256, in hexadecimal."""
        pages = {place: list(map(fields_of, rows)) for place, rows in self.pages.items()}
        wide = {key: list(areas) for key, areas in self.wide.items()}
        text = json.dumps([pages, wide], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A version that is in use, or is to be."""

    version: int
    digest: str
    loaded_at: str = ""
    pages: int = 0
    areas: frozenset[str] = frozenset()
    wide: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    before: tuple[int, ...] = ()
    """The last versions that were in use before, the newest first, whose pages are kept."""
    fineness: Mapping[str, Fineness] = field(default_factory=dict)
    """As of the table; empty as loaded by earlier releases."""


@dataclass(frozen=True, slots=True)
class TableChanges:
    """How one table differs from another, by places (``DE 10119``) and by areas."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    new_areas: tuple[str, ...]
    lost_areas: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed or self.changed)


def changes(old: AreaTable, new: AreaTable) -> TableChanges:
    """Return how a new table differs from the old one."""
    before, after = _everything(old), _everything(new)
    return TableChanges(
        added=_sorted(after.keys() - before.keys()),
        removed=_sorted(before.keys() - after.keys()),
        changed=_sorted(key for key in after.keys() & before.keys() if after[key] != before[key]),
        new_areas=_sorted(new.areas - old.areas),
        lost_areas=_sorted(old.areas - new.areas),
    )


def place(country: str, postcode: str) -> str:
    """Return the name of the page of a postcode, given by its ``postcode_key``."""
    return f"{country} {postcode}"


def page_of(address: Address) -> str:
    """Return the name of the page on which an address is."""
    return place(address.country, postcode_key(address.country, address.postcode or ""))


def fields_of(entry: AreaEntry) -> dict[str, object]:
    """Return a line of a table as what it says, without what it leaves open."""
    fields: dict[str, object] = {
        "city": entry.city,
        "street": entry.street,
        "first": entry.first,
        "last": entry.last,
        "parity": entry.parity.value,
    }
    said = {name: value for name, value in fields.items() if value not in {"", None}}
    return {"areas": list(entry.areas), **said}


def _is_of_region(key: str) -> bool:
    (described,) = described_keys(key[:2])
    return key != key[:2] and not key.startswith(described)


def _everything(table: AreaTable) -> dict[str, object]:
    return {**table.pages, **{f"{key} (all of it)": areas for key, areas in table.wide.items()}}


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
