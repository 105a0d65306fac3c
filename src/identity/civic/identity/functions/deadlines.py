"""Queue (on a schedule) or direct invocation: do what is due today."""

import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.usecases.deadlines import (
    Checked,
    Deadlines,
    announce_erasures,
    count_overdue,
    end_retention,
)
from civic.runtime import clients
from civic.runtime.observability import Invocation, invocation
from civic.runtime.publisher import EventBridgePublisher

_MOST_NAMED = 100
"""How many rows that cannot be read the line names."""


class Environment(RetentionSettings):
    """Environment of the deadlines function."""

    bus_name: str
    decisions_table: str
    erasure_ledger_table: str
    request_log_table: str


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """End retentions, count overdue requests and complete erasures; safe to repeat.

    A job that fails stops no other, and fails the invocation.
    """
    with invocation() as line:
        done: dict[str, Checked] = {}
        failed: dict[str, Exception] = {}
        for name, job in _JOBS.items():
            try:
                done[name] = job(line)
            except Exception as error:  # noqa: BLE001 - a job that fails must not stop the others
                failed[name] = error
        unreadable = [one for checked in done.values() for one in checked.unreadable]
        line.count("RowsUnreadable", len(unreadable))
        for registration in unreadable[:_MOST_NAMED]:
            line.record(id=registration, outcome="unreadable")
        line.raise_first(failed)
        numbers = {name: done[name].number for name in ("overdue", "ended")}
        return numbers | {"unreadable": len(unreadable)}


def _overdue(line: Invocation) -> Checked:
    checked = count_overdue(deadlines())
    # An alarm watches this metric, so zero is written too.
    line.count("RequestsOverdue", checked.number)
    return checked


def _ended(line: Invocation) -> Checked:
    checked = end_retention(deadlines())
    line.count("RetentionsEnded", checked.number)
    return checked


def _erasures(line: Invocation) -> Checked:
    counted = announce_erasures(deadlines())
    line.note(through=counted.through.isoformat(), erased=counted.erased)
    return Checked(counted.erased, ())


_JOBS: dict[str, Callable[[Invocation], Checked]] = {
    "overdue": _overdue,
    "ended": _ended,
    "erasures": _erasures,
}


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
