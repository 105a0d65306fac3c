"""What the gateway does: seal, publish, answer. It can open nothing, not even its own seals.

The order of the calls is what makes a crash harmless. The subject key is written first: without
it nothing published could be opened. The event comes second: once the bus has it, the request
happens. The pending row comes last, so that its presence proves that the event went out. A
request that fails before the last step was not acknowledged, and may be sent again.

A request under GDPR Art. 16 or 17 is logged before it is published: what went out is in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from civic.contracts.events import DeletionRequest, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.ports import Clock, EventPublisher, RandomBytes
from civic.contracts.retention import DATED_BACK
from civic.contracts.trace import TraceContext
from civic.identity.errors import (
    DigestsDisagree,
    IdempotencyKeyReused,
    RegistrationErased,
    RegistrationNotFound,
    RegistrationRestricted,
    RevisionTaken,
    TooManyRevisions,
)
from civic.identity.model.keys import (
    SUBJECT_KEY_BYTES,
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    SubjectKey,
    may_access,
)
from civic.identity.model.opened import comparison_key
from civic.identity.model.receipt import Receipt, issue_receipt
from civic.identity.model.registration import Registration
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.model.sealing import seal
from civic.identity.ports import DecisionStore, KeyWrapper, RequestLog, SubjectKeyStore
from civic.identity.ports.renewing import AccessRenewals
from civic.identity.usecases.ending import bury
from civic.identity.usecases.holding import holds

_CLAIM_ATTEMPTS = 8
"""How often others may take the next number while one request tries to."""

type Owners = Mapping[Revision, AccessDigest]
"""The revisions that have a key, and under which digest each was claimed."""


@dataclass(frozen=True, slots=True)
class Known:
    """What it takes to find a registration by its token."""

    decisions: DecisionStore
    subject_keys: SubjectKeyStore
    renewals: AccessRenewals


@dataclass(frozen=True, slots=True)
class Intake:
    """What the gateway's use cases work with."""

    subject_keys: SubjectKeyStore
    wrapper: KeyWrapper
    decisions: DecisionStore
    requests: RequestLog
    events: EventPublisher
    clock: Clock
    entropy: RandomBytes
    renewals: AccessRenewals

    @property
    def known(self) -> Known:
        """What it takes to find a registration by its token."""
        return Known(self.decisions, self.subject_keys, self.renewals)


def register(
    intake: Intake, registration: Registration, idempotency_key: str | None, trace: TraceContext
) -> Receipt:
    """Take in a new registration, with three AWS calls, or four with an Idempotency-Key.

    An id is derived from that key, so it may have been used before. An id that has ended is not
    used again: nothing is sealed, stored or published for it.

    Returns:
        The id and the access token; for a repeated Idempotency-Key the same as the first time.

    Raises:
        IdempotencyKeyReused: The key was used before, for another payload.
        RegistrationErased: The key was used before, for a registration that has been erased.
        AccessRenewed: The same, for one to which staff have given out another token since.
    """
    payload = registration.model_dump_json().encode()
    receipt = issue_receipt(idempotency_key, payload, intake.entropy)
    first = RecordId(receipt.id, Revision(1))
    now = intake.clock()
    row = DecisionRow(first, receipt.access_digest, created=now, updated=now)
    known = intake.decisions.get(receipt.id) if idempotency_key is not None else None
    if known is not None:
        return _settle(intake, receipt, known)
    try:
        key = _claim(intake, row, receipt.access_token)
    except RevisionTaken:
        return _resume(intake, row, registration, receipt, trace)
    _publish(intake, row, key, registration, trace)
    return _settle(intake, receipt, intake.decisions.note_pending(row))


def _resume(
    intake: Intake,
    row: DecisionRow,
    registration: Registration,
    receipt: Receipt,
    trace: TraceContext,
) -> Receipt:
    """Answer a retry; finish the first attempt if it broke off before its last step."""
    owners = intake.subject_keys.owners(receipt.id)
    if not may_access(receipt.access_token, owners.get(row.record.revision, row.access_digest)):
        raise IdempotencyKeyReused
    known = intake.decisions.get(receipt.id)
    if known is None:
        if not all(may_access(receipt.access_token, digest) for digest in owners.values()):
            raise IdempotencyKeyReused
        # Nobody can tell whether the event went out, and the first subject key is lost to us:
        # send the same data again as a later revision, which wins over the first if both arrive.
        row, key = _claim_next(intake, row, owners, receipt.access_token)
        _publish(intake, row, key, registration, trace)
        known = intake.decisions.note_pending(row)
    return _settle(intake, receipt, known)


def _settle(intake: Intake, receipt: Receipt, known: DecisionRow | Tombstone | None) -> Receipt:
    """Return the receipt, if its token opens the registration that is there."""
    if isinstance(known, Tombstone):
        raise RegistrationErased
    if known is not None:
        token, digest = receipt.access_token, known.access_digest
        if not holds(intake.renewals, receipt.id, token, digest):
            raise IdempotencyKeyReused
    return receipt


