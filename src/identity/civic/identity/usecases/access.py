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
_TRIES = 2
"""A rectification can replace row and key between the two reads; it does not do so twice."""


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

    Two reads before any refusal, whatever the reason: how long it takes does not tell an unknown
    id from a wrong token.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        NotYetStored: Registered, but the record is still on its way to the store.
    """
    for _ in range(_TRIES):
        row = access.vault.get(registration)
        stored = row if isinstance(row, VaultRow) else None
        record = stored.record if stored else RecordId(registration, _FIRST)
        key_row = access.subject_keys.get(record)
        known = stored or key_row
        if not may_access(access_token, known.access_digest if known else None):
            raise RegistrationNotFound
        if stored is None:
            raise NotYetStored
        if key_row is not None:
            key = access.unwrapper.unwrap(key_row.wrapped, registration)
            return _opened(stored, unseal(key, record, stored.sealed))
    # A record whose key stays away was erased: this row came back from a copy.
    raise RegistrationNotFound


def _opened(row: VaultRow, fields: dict[str, bytes]) -> Disclosure:
    return Disclosure(
        Registration.from_fields(fields), row.record.revision, row.created, row.updated
    )
