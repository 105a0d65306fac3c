"""Following an erasure until every store has confirmed it."""

import json
from typing import Any

from civic.client.citizen import Citizen, Receipt
from civic.terminal.waiting import until


def await_erasure(citizen: Citizen, receipt: Receipt, seconds: float) -> dict[str, Any]:
    """Return the status of an erasure once it is complete.

    Raises:
        TookTooLong: A store has not confirmed in time; the erasure goes on.
    """

    def look() -> dict[str, Any] | None:
        status = citizen.erasure(receipt)
        return status if status["status"] == "erased" else None

    return until("every store has confirmed the erasure", look, seconds)


def missing_stores(status: dict[str, Any]) -> list[str]:
    """Return the stores that have not confirmed an erasure yet."""
    return [one["store"] for one in status["stores"] if not one.get("erased_at")]


def receipt_file(status: dict[str, Any]) -> str | None:
    """Return the signed receipt as the text of a file; None until the erasure is complete."""
    signed = status.get("receipt")
    return json.dumps(signed, indent=2) + "\n" if signed else None
