"""What the gateway does: seal, publish, answer. It can open nothing, not even its own seals.

The order of the calls is what makes a crash harmless. The subject key is written first: without
it nothing published could be opened. The event comes second: once the bus has it, the request
happens. The pending row comes last, so that its being there proves that the event went out. A
request that fails before the last step was not acknowledged, and may be sent again.
"""

from dataclasses import dataclass, replace

from civic.contracts.events import DeletionRequest, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.contracts.trace import RandomBytes, TraceContext
from civic.identity.errors import (
    IdempotencyKeyReused,
    RegistrationErased,
    RegistrationNotFound,
    RevisionTaken,
    TooManyRevisions,
)
from civic.identity.model.keys import (
    SUBJECT_KEY_BYTES,
    RecordId,
    StoredSubjectKey,
    SubjectKey,
    may_access,
)
from civic.identity.model.receipt import Receipt, issue_receipt
from civic.identity.model.registration import Registration
from civic.identity.model.rows import DecisionRow, Tombstone, tombstone
from civic.identity.model.sealing import seal
from civic.identity.ports import Clock, DecisionStore, EventPublisher, KeyWrapper, SubjectKeyStore

_REVISION_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Intake:
    """What the gateway's use cases work with."""

    subject_keys: SubjectKeyStore
    wrapper: KeyWrapper
    decisions: DecisionStore
    events: EventPublisher
    clock: Clock
    entropy: RandomBytes


def register(
    intake: Intake, registration: Registration, idempotency_key: str | None, trace: TraceContext
) -> Receipt:
    """Take a new registration in; three AWS calls.

    Returns:
        The id and the access token; for a repeated Idempotency-Key the same as the first time.

    Raises:
        IdempotencyKeyReused: The key was used before, for another payload.
        RegistrationErased: The key was used before, for a registration that has been erased.
    """
    payload = registration.model_dump_json().encode()
    receipt = issue_receipt(idempotency_key, payload, intake.entropy)
    first = RecordId(receipt.id, Revision(1))
    now = intake.clock()
    row = DecisionRow(first, receipt.access_digest, created=now, updated=now)
    try:
        _submit(intake, row, registration, trace)
    except RevisionTaken:
        return _resume(intake, row, registration, receipt, trace)
    return _settle(receipt, intake.decisions.open(row))


def _resume(
    intake: Intake,
    row: DecisionRow,
    registration: Registration,
    receipt: Receipt,
    trace: TraceContext,
) -> Receipt:
    """Answer a retry; finish the first attempt if it broke off before its last step."""
    digest = intake.subject_keys.access_digest(row.record)
    if digest is not None and not may_access(receipt.access_token, digest):
        raise IdempotencyKeyReused
    known = intake.decisions.get(receipt.id)
    if known is None:
        # Nobody can tell whether the event went out, and the first subject key is lost to us:
        # send the same data again as a later revision, which wins over the first if both arrive.
        row = _submit_next(intake, row, registration, trace)
        known = intake.decisions.open(row)
    return _settle(receipt, known)


def _settle(receipt: Receipt, known: DecisionRow | Tombstone | None) -> Receipt:
    if isinstance(known, Tombstone):
        raise RegistrationErased
    if known is not None and not may_access(receipt.access_token, known.access_digest):
        raise IdempotencyKeyReused
    return receipt


def rectify(
    intake: Intake,
    registration: RegistrationId,
    access_token: str,
    corrected: Registration,
    trace: TraceContext,
) -> DecisionRow:
    """Replace a registration's data by a corrected version, to be validated anew.

    Source: GDPR Art. 16.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        TooManyRevisions: Other corrections of the same registration kept coming in between.
    """
    known = read_status(intake.decisions, registration, access_token)
    row = _submit_next(intake, known, corrected, trace)
    if isinstance(intake.decisions.open(row), Tombstone):
        raise RegistrationNotFound
    return row


def read_status(
    decisions: DecisionStore, registration: RegistrationId, access_token: str
) -> DecisionRow:
    """Return what is known of a registration.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's; which of them cannot be told.
    """
    known = decisions.get(registration)
    allowed = may_access(access_token, known.access_digest if known else None)
    if not allowed or not isinstance(known, DecisionRow):
        raise RegistrationNotFound
    return known


def request_erasure(
    intake: Intake, registration: RegistrationId, access_token: str, trace: TraceContext
) -> Tombstone:
    """Erase a registration; repeating the request gives the same answer (GDPR Art. 17).

    Raises:
        RegistrationNotFound: Unknown, or another person's.
    """
    known = intake.decisions.get(registration)
    if not may_access(access_token, known.access_digest if known else None) or known is None:
        raise RegistrationNotFound
    if isinstance(known, Tombstone):
        return known
    now = intake.clock()
    intake.events.publish(
        [
            DeletionRequest(
                id=registration,
                requested_at=now,
                access_digest=known.access_digest,
                traceparent=trace.traceparent,
            )
        ]
    )
    grave = tombstone(registration, now, TOMBSTONE_LIFETIME, known.access_digest)
    intake.decisions.bury(grave)
    return grave


def _submit(
    intake: Intake, row: DecisionRow, registration: Registration, trace: TraceContext
) -> None:
    """Seal and publish one revision.

    Raises:
        RevisionTaken: The revision has a subject key already; nothing was published.
    """
    key = SubjectKey(intake.entropy(SUBJECT_KEY_BYTES))
    wrapped = intake.wrapper.wrap(key, row.record.id)
    intake.subject_keys.put(StoredSubjectKey(row.record, wrapped, row.access_digest))
    intake.events.publish(
        [
            ValidationRequest(
                id=row.record.id,
                revision=row.record.revision,
                created_at=row.created,
                submitted_at=row.updated,
                access_digest=row.access_digest,
                sealed=seal(key, row.record, registration.to_fields(), intake.entropy),
                traceparent=trace.traceparent,
            )
        ]
    )


def _submit_next(
    intake: Intake, known: DecisionRow, registration: Registration, trace: TraceContext
) -> DecisionRow:
    """Submit under the next free revision; a number lost to a crashed request is passed over."""
    for step in range(1, _REVISION_ATTEMPTS + 1):
        record = replace(known.record, revision=Revision(known.record.revision + step))
        row = replace(known, record=record, updated=intake.clock(), verdict=None)
        try:
            _submit(intake, row, registration, trace)
        except RevisionTaken:
            continue
        return row
    raise TooManyRevisions
