"""The whole registration pipeline on in-memory stores: real use cases, real consumer edge.

Nothing is delivered by itself: a test takes the published events and hands them to the consumers
in the order, and as often, as it likes.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import shake_256
from importlib import resources

from civic.analytics.usecases.collect import (
    collect_decisions,
    collect_erasures,
    collect_storage,
)
from civic.contracts.events import (
    DataDeleted,
    DataStored,
    DataUpdated,
    DeletionRequest,
    Event,
    ValidationRequest,
    ValidationResult,
)
from civic.contracts.trace import TraceContext
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Registration
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.model.rules import RuleSet
from civic.identity.usecases.access import Access
from civic.identity.usecases.intake import Intake, rectify, register, request_erasure
from civic.identity.usecases.storage import Storage, erase, store
from civic.identity.usecases.validation import Validation, forget_decision, validate
from civic.runtime.consumer import UnknownEvent, consume
from civic.runtime.observability import Invocation
from tests.fakes.analytics import InMemoryJoins
from tests.fakes.bus import RecordingBus
from tests.fakes.faults import Faults
from tests.fakes.keys import InMemoryKeyRing, InMemoryKeyUnwrapper, InMemoryKeyWrapper
from tests.fakes.stores import InMemoryDecisions, InMemorySubjectKeys, InMemoryVault

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
TRACE = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
RULES = RuleSet.parse(
    (resources.files("civic.identity.rules") / "national-2027.toml").read_text("utf-8")
)


_RECEIVES = 5
"""How often a queue offers a message before it gives up on it."""


class Consumer(StrEnum):
    """A function that hangs on a queue."""

    VALIDATOR = "validator"
    STORAGE = "pii_storage"
    ANALYTICS = "analytics"


SUBSCRIPTIONS: dict[type[Event], tuple[Consumer, ...]] = {
    ValidationRequest: (Consumer.VALIDATOR, Consumer.STORAGE),
    DeletionRequest: (Consumer.VALIDATOR, Consumer.STORAGE),
    ValidationResult: (Consumer.ANALYTICS,),
    DataStored: (Consumer.ANALYTICS,),
    DataUpdated: (Consumer.ANALYTICS,),
    DataDeleted: (Consumer.ANALYTICS,),
}


class Entropy:
    """Bytes that never repeat within a test and are the same in every run of it."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._drawn = 0

    def __call__(self, size: int, /) -> bytes:
        self._drawn += 1
        return shake_256(f"{self._seed}/{self._drawn}".encode()).digest(size)


class Pipeline:
    """All stores, and what each function does with them."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.subject_keys = InMemorySubjectKeys()
        self.decisions = InMemoryDecisions()
        self.vault = InMemoryVault()
        self.joins = InMemoryJoins()
        self.bus = RecordingBus()
        self.ring = InMemoryKeyRing()
        self.ring.add()
        self.now = NOW
        guard = (faults or Faults()).guard
        self._joins = guard(self.joins)
        self._bus = guard(self.bus)
        subject_keys, decisions = guard(self.subject_keys), guard(self.decisions)
        vault, unwrapper = guard(self.vault), guard(InMemoryKeyUnwrapper(self.ring))
        self.intake = Intake(
            subject_keys,
            guard(InMemoryKeyWrapper(self.ring)),
            decisions,
            self._bus,
            lambda: self.now,
            Entropy(),
        )
        self.validation = Validation(
            subject_keys, unwrapper, decisions, RULES, clock=lambda: self.now
        )
        self.storage = Storage(subject_keys, vault)
        self.access = Access(subject_keys, unwrapper, vault)
        self._handlers: dict[Consumer, Callable[[Event], Event | None]] = {
            Consumer.VALIDATOR: self._validate,
            Consumer.STORAGE: self._store,
            Consumer.ANALYTICS: self._collect,
        }

    def register(self, person: Registration, key: str | None = None) -> Receipt:
        return register(self.intake, person, key, TRACE)

    def rectify(self, receipt: Receipt, corrected: Registration) -> DecisionRow:
        return rectify(self.intake, receipt.id, receipt.access_token, corrected, TRACE)

    def erase(self, receipt: Receipt) -> Tombstone:
        return request_erasure(self.intake, receipt.id, receipt.access_token, TRACE)

    def deliver(self, consumer: Consumer, event: Event) -> bool:
        """Hand one message to a consumer; tell whether it may leave the queue."""
        batch = {"Records": [{"messageId": "m", "body": envelope(event)}]}
        answer = consume(batch, Invocation(), self._handlers[consumer], self._bus.publish)
        return not answer["batchItemFailures"]

    def drain(self, start: int = 0) -> None:
        """Deliver everything published since ``start``, in order, until nothing is left."""
        position = start
        while position < len(self.bus.events):
            event = self.bus.events[position]
            for consumer in SUBSCRIPTIONS[type(event)]:
                assert any(self.deliver(consumer, event) for _ in range(_RECEIVES)), consumer
            position += 1

    def _validate(self, event: Event) -> Event | None:
        match event:
            case ValidationRequest():
                made = validate(self.validation, event)
                return ValidationResult(results=(made,)) if made else None
            case DeletionRequest():
                forget_decision(self.validation.decisions, event)
                return None
            case _:
                raise UnknownEvent

    def _store(self, event: Event) -> Event | None:
        match event:
            case ValidationRequest():
                kept = store(self.storage, event)
                kind = DataStored if event.revision == 1 else DataUpdated
                return kind(items=(kept,)) if kept else None
            case DeletionRequest():
                return DataDeleted(items=(erase(self.storage, event),))
            case _:
                raise UnknownEvent

    def _collect(self, event: Event) -> None:
        match event:
            case ValidationResult():
                collect_decisions(self._joins, event)
            case DataStored() | DataUpdated():
                collect_storage(self._joins, event)
            case DataDeleted():
                collect_erasures(self._joins, event)
            case _:
                raise UnknownEvent


def with_entropy(pipeline: Pipeline, seed: str) -> Intake:
    """Return the gateway as another execution environment with its own randomness."""
    return replace(pipeline.intake, entropy=Entropy(seed))


def envelope(event: Event) -> str:
    """Return an event as it arrives in an SQS message."""
    return json.dumps(
        {
            "source": event.SOURCE,
            "detail-type": event.detail_type(),
            "detail": json.loads(event.model_dump_json(exclude_none=True)),
        }
    )
