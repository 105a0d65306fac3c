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
    RevalidationRequest,
    ValidationRequest,
)
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.usecases.storage import Storage, erase, resume, store
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.publisher import EventBridgePublisher, publish_packed
from civic.runtime.subscriptions import Subscriptions, on

type Kind = type[DataStored | DataUpdated | DataDeleted]
type Change = tuple[Kind, Sequence[DataChange]] | RevalidationRequest


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
    return (DataStored if event.revision == 1 else DataUpdated, (stored,)) if stored else None


def _erase(event: DecisionDeleted, line: Invocation) -> Change:
    erased = [erase(storage(), item) for item in event.ended]
    for item in erased:
        line.record(id=item.id, trace=item.traceparent, outcome="erased")
    line.count("Erased", len(erased))
    return DataDeleted, erased


def _resume(event: RestrictionChanged, line: Invocation) -> Change | None:
    resumed = resume(storage(), event.id, event.resume, event.traceparent)
    outcome = "resumed" if resumed else "kept"
    line.record(id=event.id, trace=event.traceparent, outcome=outcome)
    return resumed


SUBSCRIBES: Subscriptions[Change] = (
    on(ValidationRequest, _store),
    on(DecisionDeleted, _erase),
    on(RestrictionChanged, _resume),
)


def _announce(changes: list[Change]) -> None:
    for kind in (DataStored, DataUpdated, DataDeleted):
        same = [one[1] for one in changes if isinstance(one, tuple) and one[0] is kind]
        facts = [fact for some in same for fact in some]
        publish_packed(publisher(), facts, partial(_packed, kind))
    publisher().publish([one for one in changes if isinstance(one, RevalidationRequest)])


def _packed(kind: Kind, pack: tuple[DataChange, ...]) -> Event:
    return kind(items=pack)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
