"""`civic bench audit`: what the public log costs, compared with a hash chain."""

from collections.abc import Sequence

from civic.lab.bench.audit_growth import BATCH, CHECKPOINT_EVERY, Chain, grow
from civic.lab.bench.audit_requests import LogLoad, LogRequests, count_requests, shared_load
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.report import Begin, Section, Target
from civic.terminal.failures import SettingInvalid

SIZES = (10_000, 100_000, 1_000_000)
MOST = 10_000_000
"""The largest log allowed; it takes 3 GB and a few minutes."""
RATES = (1_000, 100, 10)
"""Votes per second in one shard of the stream."""

MOST_PUTS = 0.01
"""The most objects that may be put per vote."""

FIGURES = ("entries_per_second", "proof_bytes", "verify_us", "puts_per_vote")


def measure_audit(sizes: Sequence[int], begin: Begin) -> Section:
    """Measure everything in this section.

    Args:
        sizes: Of the log, ascending.
        begin: Called at the start of each part.
    """
    prices = PriceTable.load()
    growth = grow(sizes, begin("growing a log", sizes[-1] // BATCH))
    window, us_per_link = prices.log.window_seconds, Chain.us_per_link()
    by_rate = {rate: LogLoad(round(rate * window)) for rate in RATES}
    shared = {
        "full_batches": LogLoad(BATCH),
        "shards_in_turns": shared_load(prices),
        "shards_at_once": shared_load(prices, at_once=True),
    }
    tick = begin("counting requests of the log", len(by_rate) + len(shared))

    def counted(load: LogLoad) -> LogRequests:
        found = count_requests(load, prices)
        tick()
        return found

    rates = {rate: counted(load) for rate, load in by_rate.items()}
    others = {name: counted(load) for name, load in shared.items()}
    puts = 1 + 1 / CHECKPOINT_EVERY
    requests = {
        **{f"{rate:,} votes/s in one shard": found for rate, found in rates.items()},
        **{name.replace("_", " "): found for name, found in others.items()},
    }
    return Section(
        name="audit",
        figures={name: growth[name] for name in FIGURES},
        baseline={
            "entries_per_second": growth["chain_entries_per_second"],
            "proof_bytes": {size: Chain.proof_bytes(size) for size in sizes},
            "verify_us": {size: us_per_link * (1 + size // 2) for size in sizes},
            # As the first design had it: an object for each vote, and another for every 10,000th.
            "puts_per_vote": dict.fromkeys(sizes, puts),
        },
        other="chain",
        targets=[Target("puts_per_vote", f"objects put per vote, batches of {BATCH:,}", MOST_PUTS)],
        tables={
            "The log alone, per vote and in dollars per million votes": {
                **{name: found.row() for name, found in requests.items()},
                "the chain": {"puts": puts, "$": prices.bill({"s3_puts": puts}).total},
            }
        },
        details={
            "batch": BATCH,
            "proof_bytes_mean": growth["proof_bytes_mean"],
            "chain_us_per_link": us_per_link,
            "prices": {"region": prices.region, "as_of": prices.as_of},
            "assumed": prices.log.model_dump(),
            "by_votes_per_second": {rate: found.details() for rate, found in rates.items()},
            **{name: found.details() for name, found in others.items()},
        },
    )


def sizes_of(text: str) -> list[int]:
    """Return sizes from a list separated by commas.

    Raises:
        SettingInvalid: A size is not a multiple of the batch, or is too large.
    """
    try:
        sizes = sorted({int(float(one)) for one in text.split(",")})
    except (ValueError, OverflowError):
        raise SettingInvalid("--sizes takes numbers such as 1e4,1e6") from None
    if any(size <= 0 or size % BATCH or size > MOST for size in sizes):
        raise SettingInvalid(f"--sizes takes multiples of {BATCH:,} up to {MOST:,}")
    return sizes
