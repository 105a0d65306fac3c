"""The log's requests to S3 and KMS, counted below its real adapters."""

import io
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from threading import Lock
from typing import Any, cast

from botocore.exceptions import ClientError

from civic.audit.adapters.bucket_s3 import Bucket
from civic.audit.adapters.journal_s3 import S3Journal
from civic.audit.adapters.shelf_s3 import S3Heads, S3Shelf
from civic.audit.errors import CheckpointMoved, NumberTaken
from civic.audit.model.journal import Arrival
from civic.audit.usecases.recording import Recorder, record_ballots
from civic.lab.bench.audit_growth import BATCH, arrivals, recorder
from civic.lab.bench.prices import Bill, PriceTable
from civic.lab.memory.audit import MemoryLogSigner
from civic.lab.memory.bus import MemoryBus

GROWN = 140_000
"""Entries before counting begins: beyond 65,536, three levels of the tree have a partial tile."""

_COUNTED = 50
"""Batches that are counted for each writer; more if they are small."""

_AT_LEAST = 20_000

_AT_ONCE = 10
"""Batches of each writer when writers compete, since requests then take time."""

_LATENCY = 0.02
"""Seconds that a request takes when writers compete: an assumption, long compared to the rest."""


class CountedBucket:
    """An S3 client for one bucket in memory, with only what the log uses."""

    def __init__(self, other: "CountedBucket | None" = None) -> None:
        """Start empty, or with the objects of another, and without latency."""
        self.requests: Counter[str] = Counter()
        self.latency = 0.0
        """Seconds that every request takes."""
        self._lock = Lock()
        self.objects: dict[str, tuple[bytes, str]] = dict(other.objects) if other else {}
        """Contents and entity tags by key."""
        self._versions = len(self.objects)

    def put_object(self, **asked: Any) -> dict[str, str]:
        """Create or replace an object on its condition; a refusal counts as a request too."""
        time.sleep(self.latency)
        with self._lock:
            self.requests["s3_puts"] += 1
            found = self.objects.get(asked["Key"])
            if (found and found[1]) != asked.get("IfMatch"):
                raise _refused("PreconditionFailed", "PutObject")
            self._versions += 1
            tag = str(self._versions)
            self.objects[asked["Key"]] = asked["Body"], tag
        return {"ETag": tag}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """Return an object or a part of it; a missing one counts as a request too."""
        time.sleep(self.latency)
        with self._lock:
            self.requests["s3_gets"] += 1
            if asked["Key"] not in self.objects:
                raise _refused("NoSuchKey", "GetObject")
            content, tag = self.objects[asked["Key"]]
        if "Range" in asked:
            first, last = asked["Range"].removeprefix("bytes=").split("-")
            content = content[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(content), "ETag": tag}

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        """Return the first key under a prefix; a list costs as much as a put."""
        with self._lock:
            self.requests["s3_puts"] += 1
        keys = [key for key in self.objects if key.startswith(asked["Prefix"])]
        return {"Contents": [{"Key": min(keys)}]} if keys else {}


@dataclass(frozen=True, slots=True)
class LogLoad:
    """How ballots arrive at the log."""

    batch: int
    """Ballots in each batch, and so in each checkpoint."""
    writers: int = 1
    """Shards of the stream; each has one invocation per window."""
    at_once: bool = False
    """Whether all writers compete, as their windows end at the same moment."""


@dataclass(frozen=True, slots=True)
class LogRequests:
    """What was counted: how the ballots arrived, and the requests and dollars per ballot."""

    load: LogLoad
    bill: Bill

    def row(self) -> dict[str, float]:
        """Return the figures that matter, by name."""
        units = self.bill.units
        return {
            "ballots per checkpoint": self.load.batch,
            "puts": units["s3_puts"],
            "gets": units["s3_gets"],
            "signed": units["kms_sign"],
            "$": self.bill.total,
        }

    def details(self) -> dict[str, Any]:
        """Return what was counted for the report."""
        puts = self.bill.units["s3_puts"]
        return {"load": asdict(self.load), "puts_per_vote": puts, **self.bill.details()}


def shared_load(prices: PriceTable, *, at_once: bool = False) -> LogLoad:
    """Return the load of `prices.votes` on the log, spread evenly over all shards."""
    log = prices.log
    batch = round(prices.votes.per_second * log.window_seconds / log.shards)
    return LogLoad(batch, log.shards, at_once)


def count_requests(load: LogLoad, prices: PriceTable) -> LogRequests:
    """Count the requests that a grown log makes for some more batches."""
    client, bus = CountedBucket(_grown(GROWN)), MemoryBus()
    writers = [_writer(client, bus) for _ in range(load.writers)]
    rounds = max(_COUNTED, _AT_LEAST // (load.batch * load.writers))
    if load.at_once:
        rounds = min(rounds, _AT_ONCE)
    _rounds(writers, GROWN, 1, load)
    client.latency = _LATENCY if load.at_once else 0.0
    client.requests.clear()
    bus.events.clear()
    _rounds(writers, GROWN + load.batch * load.writers, rounds, load)
    ballots = rounds * load.batch * load.writers
    assumed = prices.log
    seconds = (assumed.invocation_ms / load.batch + assumed.entry_ms) / 1000
    per_vote = {name: count / ballots for name, count in sorted(client.requests.items())} | {
        "events": len(bus.events) / ballots,
        "lambda_requests": 1 / load.batch,
        "lambda_duration": seconds * assumed.memory_mb / 1024,
    }
    return LogRequests(load, prices.bill(per_vote))


@cache
def _grown(entries: int) -> CountedBucket:
    """Return a bucket with a log of that many entries."""
    client = CountedBucket()
    writer = _writer(client, MemoryBus())
    for first in range(0, entries, BATCH):
        record_ballots(writer, "0", arrivals(first, min(BATCH, entries - first)))
    return client


def _rounds(writers: Sequence[Recorder], first: int, rounds: int, load: LogLoad) -> None:
    """Have every writer log a batch in each of the rounds."""
    with ThreadPoolExecutor(load.writers if load.at_once else 1) as threads:
        for _ in range(rounds):
            batches = [
                arrivals(first + shard * load.batch, load.batch) for shard in range(load.writers)
            ]
            first += load.batch * load.writers
            list(threads.map(_record, writers, map(str, range(load.writers)), batches))


def _record(writer: Recorder, shard: str, ballots: Sequence[Arrival]) -> None:
    """Log a batch, and repeat it when others were faster too often, as Lambda would."""
    while True:
        try:
            record_ballots(writer, shard, ballots)
        except (NumberTaken, CheckpointMoved):
            continue
        return


def _writer(client: CountedBucket, bus: MemoryBus) -> Recorder:
    """Return a writer in its own warm environment."""
    bucket = Bucket(cast("Any", client), "log")
    return recorder(
        journal=S3Journal(bucket),
        shelf=S3Shelf(bucket, "log/"),
        index=S3Shelf(bucket, "index/"),
        heads=S3Heads(bucket, "log/checkpoint"),
        signer=_CountedSigner(client.requests),
        events=bus,
    )


class _CountedSigner(MemoryLogSigner):
    """Counts signatures; the public key is fetched only once in an environment's life."""

    def __init__(self, requests: Counter[str]) -> None:
        super().__init__(bytes(32))
        self._requests = requests

    def sign(self, text: bytes) -> bytes:
        self._requests["kms_sign"] += 1
        return super().sign(text)


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)
