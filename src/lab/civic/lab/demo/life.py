"""The demo's account of one citizen's life: what happened, and the facts that must hold."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.lab.demo.copies import Item
from civic.terminal.waiting import until

_NOT_FOUND = 404
_TOMBSTONE = {"id", "erased_at", "ttl", "access_digest"}


@dataclass(slots=True)
class Life:
    """What happened, as lines to read, and the checks that must hold."""

    decision_ms: float | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)
    chapters: dict[int, str] = field(default_factory=dict)
    """Headings, by the number of the line that follows."""
    checks: dict[str, bool] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The citizen's own request log at the end."""

    def chapter(self, heading: str) -> None:
        """Begin a chapter."""
        self.chapters[len(self.lines)] = heading

    def tell(self, step: str, outcome: str) -> None:
        """Add a line."""
        self.lines.append((step, outcome))

    def check(self, fact: str, holds: bool) -> None:  # noqa: FBT001 - a fact and its truth
        """Add a fact that must hold, and a line for it."""
        self.checks[fact] = holds
        self.tell(fact, "yes" if holds else "NO")

    @property
    def unreadable_copies(self) -> int:
        """How many copies resisted the break-in after the erasure."""
        return sum(ok for fact, ok in self.checks.items() if fact.startswith("unreadable: "))


def await_decision(citizen: Citizen, receipt: Receipt, revision: int) -> dict[str, Any]:
    """Wait until a revision is decided, and return the status."""

    def look() -> dict[str, Any] | None:
        status = citizen.status(receipt)
        done = status["status"] == "fulfilled" and status["revision"] >= revision
        return status if done else None

    return until(f"revision {revision} is decided (see `civic dlq list`)", look)


def await_stored(citizen: Citizen, receipt: Receipt, revision: int) -> dict[str, Any]:
    """Wait until a revision is stored, and return all data that is held."""

    def look() -> dict[str, Any] | None:
        shown = citizen.data(receipt)
        return shown if shown["revision"] >= revision else None

    return until(f"revision {revision} is stored", look)


def refused(call: Callable[[], object], status: int = _NOT_FOUND) -> bool:
    """Return whether the API refuses a request with this status."""
    try:
        call()
    except Refused as refusal:
        return refusal.status == status
    return False


def is_tombstone(item: Item | None) -> bool:
    """Return whether a row says that its registration was erased, and nothing else about it."""
    return item is not None and "erased_at" in item and not item.keys() - _TOMBSTONE
