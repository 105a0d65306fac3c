"""What subject access does: show a citizen everything that is held about them."""

from dataclasses import dataclass
from datetime import datetime

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.errors import NotYetStored, RegistrationNotFound
from civic.identity.model.keys import RecordId, may_access
from civic.identity.model.registration import Registration
from civic.identity.model.rows import VaultRow
from civic.identity.model.sealing import unseal
from civic.identity.ports import KeyUnwrapper, PiiVault, SubjectKeyStore

_FIRST = Revision(1)


@dataclass(frozen=True, slots=True)
class Access:
    """What subject access works with."""

    subject_keys: SubjectKeyStore
    unwrapper: KeyUnwrapper
    vault: PiiVault


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The opened record."""

    registration: Registration
    revision: Revision
    created: datetime
    updated: datetime


def disclose(access: Access, registration: RegistrationId, access_token: str) -> Disclosure:
    """Open a citizen's own record (GDPR Art. 15).

    Two reads, whatever the answer: how long it takes does not tell an unknown id from a wrong
    token.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        NotYetStored: Registered, but the record is still on its way to the store.
    """
    row = access.vault.get(registration)
    stored_row = row if isinstance(row, VaultRow) else None
    record = stored_row.record if stored_row else RecordId(registration, _FIRST)
    key_row = access.subject_keys.get(record)
    digest = stored_row.access_digest if stored_row else key_row and key_row.access_digest
    if not may_access(access_token, digest):
        raise RegistrationNotFound
    if stored_row is None or key_row is None:
        # Also while a rectification changes both between the two reads.
        raise NotYetStored
    key = access.unwrapper.unwrap(key_row.wrapped, registration)
    fields = unseal(key, record, stored_row.sealed)
    return Disclosure(
        Registration.from_fields(fields), record.revision, stored_row.created, stored_row.updated
    )
