"""What PII storage does: keep sealed records, destroy keys. It can open nothing."""

from dataclasses import dataclass

from civic.contracts.events import DataChange, DeletionRequest, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import VaultRow, tombstone
from civic.identity.ports import PiiVault, SubjectKeyStore

_FIRST = Revision(1)


@dataclass(frozen=True, slots=True)
class Storage:
    """What the use cases of PII storage work with."""

    subject_keys: SubjectKeyStore
    vault: PiiVault


def store(storage: Storage, request: ValidationRequest) -> DataChange | None:
    """Keep a sealed revision and destroy the keys of those before it.

    Returns:
        What to announce, also for a redelivery; None where the revision has been superseded or
        the registration erased. The key that came with such a revision is destroyed.
    """
    record = RecordId(request.id, request.revision)
    row = VaultRow(
        record,
        AccessDigest(request.access_digest),
        request.sealed,
        created=request.created_at,
        updated=request.submitted_at,
    )
    known = storage.vault.store(row)
    if known is not None and known != record:
        storage.subject_keys.delete(record)
        return None
    if record.revision > _FIRST:
        _destroy_keys(storage, request.id, before=record.revision)
    return DataChange(
        id=request.id,
        revision=request.revision,
        at=request.submitted_at,
        traceparent=request.traceparent,
    )


def erase(storage: Storage, request: DeletionRequest) -> DataChange:
    """Erase a record and destroy every subject key of its registration (GDPR Art. 17).

    The tombstone comes first: a revision that arrives later meets it and takes its own key along.
    Without the keys, copies in queues, archives and backups cannot be opened any more.
    """
    storage.vault.bury(tombstone(request.id, request.requested_at, TOMBSTONE_LIFETIME))
    _destroy_keys(storage, request.id)
    return DataChange(id=request.id, at=request.requested_at, traceparent=request.traceparent)


def _destroy_keys(
    storage: Storage, registration: RegistrationId, before: Revision | None = None
) -> None:
    for revision in storage.subject_keys.revisions(registration):
        if before is None or revision < before:
            storage.subject_keys.delete(RecordId(registration, revision))
