"""Waits for what happens behind the API: always for a fact, never for a time."""

from typing import Any

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.operator.operations import queue_depths
from civic.stack.stacks import IDENTITY
from civic.stack.target import Target
from civic.terminal.waiting import until

eventually = until


def decided(citizen: Citizen, receipt: Receipt, revision: int = 1) -> dict[str, Any]:
    """Wait until a revision is decided, and return the status."""

    def look() -> dict[str, Any] | None:
        status = citizen.status(receipt)
        done = status["status"] == "fulfilled" and status["revision"] >= revision
        return status if done else None

    return eventually(f"revision {revision} is decided", look)


def stored(citizen: Citizen, receipt: Receipt, revision: int = 1) -> dict[str, Any]:
    """Wait until a revision is stored, and return all data that is held."""

    def look() -> dict[str, Any] | None:
        try:
            shown = citizen.data(receipt)
        except Refused as not_yet:
            if not_yet.code != "not_yet_stored":
                raise
            return None
        return shown if shown["revision"] >= revision else None

    return eventually(f"revision {revision} is stored", look)


def settled(target: Target) -> None:
    """Wait until every consumer of identity has handled everything sent to it."""

    def idle() -> bool:
        return all(depth.waiting + depth.in_flight == 0 for depth in queue_depths(target, IDENTITY))

    # Twice, as an event on its way between two queues is on the bus and in neither of them.
    eventually("the queues are empty", lambda: idle() and idle())
