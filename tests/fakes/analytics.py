"""The stores of the analytics domain in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from civic.analytics.model.joins import Counted
from civic.analytics.model.release import Release
from civic.contracts.events import DecisionMade
from civic.contracts.identifiers import RegistrationId, Revision


@dataclass
class Join:
    """What is known of one registration: its decision, and the revision that is stored."""

    decision: DecisionMade | None = None
    stored: Revision | None = None


class InMemoryJoins:
    """The join store."""

    def __init__(self) -> None:
        self.rows: dict[RegistrationId, Join | datetime] = {}

    def decided(self, decision: DecisionMade) -> None:
        row = self._row(decision.id)
        if row and (row.decision is None or row.decision.revision < decision.revision):
            row.decision = decision

    def stored(self, registration: RegistrationId, revision: Revision) -> None:
        row = self._row(registration)
        if row and (row.stored is None or row.stored < revision):
            row.stored = revision

    def erased(self, registration: RegistrationId, at: datetime) -> None:
        self.rows[registration] = at

    def complete(self) -> Iterator[Counted]:
        for row in self.rows.values():
            if isinstance(row, Join) and row.decision and row.decision.revision == row.stored:
                yield _counted(row.decision)

    def _row(self, registration: RegistrationId) -> Join | None:
        row = self.rows.setdefault(registration, Join())
        return row if isinstance(row, Join) else None


class InMemoryReleases:
    """The release archive."""

    bucket = "releases"

    def __init__(self) -> None:
        self.releases: dict[str, Release] = {}

    def write(self, release_id: str, released_at: datetime, release: Release) -> tuple[str, str]:
        prefix = f"releases/{released_at:%Y/%m/%d}/{release_id}"
        self.releases[prefix] = release
        return f"{prefix}.json", f"{prefix}.jsonl"


def _counted(decision: DecisionMade) -> Counted:
    return Counted(
        decision.decided_at.date(),
        decision.cohort,
        decision.decision,
        tuple(sorted({reason.code for reason in decision.reasons})),
    )
