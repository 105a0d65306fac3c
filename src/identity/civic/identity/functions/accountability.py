"""Queue: keep the request log and the erasure ledger. Invoked by ``civic ledger``: replay it."""

import secrets
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from civic.contracts.events import (
    DataDeleted,
    DataUpdated,
    DecisionDeleted,
    DeletionRequest,
    Event,
    JoinDeleted,
    ObjectionHonoured,
)
from civic.contracts.trace import TraceContext
from civic.contracts.voting import RollDeleted
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.receipt_signer_kms import KmsReceiptSigner
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.usecases.accountability import (
    Accountability,
    note_erased,
    note_erasure,
    note_objections,
    note_rectified,
    replay_page,
)
from civic.runtime import clients
from civic.runtime.consumer import UnknownEvent, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.settings import Settings


class Replay(BaseModel):
    """What ``civic ledger replay`` asks for, page by page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["replay"]
    cursor: str | None = None
    page_size: Annotated[int, Field(ge=1, le=1000)] = 100


class Environment(Settings):
    """Environment of accountability."""

    bus_name: str
    erasure_ledger_table: str
    request_log_table: str
    receipt_key_id: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle one batch of the queue, or replay one page of the ledger."""
    with invocation() as line:
        if "Records" in event:
            return {**consume(event, line, lambda one: _handle(one, line), _nothing_to_announce)}
        return _replay(Replay.model_validate(event), line)


@cache
def accountability() -> Accountability:
    """Compose the adapters from the environment."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    return Accountability(
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        ledger=DynamoDbErasureLedger(dynamodb, settings.erasure_ledger_table),
        signer=KmsReceiptSigner(clients.kms(), settings.receipt_key_id),
        clock=clients.now,
    )


@cache
def publisher() -> EventBridgePublisher:
    """Compose the way to the bus."""
    return EventBridgePublisher(clients.events(), _settings().bus_name)


def _handle(event: Event, line: Invocation) -> None:
    match event:
        case DeletionRequest():
            completed = int(note_erasure(accountability(), event))
            facts = [(event.id, event.traceparent)]
        case DecisionDeleted() | DataDeleted() | JoinDeleted() | RollDeleted():
            completed = note_erased(accountability(), event)
            facts = [(item.id, item.traceparent) for item in event.items]
        case DataUpdated():
            note_rectified(accountability(), event)
            completed = 0
            facts = [(item.id, item.traceparent) for item in event.items]
        case ObjectionHonoured():
            note_objections(accountability(), event)
            completed = 0
            facts = [(item.id, item.traceparent) for item in event.items]
        case _:
            raise UnknownEvent("accountability does not handle this event")
    for registration, trace in facts:
        line.record(id=registration, trace=trace, outcome=event.detail_type())
    line.count("ErasuresCompleted", completed)


def _nothing_to_announce(_results: list[None]) -> None:
    """What is noted here is told to who asks for it."""


def _replay(command: Replay, line: Invocation) -> dict[str, Any]:
    progress = replay_page(
        accountability().ledger,
        publisher(),
        TraceContext.parse(None, secrets.token_bytes),
        command.cursor,
        command.page_size,
    )
    line.note(action=command.action)
    line.count("ErasuresReplayed", progress.seen)
    return {"replayed": progress.seen, "cursor": progress.cursor}


@cache
def _settings() -> Environment:
    return Environment.from_environment()
