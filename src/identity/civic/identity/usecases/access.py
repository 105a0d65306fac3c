"""What subject access does: show a citizen everything that is held about them."""

from dataclasses import dataclass

from civic.contracts.events import Cohort
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.ports import Clock
from civic.identity.errors import DigestsDisagree, NotYetStored, RegistrationNotFound
from civic.identity.model.keys import AccessDigest, RecordId, StoredSubjectKey
from civic.identity.model.opened import Opened, open_registration
from civic.identity.model.registration import Registration
from civic.identity.model.requests import History, RequestKind, SubjectRequest
from civic.identity.model.rows import DecisionRow, Tombstone, VaultRow
from civic.identity.ports import (
    Cohorts,
    DecisionStore,
    KeyUnwrapper,
    PiiVault,
    RequestLog,
    SubjectKeyStore,
)
from civic.identity.ports.renewing import AccessRenewals
from civic.identity.usecases.holding import holds

_FIRST = Revision(1)
_TRIES = 2
"""A rectification can replace row and key between the two reads; it does not do so twice."""


@dataclass(frozen=True, slots=True)
class Records:
    """Sealed records and what opens them."""

    subject_keys: SubjectKeyStore
    unwrapper: KeyUnwrapper
    vault: PiiVault


@dataclass(frozen=True, slots=True)
class Access:
    """What subject access works with."""

    records: Records
    decisions: DecisionStore
    cohorts: Cohorts
    requests: RequestLog
    clock: Clock
    renewals: AccessRenewals


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The opened record, the decision on it, and who asked for or looked at it before."""

    registration: Registration
    row: VaultRow
    decision: DecisionRow | None
    cohort: Cohort | None
    """What analytics holds."""
    history: History


def disclose(access: Access, registration: RegistrationId, access_token: str) -> Disclosure:
    """Open a citizen's own record (GDPR Art. 15).

    The same four reads come before any refusal of a wrong token, so the time it takes does not
    tell an unknown id from a known one. The request is logged before anything is opened.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
        DigestsDisagree: The rows do not agree on whose it is; nothing was opened.
        NotYetStored: Registered, but the record is still on its way to the store.
    """
    decision = access.decisions.get(registration)
    stored, key_row = _look(access.records, registration)
    alive = decision if isinstance(decision, DecisionRow) else None
    first = alive or stored or key_row
    digest = first.access_digest if first else None
    theirs = holds(access.renewals, registration, access_token, digest)
    if alive and theirs and not (stored or key_row):
        # A first record and a correction may both have been stored between the two reads. Only
        # the holder of the right token waits for a second look.
        stored, key_row = _look(access.records, registration)
    known = stored or key_row
    if known is not None:
        _agree(known.access_digest, key_row, alive)
    if known is None or not theirs:
        raise RegistrationNotFound
    if isinstance(decision, Tombstone):
        # Erasure was acknowledged; the record is about to go.
        raise RegistrationNotFound
    access.requests.note_request(SubjectRequest(registration, RequestKind.ACCESS, access.clock()))
    if stored is None:
        raise NotYetStored
    cohort = access.cohorts.get(registration)
    opened, row = open_record(access.records, registration, stored.access_digest)
    access.requests.complete(registration, RequestKind.ACCESS, access.clock())
    history = access.requests.history(registration)
    return Disclosure(opened.registration, row, decision, cohort, history)


def _look(
    records: Records, registration: RegistrationId
) -> tuple[VaultRow | None, StoredSubjectKey | None]:
    """Return the record, if it is stored, and its key or else that of the first revision."""
    row = records.vault.get(registration)
    stored = row if isinstance(row, VaultRow) else None
    record = stored.record if stored else RecordId(registration, _FIRST)
    return stored, records.subject_keys.get(record)


def open_record(
    records: Records, registration: RegistrationId, access_digest: AccessDigest
) -> tuple[Opened, VaultRow]:
    """Open a record for somebody whose right to it has been established.

    Args:
        records: Where the record and its key are.
        registration: Whose record.
        access_digest: The digest that the right was established by. The record and the key must be
            under the same one.

    Raises:
        RegistrationNotFound: There is no record that could be opened.
        DigestsDisagree: The record or its key is under another digest.
    """
    for _ in range(_TRIES):
        row = records.vault.get(registration)
        if not isinstance(row, VaultRow):
            break
        key_row = records.subject_keys.get(row.record)
        _agree(access_digest, row, key_row)
        if key_row is not None:
            key = records.unwrapper.unwrap(key_row.wrapped, registration, access_digest)
            return open_registration(key, row.record, row.sealed), row
    # A record whose key is still missing was erased: the row came back from a copy.
    raise RegistrationNotFound


def _agree(digest: AccessDigest, *rows: DecisionRow | VaultRow | StoredSubjectKey | None) -> None:
    if any(row is not None and row.access_digest != digest for row in rows):
        raise DigestsDisagree
