"""The stores of the analytics domain in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from civic.analytics.aggregates import Release
from civic.analytics.joins import Counted
from civic.contracts.events import Cohort, DecisionMade
from civic.contracts.identifiers import RegistrationId, Revision


@dataclass
class Join:
    """What is known about one registration: its decision, and the revision that is stored."""

    decision: DecisionMade | None = None
    stored: Revision | None = None
    restriction: int = 0


class MemoryJoins:
    """The join store."""

    def __init__(self) -> None:
        self.rows: dict[RegistrationId, Join | datetime] = {}
        self.living: set[RegistrationId] = set()
        """Registrations whose tombstone is for an objection and does not expire."""

    def decided(self, decision: DecisionMade) -> None:
        row = self._row(decision.id)
        if row and (row.decision is None or _step(row.decision) < _step(decision)):
            row.decision = decision

    def stored(self, registration: RegistrationId, revision: Revision) -> None:
        row = self._row(registration)
        if row and (row.stored is None or row.stored < revision):
            row.stored = revision

    def restricted(self, registration: RegistrationId, sequence: int) -> None:
        row = self._row(registration)
        if row:
            row.restriction = max(row.restriction, sequence)

    def objected(self, registration: RegistrationId, at: datetime) -> None:
        known = self.rows.get(registration)
        if isinstance(known, datetime):
            if registration in self.living:
                self.rows[registration] = min(known, at)
            return
        self.rows[registration] = at
        self.living.add(registration)

    def erased(self, registration: RegistrationId, at: datetime, _expires: datetime) -> None:
        known = self.rows.get(registration)
        if isinstance(known, datetime) and registration not in self.living:
            at = min(known, at)
        self.rows[registration] = at
        self.living.discard(registration)

    def complete(self) -> Iterator[Counted]:
        for row in self.rows.values():
            if not isinstance(row, Join) or row.decision is None or row.restriction % 2:
                continue
            if row.decision.revision == row.stored:
                yield _counted(row.decision)

    def _row(self, registration: RegistrationId) -> Join | None:
        row = self.rows.setdefault(registration, Join())
        return row if isinstance(row, Join) else None


class MemoryReleases:
    """The release archive."""

    bucket = "releases"

    def __init__(self) -> None:
        self.releases: dict[str, Release] = {}

    def write(self, release_id: str, released_at: datetime, release: Release) -> tuple[str, str]:
        prefix = f"releases/{released_at:%Y/%m/%d}/{release_id}"
        self.releases[prefix] = release
        return f"{prefix}.json", f"{prefix}.jsonl"


def _step(decision: DecisionMade) -> tuple[int, int]:
    return decision.revision, decision.round


def _counted(decision: DecisionMade) -> Counted:
    return Counted(
        decision.decided_at.date(),
        decision.cohort,
        decision.in_force,
        decision.codes_in_force,
    )


class MemoryCohorts:
    """What an access request is shown of the join store."""

    def __init__(self, joins: MemoryJoins) -> None:
        self.joins = joins

    def get(self, registration: RegistrationId) -> Cohort | None:
        row = self.joins.rows.get(registration)
        made = row.decision if isinstance(row, Join) else None
        return made.cohort if made else None
