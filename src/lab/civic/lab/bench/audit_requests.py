"""The requests that the log makes of S3 and KMS, counted under its real adapters."""

import io
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, cast

from botocore.exceptions import ClientError

from civic.audit.adapters.bucket_s3 import Bucket
from civic.audit.adapters.journal_s3 import S3Journal
from civic.audit.adapters.shelf_s3 import S3Heads, S3Shelf
from civic.audit.errors import CheckpointMoved, NumberTaken
from civic.audit.model.journal import Arrival
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.recording import Recorder, record_ballots
from civic.lab.bench.audit_growth import BATCH, arrivals
from civic.lab.bench.prices import PriceTable
from civic.lab.memory.audit import MemoryLogSigner
from civic.lab.memory.bus import MemoryBus

GROWN = 140_000
"""Entries before counting begins: from 65,536 on three levels of the tree have a partial tile."""

_COUNTED = 50
"""Batches of each writer that are counted, and more where these are small."""

_AT_LEAST = 20_000

_AT_ONCE = 10
"""Batches of each writer where they get in each other's way, since then requests take time."""

_LATENCY = 0.02
"""Seconds of a request while writers get in each other's way; assumed, and long beside the rest."""


class CountedBucket:
    """An S3 client with one bucket in memory, as far as the log uses it."""

    def __init__(self) -> None:
        """Start empty, and answer at once."""
        self.requests: Counter[str] = Counter()
        self.latency = 0.0
        """Seconds that every request takes."""
        self._lock = Lock()
        self._objects: dict[str, tuple[bytes, str]] = {}
        self._versions = 0

    def put_object(self, **asked: Any) -> dict[str, str]:
        """Create or replace an object under its condition; a refusal is a request as well."""
        time.sleep(self.latency)
        with self._lock:
            self.requests["s3_puts"] += 1
            found = self._objects.get(asked["Key"])
            if (found and found[1]) != asked.get("IfMatch"):
                raise _refused("PreconditionFailed", "PutObject")
            self._versions += 1
            tag = str(self._versions)
            self._objects[asked["Key"]] = asked["Body"], tag
        return {"ETag": tag}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        """Return an object or a part of it; what is not there is a request as well."""
        time.sleep(self.latency)
        with self._lock:
            self.requests["s3_gets"] += 1
            if asked["Key"] not in self._objects:
                raise _refused("NoSuchKey", "GetObject")
            content, tag = self._objects[asked["Key"]]
        if "Range" in asked:
            first, last = asked["Range"].removeprefix("bytes=").split("-")
            content = content[int(first) : int(last) + 1]
        return {"Body": io.BytesIO(content), "ETag": tag}

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        """Return the first key under a prefix; lists cost what puts cost."""
        with self._lock:
            self.requests["s3_puts"] += 1
        keys = [key for key in self._objects if key.startswith(asked["Prefix"])]
        return {"Contents": [{"Key": min(keys)}]} if keys else {}


class CountedSigner(MemoryLogSigner):
    """Counts signatures; the public key is asked for once in an environment's life."""

    def __init__(self, requests: Counter[str]) -> None:
        """Count into ``requests``."""
        super().__init__(bytes(32))
        self._requests = requests

    def sign(self, text: bytes) -> bytes:
        """Sign a text."""
        self._requests["kms_sign"] += 1
        return super().sign(text)


@dataclass(frozen=True, slots=True)
class LogLoad:
    """How ballots come to the log.

    Attributes:
        batch: Ballots in each batch, and so under each checkpoint.
        writers: Shards of the stream; each has an invocation in every window.
        at_once: Whether the windows of all shards end at the same moment, so that all writers get
            in each other's way; otherwise they take turns.
    """

    batch: int
    writers: int = 1
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class LogRequests:
    """What was counted; per ballot, by line of the price file.

    Attributes:
        load: How the ballots came.
        per_vote: Requests and the like, per ballot.
        dollars: Per million ballots.
    """

    load: LogLoad
    per_vote: dict[str, float]
    dollars: dict[str, float]

    @property
    def puts_per_vote(self) -> float:
        """Objects created or replaced, per ballot."""
        return self.per_vote["s3_puts"]

    @property
    def total(self) -> float:
        """Dollars per million ballots."""
        return sum(self.dollars.values())


def shared_load(prices: PriceTable, *, at_once: bool = False) -> LogLoad:
    """Return how the votes a second of `prices.votes` come to the log: by all shards alike."""
    log = prices.log
    batch = round(prices.votes.votes_per_second * log.window_seconds / log.shards)
    return LogLoad(batch, log.shards, at_once)


def count_requests(load: LogLoad, prices: PriceTable) -> LogRequests:
    """Count what a grown log requests for some more batches."""
    client, bus = CountedBucket(), MemoryBus()
    writers = [_writer(client, bus) for _ in range(load.writers)]
    for first in range(0, GROWN, BATCH):
        record_ballots(writers[0], "0", arrivals(first, min(BATCH, GROWN - first)))
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
    return LogRequests(load, per_vote, prices.dollars_per_million(per_vote))


def _rounds(writers: Sequence[Recorder], first: int, rounds: int, load: LogLoad) -> None:
    """Have every writer log a batch, so many times."""
    with ThreadPoolExecutor(load.writers if load.at_once else 1) as threads:
        for _ in range(rounds):
            batches = [
                arrivals(first + shard * load.batch, load.batch) for shard in range(load.writers)
            ]
            first += load.batch * load.writers
            list(threads.map(_record, writers, map(str, range(load.writers)), batches))


def _record(writer: Recorder, shard: str, ballots: Sequence[Arrival]) -> None:
    """Log a batch, again where others were faster too often: Lambda delivers it again."""
    while True:
        try:
            record_ballots(writer, shard, ballots)
        except (NumberTaken, CheckpointMoved):
            continue
        return


def _writer(client: CountedBucket, bus: MemoryBus) -> Recorder:
    """Return a writer in a warm environment of its own."""
    bucket = Bucket(cast("Any", client), "log")
    shelf, index = S3Shelf(bucket, "log/"), S3Shelf(bucket, "index/")
    heads, journal = S3Heads(bucket, "log/checkpoint"), S3Journal(bucket)
    publisher = Publisher(
        origin="civic.example/bench",
        journal=journal,
        shelf=shelf,
        index=index,
        heads=heads,
        signer=CountedSigner(client.requests),
        events=bus,
        clock=_now,
    )
    return Recorder(journal, publisher, Lookup(shelf, index, heads), _now)


def _refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


def _now() -> datetime:
    return datetime(2027, 3, 1, tzinfo=UTC)
