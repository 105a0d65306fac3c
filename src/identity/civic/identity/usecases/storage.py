"""What PII storage does: keep sealed records, destroy keys. It can open nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from civic.contracts.events import (
    DataChange,
    RevalidationRequest,
    SealedRevision,
)
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.ports import Clock
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.errors import DigestsDisagree, NotYetStored
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import Tombstone, VaultRow
from civic.identity.ports import PiiVault, SubjectKeyStore


@dataclass(frozen=True, slots=True)
class Storage:
    """What the use cases of PII storage work with."""

    subject_keys: SubjectKeyStore
    vault: PiiVault
    clock: Clock


def store(storage: Storage, request: SealedRevision) -> DataChange | None:
    """Keep a sealed revision and destroy the keys of the earlier ones.

    A revision whose subject key is gone is not kept: nobody could open it, so it can only be a
    copy of something erased or superseded.

    Returns:
        What to announce, also for a redelivery; None where the revision has been superseded or
        the registration erased. The key that came with such a revision is destroyed.

    Raises:
        DigestsDisagree: The revision is not of the person whose record this is; both stay as they
            are.
    """
    record = RecordId(request.id, request.revision)
    digest = AccessDigest(request.access_digest)
    keys = storage.subject_keys.owners(request.id)
    if record.revision not in keys:
        return None
    if keys[record.revision] != digest:
        raise DigestsDisagree
    row = VaultRow(
        record,
        digest,
        request.sealed,
        created=request.created_at,
        updated=request.submitted_at,
    )
    known = storage.vault.store(row)
    if isinstance(known, Tombstone) or (known and known.record.revision > record.revision):
        storage.subject_keys.delete(record)
        return None
    if known is not None and known.access_digest != digest:
        raise DigestsDisagree
    _destroy_earlier_keys(storage, record, keys)
    return _change(request)


def _change(request: SealedRevision) -> DataChange:
    return DataChange(
        id=request.id,
        revision=request.revision,
        at=request.submitted_at,
        traceparent=request.traceparent,
    )


def resume(
    storage: Storage, registration: RegistrationId, revision: Revision | None, traceparent: str
) -> RevalidationRequest | None:
    """Ask for the decision that a restriction held back, once it is lifted (GDPR Art. 18(3)).

    While it lasts the record is kept, which is all that Art. 18(2) allows. Harmless if it was
    decided before: the decision is unchanged, and is announced again.

    Args:
        storage: Where the record is.
        registration: Whose restriction was changed.
        revision: The earliest revision to resume with; None while the restriction lasts.
        traceparent: The trace of the request that changed it.

    Raises:
        NotYetStored: The revision to resume with is still on its way; try again.
    """
    if revision is None:
        return None
    row = storage.vault.get(registration)
    if isinstance(row, Tombstone):
        return None
    if row is None or row.record.revision < revision:
        raise NotYetStored
    return _revalidation(row, traceparent)


def announce_again(
    storage: Storage, registration: RegistrationId, traceparent: str
) -> tuple[DataChange, RevalidationRequest] | None:
    """Announce what is stored once more, and destroy the keys of earlier revisions.

    A sweep found that some store has missed it. For the others it changes nothing.

    Returns:
        That it is stored, and that it is to be decided: what was decided before is announced again.
        None if nothing is stored.
    """
    row = storage.vault.get(registration)
    if not isinstance(row, VaultRow):
        return None
    _destroy_earlier_keys(storage, row.record, storage.subject_keys.owners(registration))
    request = _revalidation(row, traceparent)
    return _change(request), request


def _destroy_earlier_keys(storage: Storage, record: RecordId, keys: Iterable[Revision]) -> None:
    for revision in keys:
        if revision < record.revision:
            storage.subject_keys.delete(RecordId(record.id, revision))


def _revalidation(row: VaultRow, traceparent: str) -> RevalidationRequest:
    return RevalidationRequest(
        id=row.record.id,
        revision=row.record.revision,
        created_at=row.created,
        submitted_at=row.updated,
        access_digest=row.access_digest,
        sealed=row.sealed,
        traceparent=traceparent,
    )


def erase(storage: Storage, ended: DataChange) -> DataChange:
    """Erase a record and destroy every subject key of its registration (GDPR Art. 17).

    The tombstone comes first: a revision that arrives later meets it, and its key is destroyed.
    Without the keys, copies in queues, archives and backups can no longer be opened.
    """
    storage.vault.bury(Tombstone(ended.id, ended.at, storage.clock() + TOMBSTONE_LIFETIME))
    for revision in storage.subject_keys.owners(ended.id):
        storage.subject_keys.delete(RecordId(ended.id, revision))
    return DataChange(id=ended.id, at=ended.at, traceparent=ended.traceparent)
