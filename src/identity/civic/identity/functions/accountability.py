"""Queue: keep the request log and the erasure ledger. Direct invocation: replay the ledger."""

import secrets
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from civic.contracts.events import (
    DataChange,
    DataUpdated,
    DecisionDeleted,
    DeletionRequest,
    ObjectionHonoured,
    RegistrationsErased,
)
from civic.contracts.trace import TraceContext
from civic.identity.adapters.access_renewals_dynamodb import DynamoDbAccessRenewals
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.receipt_signer_kms import KmsReceiptSigner
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.model.erasure import ErasureStore
from civic.identity.usecases.accountability import (
    Accountability,
    note_ended,
    note_erased,
    note_erasure,
    note_objections,
    note_rectified,
    replay_page,
)
from civic.runtime import clients
from civic.runtime.consumer import consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.subscriptions import Subscriptions, on


class Replay(BaseModel):
    """What ``civic ledger replay`` asks for, page by page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["replay"]
    cursor: str | None = None
    page_size: Annotated[int, Field(ge=1, le=1000)] = 100


class Environment(QueueSettings):
    """Environment of accountability."""

    bus_name: str
    access_renewals_table: str
    erasure_ledger_table: str
    request_log_table: str
    receipt_key_id: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Handle one batch of the queue, or replay one page of the ledger."""
    with invocation() as line:
        if "Records" in event:
            return {**consume(event, line, SUBSCRIBES, queue=own_queue)}
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
        renewals=DynamoDbAccessRenewals(dynamodb, settings.access_renewals_table),
    )


@cache
def publisher() -> EventBridgePublisher:
    """Compose the event publisher."""
    return EventBridgePublisher(clients.events(), _settings().bus_name, "accountability")


def _erasure(event: DeletionRequest, line: Invocation) -> None:
    line.count("ErasuresCompleted", int(note_erasure(accountability(), event)))
    line.record(id=event.id, trace=event.traceparent, outcome=event.detail_type())


def _ended(event: DecisionDeleted, line: Invocation) -> None:
    note_ended(accountability(), event.ended)
    _erased(event, line)


def _erased(event: RegistrationsErased, line: Invocation) -> None:
    stores = [ErasureStore(one) for one in event.STORES]
    line.count("ErasuresCompleted", note_erased(accountability(), stores, event.items))
    _note(event.items, event.detail_type(), line)


def _rectified(event: DataUpdated, line: Invocation) -> None:
    note_rectified(accountability(), event.items)
    _note(event.items, event.detail_type(), line)


def _objections(event: ObjectionHonoured, line: Invocation) -> None:
    note_objections(accountability(), event.items)
    _note(event.items, event.detail_type(), line)


SUBSCRIBES: Subscriptions[None] = (
    # Not ErasureOrdered as a whole: a retention ends once the low-security store says so, and what
    # is replayed from the ledger is already in it.
    on(DeletionRequest, _erasure),
    on(DecisionDeleted, _ended),
    on(RegistrationsErased, _erased),
    on(DataUpdated, _rectified),
    on(ObjectionHonoured, _objections),
)


def _note(items: Sequence[DataChange], outcome: str, line: Invocation) -> None:
    for item in items:
        line.record(id=item.id, trace=item.traceparent, outcome=outcome)


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
