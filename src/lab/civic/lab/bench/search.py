"""What a search for pairs among many people consumes, counted from the sizes of rows and steps."""

from civic.identity.functions.matcher import SHARDS, SLICE_PAGES
from civic.identity.model.pairs import ENTRY_BYTES
from civic.lab.bench.prices import MILLION, Bill, PriceTable, Search

PEOPLE = 50 * MILLION
_READ_UNIT_BYTES = 4096
_PAGE_BYTES = 1024 * 1024
_LISTED_AT_ONCE = 1000
_GB = 1024**3


def bill_of_a_run(prices: PriceTable, assumed: Search, keys: float, pairs: float) -> Bill:
    """Return what one run costs, per million people of ``PEOPLE``.

    Args:
        prices: What everything costs.
        assumed: Sizes and times.
        keys: How many each person has.
        pairs: How many candidates each person is one of, whose rows are looked at.
    """
    scanned = PEOPLE * assumed.row_bytes
    slices = scanned / (SLICE_PAGES * _PAGE_BYTES)
    objects = slices * SHARDS
    lists = SHARDS * max(1.0, slices / _LISTED_AT_ONCE)
    seconds = PEOPLE * (assumed.row_ms + keys * assumed.entry_ms) / 1000
    units = {
        # Scans are eventually consistent; two rows of a pair are read consistently.
        "read_units": scanned / _READ_UNIT_BYTES / 2 + PEOPLE * pairs * 2,
        "s3_puts": objects + lists,
        "s3_gets": objects,
        "lambda_duration": seconds * assumed.memory_gb,
    }
    return prices.bill({line: many / PEOPLE for line, many in units.items()})


def gigabytes_between_steps(keys: float) -> float:
    """Return how much lies in the bucket until the end of a run."""
    return PEOPLE * keys * ENTRY_BYTES / _GB
