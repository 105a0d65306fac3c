"""The stores of the identity domain in memory, with the semantics of their DynamoDB tables."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import RevisionTaken
from civic.identity.model.keys import AccessDigest, RecordId, StoredSubjectKey, WrappedKey
from civic.identity.model.likeness import Comparison
from civic.identity.model.pairs import Kinds
from civic.identity.model.retention import has_ended
from civic.identity.model.rows import DecisionRow, Status, Tombstone, VaultRow
from civic.lab.memory.likenesses import MemoryLikenesses


class MemorySubjectKeys:
    """The subject key store and its pages for rewrapping."""

    def __init__(self) -> None:
        self.rows: dict[RecordId, StoredSubjectKey] = {}

    def put(self, row: StoredSubjectKey) -> None:
        if row.record in self.rows:
            raise RevisionTaken
        self.rows[row.record] = row

    def get(self, record: RecordId) -> StoredSubjectKey | None:
        return self.rows.get(record)

    def owners(self, registration: RegistrationId) -> dict[Revision, AccessDigest]:
        own = sorted(record.revision for record in self.rows if record.id == registration)
        return {one: self.rows[RecordId(registration, one)].access_digest for one in own}

    def delete(self, record: RecordId) -> None:
        self.rows.pop(record, None)

    def page(self, cursor: str | None, size: int) -> tuple[list[StoredSubjectKey], str | None]:
        """Return the rows after the one that the cursor names; as in a scan, in no real order."""
        after = (
            row for record, row in sorted(self.rows.items(), key=_place) if _beyond(record, cursor)
        )
        rows = list(islice(after, size))
        return rows, _name(rows[-1].record) if len(rows) == size else None

    def replace(self, old: StoredSubjectKey, new: WrappedKey) -> bool:
        known = self.rows.get(old.record)
        if known is None or known.wrapped.blob != old.wrapped.blob:
            return False
        self.rows[old.record] = replace(known, wrapped=new)
        return True


class MemoryDecisions:
    """The low-security store."""

    def __init__(self, likenesses: MemoryLikenesses | None = None) -> None:
        self.rows: dict[RegistrationId, DecisionRow | Tombstone] = {}
        self.likenesses = likenesses or MemoryLikenesses()
        self._decided: dict[RegistrationId, datetime] = {}
        """When the last decision was made of those whose newest revision waits for one."""

    def get(self, registration: RegistrationId) -> DecisionRow | Tombstone | None:
        return self.rows.get(registration)

    def note_pending(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        name = row.record.id
        known = self.rows.get(name)
        if known is None:
            self.rows[name] = DecisionRow(row.record, row.access_digest, row.created, row.updated)
            return None
        if not isinstance(known, DecisionRow) or known.access_digest != row.access_digest:
            return known
        if not _earlier(known, row):
            return known
        if known.verdict is not None:
            self._decided[name] = known.updated
        self.rows[name] = known.corrected(row.record.revision, row.updated)
        return None

    def decide(
        self, row: DecisionRow, joining: Comparison | None = None
    ) -> DecisionRow | Tombstone | None:
        return self._write(
            row,
            lambda known, row: (
                (_earlier(known, row) or _undecided(known, row)) and not _forgets(row, known)
            ),
            joining,
        )

    def overrule(
        self,
        row: DecisionRow,
        joining: Comparison | None = None,
        apart: Mapping[RegistrationId, Kinds] | None = None,
    ) -> bool:
        written = row if apart is None else row.told_apart(apart)
        if row.record.id not in self.rows:
            return False
        return self._write(row, _overruled, joining, written) is None

    def release(self, row: DecisionRow) -> bool:
        return self.renew(row) and self._keep(replace(row, pairs=row.pairs.without_open()))

    def _keep(self, row: DecisionRow) -> bool:
        self.rows[row.record.id] = row
        return True

    def renew(self, row: DecisionRow, joining: Comparison | None = None) -> bool:
        known = self.rows.get(row.record.id)
        if not isinstance(known, DecisionRow) or not _agree(known, row):
            return False
        if (known.record, known.updated) != (row.record, row.updated):
            return False
        if joining is not None:
            self.likenesses.add(joining, row.record.id)
            row = row.joined(joining)
        self.rows[row.record.id] = row
        return True

    def restrict(self, row: DecisionRow, at: datetime) -> bool:
        known = self.rows.get(row.record.id)
        if not isinstance(known, DecisionRow) or known.restriction != row.restriction:
            return False
        self.rows[row.record.id] = replace(
            known, restriction=known.restriction + 1, restriction_changed=at
        )
        return True

    def contest(self, registration: RegistrationId, decided: datetime) -> bool:
        known = self.rows.get(registration)
        if not isinstance(known, DecisionRow):
            return False
        if known.verdict is None and self._decided.get(registration) == decided:
            decided = known.updated
        self.rows[registration] = replace(known, contested=decided)
        return True

    def retire(self, row: DecisionRow, grave: Tombstone) -> bool:
        if self.rows.get(row.record.id) != row:
            return False
        self.rows[row.record.id] = _to_the_second(grave)
        return True

    def ended(self, rejected_before: datetime) -> Iterator[DecisionRow]:
        for row in list(self.rows.values()):
            if isinstance(row, DecisionRow) and has_ended(row, rejected_before):
                yield row

    def bury(self, grave: Tombstone) -> DecisionRow | Tombstone | None:
        known = self.rows.get(grave.id)
        if known is not None and not _is_about(grave, known):
            return known
        if known is not None and known.listed not in ((), grave.listed):
            return known
        return None if _bury(self.rows, grave) else known

    def unlisted(self, grave: Tombstone) -> None:
        if self.rows.get(grave.id) == grave:
            self.rows[grave.id] = replace(grave, listed=())

    def _write(
        self,
        row: DecisionRow,
        may: Callable[[DecisionRow | Tombstone, DecisionRow], bool],
        joining: Comparison | None = None,
        written: DecisionRow | None = None,
    ) -> DecisionRow | Tombstone | None:
        known = self.rows.get(row.record.id)
        same = not isinstance(known, DecisionRow) or _agree(known, row)
        if known is not None and not (may(known, row) and same):
            return known
        written = written or row
        if joining is not None:
            self.likenesses.add(joining, row.record.id)
            written = written.joined(joining)
        self.rows[row.record.id] = written
        return None


class MemoryVault:
    """The high-security store."""

    def __init__(self) -> None:
        self.rows: dict[RegistrationId, VaultRow | Tombstone] = {}

    def get(self, registration: RegistrationId) -> VaultRow | Tombstone | None:
        return self.rows.get(registration)

    def store(self, row: VaultRow) -> VaultRow | Tombstone | None:
        known = self.rows.get(row.record.id)
        if known is None or (_earlier(known, row) and known.access_digest == row.access_digest):
            self.rows[row.record.id] = row
            return None
        return known

    def bury(self, grave: Tombstone) -> None:
        _bury(self.rows, grave)


def _bury[R](rows: dict[RegistrationId, R | Tombstone], grave: Tombstone) -> bool:
    known = rows.get(grave.id)
    if isinstance(known, Tombstone) and known.erased_at <= grave.erased_at:
        return False
    rows[grave.id] = _to_the_second(grave)
    return True


def _is_about(grave: Tombstone, known: DecisionRow | Tombstone) -> bool:
    began = isinstance(known, Tombstone) or known.created <= grave.erased_at
    return began and known.access_digest == grave.access_digest


def _agree(known: DecisionRow, row: DecisionRow) -> bool:
    same = (known.restriction, known.access_digest) == (row.restriction, row.access_digest)
    return same and (known.listed, known.pairs) == (row.listed, row.pairs)


def _forgets(row: DecisionRow, known: DecisionRow | Tombstone) -> bool:
    """Return whether a row, written over another, would lose what ``after`` keeps of it."""
    if not isinstance(known, DecisionRow):
        return False
    merged = row.after(known)
    unanswered = known.waits_for_people and not (row.accepted or row.waits_for_people)
    return unanswered or (row.acceptance, row.ruling) != (merged.acceptance, merged.ruling)


def _overruled(known: DecisionRow | Tombstone, row: DecisionRow) -> bool:
    return (
        isinstance(known, DecisionRow)
        and known.record == row.record
        and known.verdict is not None
        and row.verdict is not None
        and known.verdict.round < row.verdict.round
    )


def _earlier(known: DecisionRow | VaultRow | Tombstone, row: DecisionRow | VaultRow) -> bool:
    return not isinstance(known, Tombstone) and known.record.revision < row.record.revision


def _undecided(known: DecisionRow | Tombstone, row: DecisionRow) -> bool:
    return (
        isinstance(known, DecisionRow)
        and known.record == row.record
        and known.status is Status.PENDING
    )


def _to_the_second(grave: Tombstone) -> Tombstone:
    # DynamoDB's expiry is a whole number of seconds.
    expires = grave.expires.replace(microsecond=0) if grave.expires else None
    return replace(grave, expires=expires)


def _name(record: RecordId) -> str:
    return f"{record.id}/{record.revision:08}"


def _place(item: tuple[RecordId, StoredSubjectKey]) -> str:
    return _name(item[0])


def _beyond(record: RecordId, cursor: str | None) -> bool:
    return cursor is None or _name(record) > cursor
