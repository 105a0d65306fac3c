"""Schedule: open and close elections by the clock, and announce what is still unannounced."""

from functools import cache
from typing import Any

from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.settings import Settings
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.usecases.register import CALENDAR, Register, keep_calendar


class Environment(Settings):
    """Environment of the calendar."""

    bus_name: str
    elections_table: str


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Look at the calendar once; safe to repeat."""
    with invocation() as line:
        kept = keep_calendar(register())
        line.count("ElectionsMoved", kept.moved)
        line.count("ChangesAnnouncedLate", kept.announced)
        line.count("CertificationsUnannounced", kept.left)
        return {"moved": kept.moved, "announced": kept.announced}


@cache
def register() -> Register:
    """Compose the adapters."""
    settings = Environment.from_environment()
    return Register(
        store=DynamoDbElections(clients.dynamodb(), settings.elections_table),
        events=EventBridgePublisher(clients.events(), settings.bus_name, CALENDAR),
        clock=clients.now,
    )
