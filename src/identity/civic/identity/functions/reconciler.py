"""Queue (on a schedule) or direct invocation: compare the stores, have mended what was lost."""

import secrets
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from civic.identity.adapters.sweep_overview_dynamodb import DynamoDbOverview, SweptTables
from civic.identity.adapters.sweep_progress_dynamodb import DynamoDbProgress
from civic.identity.model.sweeping import Fault, Finding, Walk
from civic.identity.usecases.sweeping import Sweeping, sweep
from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.settings import Settings


class Sweep(BaseModel):
    """What an operator may ask for; the schedule goes on where the last sweep ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    walks: tuple[Walk, ...] = tuple(Walk)
    from_the_start: bool = False


class Environment(Settings):
    """Environment of the reconciler."""

    bus_name: str
    decisions_table: str
    vault_table: str
    subject_keys_table: str
    issuer_roll_table: str
    joins_table: str
    erasure_ledger_table: str
    review_queue_table: str
    request_log_table: str
    office_areas_table: str
    sweep_progress_table: str
    sweep_page_size: int


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Sweep one page of every walk; safe to repeat, also at the same time.

    It fails if any walk did, after the others have been counted.
    """
    with invocation() as line:
        command = Sweep.model_validate({} if "Records" in event else event)

        def note(fault: Fault, traceparent: str) -> None:
            line.record(id=fault.id, trace=traceparent, outcome=fault.finding.name.lower())

        swept = sweep(sweeping(), note, command.walks, from_the_start=command.from_the_start)
        # An alarm goes off if these metrics are missing: zero is written only by a whole sweep.
        for finding in Finding:
            if finding in swept.found or not swept.failed:
                line.count(finding, swept.found.get(finding, 0))
        if swept.mended or not swept.failed:
            line.count("Mended", swept.mended)
        line.note(ended=sorted(swept.ended))
        line.raise_first(swept.failed)
        return {
            "found": {finding.value: number for finding, number in swept.found.items()},
            "mended": swept.mended,
            "ended": sorted(swept.ended),
        }


@cache
def sweeping() -> Sweeping:
    """Compose the adapters from the environment."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    tables = SweptTables(
        decisions=settings.decisions_table,
        vault=settings.vault_table,
        subject_keys=settings.subject_keys_table,
        roll=settings.issuer_roll_table,
        joins=settings.joins_table,
        ledger=settings.erasure_ledger_table,
        reviews=settings.review_queue_table,
        requests=settings.request_log_table,
        areas=settings.office_areas_table,
    )
    return Sweeping(
        stores=DynamoDbOverview(dynamodb, tables),
        progress=DynamoDbProgress(dynamodb, settings.sweep_progress_table),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "reconciler"),
        clock=clients.now,
        entropy=secrets.token_bytes,
        page_size=settings.sweep_page_size,
    )