def rectify(
    intake: Intake,
    registration: RegistrationId,
    access_token: str,
    corrected: Registration,
    trace: TraceContext,
) -> DecisionRow:
    """Replace a registration's data with a corrected version, to be validated again.

    Source: GDPR Art. 16.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
        DigestsDisagree: The rows do not agree on whose registration it is.
        RegistrationRestricted: The data subject has restricted the processing.
        TooManyRevisions: Other corrections of the same registration kept coming in between.
    """
    known, owners = _found(intake.known, registration, access_token)
    if known.restricted:
        raise RegistrationRestricted
    row, key = _claim_next(intake, known, owners, access_token)
    revision = row.record.revision
    intake.requests.note_request(
        SubjectRequest(registration, RequestKind.RECTIFICATION, row.updated, revision)
    )
    _publish(intake, row, key, corrected, trace)
    there = intake.decisions.note_pending(row)
    if isinstance(there, Tombstone):
        raise RegistrationNotFound
    if there is not None and there.access_digest != row.access_digest:
        raise DigestsDisagree
    return row


def read_status(known: Known, registration: RegistrationId, access_token: str) -> DecisionRow:
    """Return what is known of a registration.

    A row without any subject key was erased and came back from a copy, so it counts as unknown.
    The same three reads come before any refusal.

    Raises:
        RegistrationNotFound: Unknown, erased or another person's; the caller cannot tell which.
        AccessRenewed: Staff have given out another token since.
        DigestsDisagree: No subject key is under the digest of the row.
    """
    return _found(known, registration, access_token)[0]


def _found(
    known: Known, registration: RegistrationId, access_token: str
) -> tuple[DecisionRow, Owners]:
    row = known.decisions.get(registration)
    owners = known.subject_keys.owners(registration)
    digest = row.access_digest if row else None
    allowed = holds(known.renewals, registration, access_token, digest)
    if not allowed or not isinstance(row, DecisionRow) or not owners:
        raise RegistrationNotFound
    if row.access_digest not in owners.values():
        raise DigestsDisagree
    return row, owners


def request_erasure(
    intake: Intake,
    registration: RegistrationId,
    access_token: str,
    kind: RequestKind,
    trace: TraceContext,
) -> Tombstone:
    """Erase a registration; repeating the request gives the same answer.

    Args:
        intake: What the gateway works with.
        registration: Whose data.
        access_token: Proves that it is theirs.
        kind: ``ERASURE`` (GDPR Art. 17(1)) or ``WITHDRAWAL`` of consent (Art. 7(3)): without
            consent there is no ground to keep anything (Art. 17(1)(b)).
        trace: The trace of the request.

    Raises:
        RegistrationNotFound: Unknown, or another person's.
        AccessRenewed: Staff have given out another token since.
        DigestsDisagree: Somebody else's row has taken its place meanwhile.
    """
    known = intake.decisions.get(registration)
    digest = known.access_digest if known else None
    allowed = holds(intake.renewals, registration, access_token, digest)
    if not allowed or known is None or digest is None:
        raise RegistrationNotFound
    if isinstance(known, Tombstone):
        # It was acknowledged, and the message may have been lost since.
        _order_erasure(intake, known, digest, trace)
        return known
    now = intake.clock()
    request = intake.requests.note_request(SubjectRequest(registration, kind, now))
    # Whatever the clocks say, it began before.
    at = max(request.received_at, known.created, now - DATED_BACK)
    grave = Tombstone(registration, at, access_digest=digest, listed=known.listed)
    _order_erasure(intake, grave, digest, trace)
    there = bury(intake.decisions, grave)
    if isinstance(there, DecisionRow):
        raise DigestsDisagree
    return there


def _order_erasure(
    intake: Intake, grave: Tombstone, digest: AccessDigest, trace: TraceContext
) -> None:
    intake.events.publish(
        [
            DeletionRequest(
                id=grave.id,
                requested_at=grave.erased_at,
                access_digest=digest,
                traceparent=trace.traceparent,
            )
        ]
    )


def _claim(intake: Intake, row: DecisionRow, access_token: str) -> SubjectKey:
    """Store a subject key for this revision, claiming it.

    Raises:
        RevisionTaken: The revision has a subject key already.
    """
    key = SubjectKey(intake.entropy(SUBJECT_KEY_BYTES), comparison_key(access_token))
    wrapped = intake.wrapper.wrap(key, row.record.id, row.access_digest)
    intake.subject_keys.put(StoredSubjectKey(row.record, wrapped, row.access_digest))
    return key


def _claim_next(
    intake: Intake, known: DecisionRow, owners: Owners, access_token: str
) -> tuple[DecisionRow, SubjectKey]:
    """Claim the revision after the highest that has a key.

    Requests that died after their claim leave numbers without a record. However many there are,
    they are passed over, and their keys are destroyed once a later revision is stored.

    Raises:
        TooManyRevisions: Others kept taking the next number.
    """
    for _ in range(_CLAIM_ATTEMPTS):
        highest = max(known.record.revision, *owners)
        row = known.corrected(Revision(highest + 1), intake.clock())
        try:
            return row, _claim(intake, row, access_token)
        except RevisionTaken:
            owners = intake.subject_keys.owners(row.record.id)
    raise TooManyRevisions


def _publish(
    intake: Intake,
    row: DecisionRow,
    key: SubjectKey,
    registration: Registration,
    trace: TraceContext,
) -> None:
    """Seal one revision and hand it over to be decided and stored."""
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
