"""Queue: keep sealed records, erase them and destroy their keys. Has no right to any KMS key."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from civic.contracts.events import (
    DataChange,
    DataDeleted,
    DataStored,
    DataUpdated,
    DecisionDeleted,
    Event,
    RestrictionChanged,
    RevalidationDue,
    RevalidationRequest,
    ValidationRequest,
)
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.usecases.storage import Storage, announce_again, erase, resume, store
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.publisher import EventBridgePublisher, publish_packed
from civic.runtime.subscriptions import Subscriptions, on

type Kind = type[DataStored | DataUpdated | DataDeleted]
type Change = Sequence[tuple[Kind, DataChange] | RevalidationRequest]
"""What to announce about one message."""


class Environment(QueueSettings):
    """Environment of PII storage."""

    bus_name: str
    vault_table: str
    subject_keys_table: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of PII storage's queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES, _announce, own_queue)


@cache
def storage() -> Storage:
    """Compose the adapters of PII storage from the environment."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    return Storage(
        subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
        vault=DynamoDbVault(RevisionedTable(dynamodb, settings.vault_table)),
        clock=clients.now,
    )


@cache
def publisher() -> EventBridgePublisher:
    """Compose the event publisher."""
    return EventBridgePublisher(clients.events(), _settings().bus_name, "pii_storage")


def _store(event: ValidationRequest, line: Invocation) -> Change | None:
    stored = store(storage(), event)
    outcome = "stored" if stored else "superseded"
    line.record(id=event.id, trace=event.traceparent, outcome=outcome)
    line.count(outcome.capitalize())
    return [(_kept(stored), stored)] if stored else None


def _erase(event: DecisionDeleted, line: Invocation) -> Change:
    erased = [erase(storage(), item) for item in event.ended]
    for item in erased:
        line.record(id=item.id, trace=item.traceparent, outcome="erased")
    line.count("Erased", len(erased))
    return [(DataDeleted, item) for item in erased]


def _resume(event: RestrictionChanged, line: Invocation) -> Change | None:
    resumed = resume(storage(), event.id, event.resume, event.traceparent)
    outcome = "resumed" if resumed else "kept"
    line.record(id=event.id, trace=event.traceparent, outcome=outcome)
    return [resumed] if resumed else None


def _announce_again(event: RevalidationDue, line: Invocation) -> Change | None:
    found = announce_again(storage(), event.id, event.traceparent)
    outcome = "announced_again" if found else "gone"
    line.record(id=event.id, trace=event.traceparent, outcome=outcome)
    if found is None:
        return None
    stored, request = found
    return [(_kept(stored), stored), request]


SUBSCRIBES: Subscriptions[Change] = (
    on(ValidationRequest, _store),
    on(DecisionDeleted, _erase),
    on(RestrictionChanged, _resume),
    on(RevalidationDue, _announce_again),
)


def _kept(stored: DataChange) -> Kind:
    return DataStored if stored.revision == 1 else DataUpdated


def _announce(changes: list[Change]) -> None:
    every = [one for some in changes for one in some]
    for kind in (DataStored, DataUpdated, DataDeleted):
        facts = [one[1] for one in every if isinstance(one, tuple) and one[0] is kind]
        publish_packed(publisher(), facts, partial(_packed, kind))
    publisher().publish([one for one in every if isinstance(one, RevalidationRequest)])


def _packed(kind: Kind, pack: tuple[DataChange, ...]) -> Event:
    return kind(items=pack)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
