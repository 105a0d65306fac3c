"""Queue (on a schedule) or direct invocation: do what is due today."""

import secrets
from functools import cache
from typing import Any

from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.usecases.deadlines import (
    Deadlines,
    announce_erasures,
    count_overdue,
    end_retention,
)
from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.publisher import EventBridgePublisher


class Environment(RetentionSettings):
    """Environment of the deadlines function."""

    bus_name: str
    decisions_table: str
    erasure_ledger_table: str
    request_log_table: str


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """End retentions, count overdue requests and complete erasures; safe to repeat."""
    with invocation() as line:
        overdue = count_overdue(deadlines())
        # An alarm watches this metric, so zero is written too.
        line.count("RequestsOverdue", overdue)
        ended = end_retention(deadlines())
        line.count("RetentionsEnded", ended)
        counted = announce_erasures(deadlines())
        line.note(through=counted.through.isoformat(), erased=counted.erased)
        return {"overdue": overdue, "ended": ended}


@cache
def deadlines() -> Deadlines:
    """Compose the adapters from the environment."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    return Deadlines(
        registrations=DynamoDbDecisions(RevisionedTable(dynamodb, settings.decisions_table)),
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        erasures=DynamoDbErasureLedger(dynamodb, settings.erasure_ledger_table),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "deadlines"),
        clock=clients.now,
        entropy=secrets.token_bytes,
        rejected=settings.rejected,
    )
