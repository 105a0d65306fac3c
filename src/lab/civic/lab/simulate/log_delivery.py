"""Delivers to the functions of the log as AWS does, independently of the votes.

The log has its own records and failures: no vote waits, whatever happens to it.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from civic.audit.errors import AuditError
from civic.audit.functions import event_logger, log_writer, opener
from civic.contracts import events
from civic.contracts.audit import OpeningsPublished
from civic.contracts.voting import ElectionCertified
from civic.lab.simulate.crashes import Crashed
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.log_environments import LogEnvironments
from civic.lab.simulate.stream import Delivered, Event, StreamRecord, stream_event

LOG_BATCH = 5_000
"""Records that the log writer gets in a batch; on AWS at most 10,000, or those of two seconds."""

_PATIENCE = 200
"""This many failures in a row stop the log, as a person would have to investigate."""


class LogDelivery:
    """Carries stream records and events to the functions of the log."""

    def __init__(self, environments: LogEnvironments, dice: Dice, redeliver: float) -> None:
        """Deliver to the functions in ``environments``, and a share of all batches twice."""
        self.done = Delivered()
        self.seconds = 0.0
        self.stuck = False
        self._environments = environments
        self._dice = dice
        self._redeliver = redeliver
        self._waiting: dict[str, deque[StreamRecord]] = {}
        self._failures = 0

    def take(self, shard: str, record: StreamRecord) -> None:
        """Add a record to those that wait for the log writer."""
        self._waiting.setdefault(shard, deque()).append(record)

    def deliver(self, least: int | None = None) -> None:
        """Deliver from each shard with at least ``least`` waiting records, or a full batch."""
        least = LOG_BATCH if least is None else least
        started = time.perf_counter()
        for shard, records in self._waiting.items():
            size = LOG_BATCH
            while len(records) >= least and not self.stuck:
                batch = [records[place] for place in range(min(size, len(records)))]
                if not self._delivered(shard, batch):
                    # As a bisecting event source mapping does.
                    size = max(1, size // 2)
                    continue
                size = LOG_BATCH
                if self._dice.falls(self._redeliver):
                    self.done.redelivered += len(batch)
                    # First part of what was just logged; then perhaps all of it with new records.
                    self._delivered(shard, batch[: self._dice.below(len(batch)) + 1])
                    if self._dice.falls(0.5):
                        continue
                for _ in batch:
                    records.popleft()
        self.seconds += time.perf_counter() - started

    def certify(self, certified: ElectionCertified) -> None:
        """Log the remaining records and the certification, then open the ballots and log that."""
        self.deliver(least=1)
        started = time.perf_counter()
        for handler in (event_logger.handler, opener.handler):
            self._tell(handler, certified)
        for event in self._environments.stores.bus.events:
            if isinstance(event, OpeningsPublished):
                self._tell(event_logger.handler, event)
        self.seconds += time.perf_counter() - started

    def _delivered(self, shard: str, batch: Sequence[StreamRecord]) -> bool:
        return self._invoke(log_writer.handler, stream_event(shard, batch)) is not None

    def _tell(self, handler: Callable[[Event, object], Any], event: events.Event) -> None:
        """Deliver an event until it is accepted."""
        envelope = {
            "detail-type": event.detail_type(),
            "source": event.sources()[0],
            "detail": event.model_dump(mode="json", exclude_none=True),
        }
        queue_event = {"Records": [{"messageId": "0", "body": json.dumps(envelope)}]}
        while not self.stuck:
            answer = self._invoke(handler, queue_event)
            if answer is not None:
                if not answer["batchItemFailures"]:
                    return
                self._failed()

    def _invoke(self, handler: Callable[[Event, object], Any], event: Event) -> Any:
        """Return a handler's answer, or None if it crashed, after which environments restart."""
        try:
            answer = handler(event, None)
        except (Crashed, AuditError):
            self._failed()
            return None
        if not answer.get("batchItemFailures"):
            self._failures = 0
        return answer

    def _failed(self) -> None:
        self.done.crashes += 1
        self._failures += 1
        self.stuck = self._failures > _PATIENCE
        self._environments.restart()
