"""`civic bench audit`: what the public log costs, beside a chain of hashes."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from civic.lab.bench import audit_chain
from civic.lab.bench.audit_growth import BATCH, SAMPLE, Growth, grow
from civic.lab.bench.audit_requests import LogLoad, LogRequests, count_requests, shared_load
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.targets import AUDIT_TARGETS, judge
from civic.lab.bench.votes import Progress
from civic.terminal.failures import SettingInvalid

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
RATES = (1_000, 100, 10)
"""Votes a second in one shard of the stream."""


@dataclass(frozen=True, slots=True)
class ChainFigures:
    """What membership takes in a chain of hashes, by size; the rest is measured in `Growth`.

    Attributes:
        us_per_link: Microseconds to verify one link.
        appends_per_second: Of all writers together, by how many round trips each append waits for.
    """

    us_per_link: float
    appends_per_second: dict[int, float]

    def verify_us(self, size: int) -> float:
        """Return the microseconds to verify a middle entry up to the newest checkpoint."""
        return self.us_per_link * (1 + size // 2)

    @staticmethod
    def puts_per_vote() -> float:
        """Return the objects put per vote, as it was described: each vote, each 10,000th twice."""
        return 1 + 1 / audit_chain.CHECKPOINT_EVERY


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything that was measured.

    Attributes:
        prices: The price table.
        growth: Of a log and a chain, by size.
        chain: The rest about the chain.
        full: Requests at full batches.
        by_rate: Requests at some votes a second of one shard.
        in_turns: Requests of the shards of `prices.log`, at the votes a second of `prices.votes`.
        at_once: The same if all of them write at the same moment.
    """

    prices: PriceTable
    growth: Sequence[Growth]
    chain: ChainFigures
    full: LogRequests
    by_rate: dict[int, LogRequests]
    in_turns: LogRequests
    at_once: LogRequests

    def figures(self) -> dict[str, dict[int, float]]:
        """Return our figures by size."""
        names = ("entries_per_second", "proof_bytes", "verify_us", "puts_per_vote")
        return {name: {one.size: getattr(one, name) for one in self.growth} for name in names}

    def chain_figures(self) -> dict[str, dict[int, float]]:
        """Return those of the chain: each vote is an object, each 10,000th a checkpoint as well."""
        sizes = [one.size for one in self.growth]
        return {
            "entries_per_second": {one.size: one.chain_entries_per_second for one in self.growth},
            "proof_bytes": {size: audit_chain.proof_bytes(size) for size in sizes},
            "verify_us": {size: self.chain.verify_us(size) for size in sizes},
            "puts_per_vote": dict.fromkeys(sizes, self.chain.puts_per_vote()),
        }


def measure_audit(sizes: Sequence[int], progress: Progress) -> Audit:
    """Measure everything.

    Args:
        sizes: Of the log, ascending.
        progress: Told about every step.
    """
    prices = PriceTable.load()
    growth = grow(sizes, progress.begin("growing a log", sizes[-1] // BATCH))
    trip = prices.log.chain_round_trip_ms
    per_second = {trips: audit_chain.appends_per_second(trip, trips) for trips in (1, 2)}
    chain = ChainFigures(audit_chain.microseconds_per_link(), per_second)
    tick = progress.begin("counting requests of the log", 3 + len(RATES))
    full = _counted(LogLoad(BATCH), prices, tick)
    by_rate = {
        rate: _counted(LogLoad(round(rate * prices.log.window_seconds)), prices, tick)
        for rate in RATES
    }
    in_turns = _counted(shared_load(prices), prices, tick)
    at_once = _counted(shared_load(prices, at_once=True), prices, tick)
    return Audit(prices, growth, chain, full, by_rate, in_turns, at_once)


def sizes_of(text: str) -> list[int]:
    """Return sizes that were given with commas between.

    Raises:
        SettingInvalid: One is no multiple of the batch, or too large.
    """
    try:
        sizes = sorted({int(float(one)) for one in text.split(",")})
    except (ValueError, OverflowError):
        raise SettingInvalid("--sizes takes numbers such as 1e4,1e6") from None
    if any(size <= 0 or size % BATCH or size > SIZES[-1] for size in sizes):
        raise SettingInvalid(f"--sizes takes multiples of {BATCH:,} up to {SIZES[-1]:,}")
    return sizes


def audit_document(found: Audit) -> dict[str, Any]:
    """Return the section ``audit`` of the report: figures, targets, and what they rest on."""
    judged = judge({"puts_per_vote": found.growth[-1].puts_per_vote}, AUDIT_TARGETS)
    return found.figures() | {
        "chain": found.chain_figures(),
        "targets": [
            asdict(one.target) | {"measured": one.measured, "met": one.met, "by": one.missed_by}
            for one in judged
        ],
        "how": HOW,
        "details": {
            "batch": BATCH,
            "proof_bytes_mean": {one.size: one.proof_bytes_mean for one in found.growth},
            "chain_us_per_link": found.chain.us_per_link,
            "chain_appends_per_second": found.chain.appends_per_second,
            "prices": {"region": found.prices.region, "as_of": found.prices.as_of},
            "assumed": found.prices.log.model_dump(),
            "full_batches": _requests(found.full),
            "shards_in_turns": _requests(found.in_turns),
            "shards_at_once": _requests(found.at_once),
            "by_votes_per_second": {rate: _requests(one) for rate, one in found.by_rate.items()},
        },
    }


def _requests(one: LogRequests) -> dict[str, Any]:
    return asdict(one) | {
        "dollars_per_million": one.total,
        "met": one.puts_per_vote <= AUDIT_TARGETS[0].bound,
    }


def _counted(load: LogLoad, prices: PriceTable, tick: Callable[[], None]) -> LogRequests:
    found = count_requests(load, prices)
    tick()
    return found


HOW = {
    "entries_per_second": f"the real recorder and publisher over adapters in memory, batches of "
    f"{BATCH:,} ballots from one shard, each with a signed checkpoint; seconds of one core since "
    "the log was empty; the chain gets the same entries in turns",
    "proof_bytes": f"the longest of {SAMPLE:,} inclusion proofs of leaves chosen at random; of the "
    "chain 32 bytes for each link from a middle entry to the newest checkpoint",
    "verify_us": "microseconds to verify one of these proofs (RFC 9162 section 2.1.3.2), the best "
    "of five laps; of the chain the links times what one takes in a chain of 10,000",
    "puts_per_vote": "objects created or replaced, per entry: journal, bundles, tiles, partial "
    "ones too, index, checkpoints; of the chain one object per vote, as it was described",
    "by_votes_per_second": "the same with the real S3 adapters on a bucket in memory, of a log of "
    "140,000 entries and more, with one checkpoint per window; votes a second of one shard of the "
    "stream, since each shard is logged on its own",
    "shards_at_once": "ten shards whose windows end at the same moment, each request taking 20 ms "
    "(assumed): what their writers repeat is counted, and differs a little from run to run; "
    "`shards_in_turns` is the same without",
    "chain_appends_per_second": "by arithmetic, not measured: an append waits for the one before, "
    "whoever wrote it; one round trip where the last hash is known, two where it is read first; "
    "the length of a round trip is assumed",
}
"""How each figure was measured."""
