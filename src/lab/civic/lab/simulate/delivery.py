"""Delivers between the functions as AWS does: in batches, at least once, again after failures."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from civic.lab.simulate.crashes import Crashed
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.environments import Environments, Stores
from civic.lab.simulate.log_delivery import LogDelivery
from civic.lab.simulate.stream import Delivered, Event, StreamRecord, stream_event
from civic.terminal.failures import CommandFailed
from civic.voting.errors import VotingError
from civic.voting.functions import enqueuer, press, processor, tally

QUEUE_BATCH = 100
STREAM_BATCH = 500
SERVER_ERROR = 500
_FIRST_SHARDS, _LATER_SHARDS = 4, 8
_PATIENCE = 20


class Delivery:
    """Carries requests, messages and stream records to the handlers."""

    def __init__(
        self,
        stores: Stores,
        environments: Environments,
        dice: Dice,
        redeliver: float,
        log: LogDelivery | None = None,
    ) -> None:
        """Deliver what is in ``stores`` to the handlers in ``environments``.

        Args:
            stores: The queue, and the box whose stream is delivered.
            environments: Restarted whenever an invocation fails.
            dice: Decides what is delivered twice.
            redeliver: The share of messages and stream batches that are, below 1.
            log: The second consumer of the box's stream.
        """
        self.done = Delivered()
        self._stores = stores
        self._environments = environments
        self._dice = dice
        self._redeliver = redeliver
        self._log = log
        self._shards: list[deque[StreamRecord]] = [deque() for _ in range(_FIRST_SHARDS)]
        self._generation = 1
        self._sequence = 0
        self._failures = 0

    def post(self, body: str) -> tuple[int, Mapping[str, Any]]:
        """Send a vote as a device would, repeatedly until it is answered."""
        event = {
            "version": "2.0",
            "routeKey": "POST /votes",
            "headers": {"content-type": "application/json"},
            "body": body,
            "isBase64Encoded": False,
        }
        while True:
            answer = self._invoke(enqueuer.handler, event)
            if answer is not None:
                if answer["statusCode"] < SERVER_ERROR:
                    self._failures = 0
                    return answer["statusCode"], json.loads(answer["body"])
                self._failed()

    def drain_queue(self) -> None:
        """Deliver messages in any order, and failed ones again, until the queue is empty."""
        messages = self._stores.queue.messages
        while messages:
            # A standard queue promises no order: a second vote may arrive before the first.
            messages.rotate(self._dice.below(len(messages)))
            batch = [messages.popleft() for _ in range(min(QUEUE_BATCH, len(messages)))]
            records = [{"messageId": str(index), "body": body} for index, body in enumerate(batch)]
            answer = self._invoke(processor.handler, {"Records": records})
            if answer is None:
                messages.extend(batch)
                continue
            failed = {int(one["itemIdentifier"]) for one in answer["batchItemFailures"]}
            if len(failed) == len(batch):
                self._failed()
            else:
                self._failures = 0
            for index, body in enumerate(batch):
                twice = self._dice.falls(self._redeliver)
                if index in failed or twice:
                    messages.append(body)
                self.done.redelivered += twice

    def drain_stream(self) -> None:
        """Deliver the records of each shard in order, and failed batches again in halves."""
        self._stream_in()
        for number, records in enumerate(self._shards):
            shard = self._shard_id(number)
            size = STREAM_BATCH
            while records:
                batch = [records[place] for place in range(min(size, len(records)))]
                if not self._delivered(shard, batch):
                    # As a bisecting event source mapping does.
                    size = max(1, size // 2)
                    continue
                if self._dice.falls(self._redeliver):
                    self.done.redelivered += len(batch)
                    # First part of what was just counted; then perhaps all of it with new records.
                    self._delivered(shard, batch[: self._dice.below(len(batch)) + 1])
                    if self._dice.falls(0.5):
                        continue
                self._failures = 0
                for _ in batch:
                    records.popleft()
                size = STREAM_BATCH

    def reshard(self) -> None:
        """Split every shard; its children begin where it ends."""
        self.drain_stream()
        self._shards = [deque() for _ in range(_LATER_SHARDS)]
        self._generation += 1

    def publish(self) -> None:
        """Publish the results that were requested."""
        while asked := sorted(set(self._stores.requests.asked)):
            records = [{"body": json.dumps({"detail": {"election": one}})} for one in asked]
            before = self.done.crashes
            self._invoke(press.handler, {"Records": records})
            if self.done.crashes == before:
                self._stores.requests.asked.clear()

    def _stream_in(self) -> None:
        arrived = self._stores.box.arrived
        while arrived:
            ballot = arrived.popleft()
            self._sequence += 1
            record = StreamRecord(str(self._sequence), time.time(), ballot)
            shard = ballot.nullifier[0] % len(self._shards)
            self._shards[shard].append(record)
            if self._log is not None:
                self._log.take(self._shard_id(shard), record)

    def _shard_id(self, number: int) -> str:
        return f"shardId-{self._generation:08d}-{number:08d}"

    def _delivered(self, shard: str, batch: Sequence[StreamRecord]) -> bool:
        return self._invoke(tally.handler, stream_event(shard, batch)) is not None

    def _invoke(self, handler: Callable[[Event, object], Any], event: Event) -> Any:
        """Return a handler's answer, or None if it crashed, after which environments restart."""
        try:
            answer = handler(event, None)
        except (Crashed, VotingError):
            self._failed()
            return None
        return answer

    def _failed(self) -> None:
        """Start new environments; give up when nothing succeeds any more."""
        self.done.crashes += 1
        self._failures += 1
        if self._failures > _PATIENCE:
            raise CommandFailed("the handlers keep failing, which is not a simulated crash")
        self._environments.restart()
