"""The people that are measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.model.registration import PII_FIELDS
from civic.lab.bench.sizes import Item, item_bytes
from civic.lab.population.generator import generate

RULE_SET = "national-2027"


@dataclass(frozen=True, slots=True)
class ItemSizes:
    """Bytes of one table's items."""

    population_median: float
    complete_median: float
    """Of people who gave every field, the optional ones too."""
    largest: int
    share_over_unit: float
    """Share of the items that need more than one write unit."""


def population(count: int, seed: int) -> list[Mapping[str, Any]]:
    """Make people up; the same ones for the same count and seed."""
    return [person.payload for person in generate(count, seed, load_rule_set(RULE_SET))]


def complete(payload: Mapping[str, Any]) -> bool:
    """Tell whether a person gave every field."""
    return PII_FIELDS.keys() <= payload.keys()


def item_sizes(
    items: Sequence[Item], complete_ids: set[str], write_unit_bytes: int
) -> ItemSizes | None:
    """Return the sizes of a table's items; None if it has none.

    Args:
        items: The items, each with the person's ``id``.
        complete_ids: The ids of the people who gave every field.
        write_unit_bytes: What one write unit holds.
    """
    if not items:
        return None
    sizes = [item_bytes(item) for item in items]
    of_complete = [item_bytes(item) for item in items if item["id"]["S"] in complete_ids]
    return ItemSizes(
        population_median=median(sizes),
        complete_median=median(of_complete or sizes),
        largest=max(sizes),
        share_over_unit=sum(size > write_unit_bytes for size in sizes) / len(sizes),
    )
