"""What a sweep sees of the stores in memory, and its progress."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.credentials import RollEntry
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import SubjectRequest
from civic.identity.model.rows import DecisionRow, Tombstone, VaultRow
from civic.identity.model.sweeping import (
    Buried,
    Cursor,
    Death,
    Followed,
    Follower,
    Held,
    Life,
    Search,
    Walk,
)
from civic.identity.ports.sweeping import Page
from civic.lab.memory.accountability import (
    MemoryErasureLedger,
    MemoryRequestLog,
    MemoryReviewQueue,
)
from civic.lab.memory.analytics import Join, MemoryJoins
from civic.lab.memory.areas import MemoryAreas
from civic.lab.memory.credentials import MemoryIssuerRoll
from civic.lab.memory.identity import MemoryDecisions, MemorySubjectKeys, MemoryVault


@dataclass
class MemoryOverview:
    """Every store about people, for looking only."""

    decisions: MemoryDecisions
    vault: MemoryVault
    subject_keys: MemorySubjectKeys
    roll: MemoryIssuerRoll
    joins: MemoryJoins
    ledger: MemoryErasureLedger
    reviews: MemoryReviewQueue
    requests: MemoryRequestLog
    areas: MemoryAreas

    def lives(self, start: str | None, size: int) -> Page[Life | Death]:
        names, end = _page(self.decisions.rows, start, size)
        rows = [self.life(RegistrationId(name)) for name in names]
        return [row for row in rows if row is not None], end

    def records(self, start: str | None, size: int) -> Page[Held]:
        names, end = _page(self.vault.rows, start, size)
        rows = [self.record(RegistrationId(name)) for name in names]
        return [row for row in rows if isinstance(row, Held)], end

    def keys(self, start: str | None, size: int) -> Page[RecordId]:
        by_name = {f"{one.id}/{one.revision:08}": one for one in self.subject_keys.rows}
        names, end = _page(by_name, start, size)
        return [by_name[name] for name in names], end

    def open_requests(self, start: str | None, size: int) -> Page[SubjectRequest]:
        by_name = {
            f"{registration}/{kind}/{revision or 0:08}": request
            for (registration, kind, revision), request in self.requests.pending.items()
        }
        names, end = _page(by_name, start, size)
        return [by_name[name] for name in names], end

    def life(self, registration: RegistrationId) -> Life | Death | None:
        row = self.decisions.rows.get(registration)
        if isinstance(row, Tombstone):
            return Death(row.id, row.erased_at, listed=bool(row.listed))
        return _life(row) if row else None

    def record(self, registration: RegistrationId) -> Held | Buried | None:
        row = self.vault.rows.get(registration)
        if isinstance(row, VaultRow):
            return Held(row.record, row.access_digest, row.updated)
        return Buried() if row else None

    def has_key(self, record: RecordId) -> bool:
        return record in self.subject_keys.rows

    def on_roll(self, registration: RegistrationId) -> Follower:
        row = self.roll.rows.get(registration)
        if isinstance(row, RollEntry):
            standing = row.standing
            return Followed(
                standing.revision,
                standing.round,
                accepted=standing.accepted,
                area_version=standing.area_version,
            )
        return Buried() if row else None

    def joined(self, registration: RegistrationId) -> Follower:
        row = self.joins.rows.get(registration)
        if isinstance(row, Join):
            made = row.decision
            return Followed(made.revision if made else None, made.round if made else 0, row.stored)
        return Buried() if row else None

    def has_receipt(self, registration: RegistrationId) -> bool:
        row = self.ledger.rows.get(registration)
        return row is not None and row.requested_at is not None and row.receipt is not None

    def area_version(self) -> int:
        return self.areas.used.version if self.areas.used else 0

    def case_of(self, registration: RegistrationId) -> Revision | None:
        case = self.reviews.rows.get(registration)
        return case.record.revision if case else None


@dataclass
class MemoryProgress:
    """The progress of every walk."""

    rows: dict[Walk | Search, Cursor] = field(default_factory=dict)

    def cursor(self, walk: Walk | Search) -> Cursor:
        return self.rows.get(walk, Cursor())

    def advance(self, walk: Walk | Search, come_to: Cursor) -> bool:
        if self.cursor(walk).number >= come_to.number:
            return False
        self.rows[walk] = come_to
        return True


def _page(rows: Iterable[str], start: str | None, size: int) -> tuple[list[str], str | None]:
    after = sorted(name for name in rows if start is None or name > start)
    names = list(islice(after, size))
    return names, names[-1] if len(names) == size else None


def _life(row: DecisionRow) -> Life:
    return Life(
        row.record,
        row.access_digest,
        row.updated,
        row.verdict.decision if row.verdict else None,
        row.verdict.round if row.verdict else 0,
        restricted=row.restricted,
        accepted_by=row.acceptance.revision if row.acceptance else None,
        listed=bool(row.listed),
    )
