"""What data subjects can ask for besides seeing, correcting and erasing (GDPR Art. 12, 18, 21, 22).

Each request is logged before it is acted on, and each is safe to repeat: a retry finds the first
request in the log, the row as the first left it, and publishes what may not have gone out.
"""

from dataclasses import dataclass, replace

from civic.contracts.events import Decision, ObjectionRaised, RestrictionChanged
from civic.contracts.identifiers import RegistrationId
from civic.contracts.ports import Clock, EventPublisher
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.contracts.trace import TraceContext
from civic.identity.errors import (
    ErasureNotRequested,
    NothingToReview,
    RegistrationNotFound,
    RegistrationRestricted,
    TooManyRevisions,
)
from civic.identity.model.erasure import ErasureRecord
from civic.identity.model.requests import History, RequestKind, SubjectRequest
from civic.identity.model.review import ReviewCase, ReviewCause
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.ports import (
    DecisionStore,
    ErasureLedger,
    RequestLog,
    ReviewQueue,
    SubjectKeyStore,
)
from civic.identity.ports.renewing import AccessRenewals
from civic.identity.usecases.holding import holds
from civic.identity.usecases.intake import Known, read_status

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Rights:
    """What these use cases work with."""

    decisions: DecisionStore
    subject_keys: SubjectKeyStore
    requests: RequestLog
    reviews: ReviewQueue
    ledger: ErasureLedger
    events: EventPublisher
    clock: Clock
    renewals: AccessRenewals

    @property
    def known(self) -> Known:
        """What it takes to find a registration by its token."""
        return Known(self.decisions, self.subject_keys, self.renewals)


def restrict(
    rights: Rights, registration: RegistrationId, access_token: str, trace: TraceContext
) -> DecisionRow:
    """Stop all processing except keeping the data (GDPR Art. 18).

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
    """
    known = read_status(rights.known, registration, access_token)
    rights.requests.note_request(
        SubjectRequest(registration, RequestKind.RESTRICTION, rights.clock())
    )
    row = _set_restriction(rights, known, access_token, restricted=True)
    _announce(rights, row, trace)
    rights.requests.complete(registration, RequestKind.RESTRICTION, rights.clock())
    return row


def lift_restriction(
    rights: Rights, registration: RegistrationId, access_token: str, trace: TraceContext
) -> DecisionRow:
    """Resume the processing; what was held back is now decided or announced (GDPR Art. 18(3)).

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
    """
    known = read_status(rights.known, registration, access_token)
    if known.restriction == 0:
        return known
    rights.requests.note_request(SubjectRequest(registration, RequestKind.LIFTING, rights.clock()))
    row = _set_restriction(rights, known, access_token, restricted=False)
    _announce(rights, row, trace)
    rights.requests.complete(registration, RequestKind.LIFTING, rights.clock())
    return row


def object_to_analytics(
    rights: Rights, registration: RegistrationId, access_token: str, trace: TraceContext
) -> SubjectRequest:
    """Leave the registration out of every release from now on, for good (GDPR Art. 21).

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
    """
    read_status(rights.known, registration, access_token)
    request = rights.requests.note_request(
        SubjectRequest(registration, RequestKind.OBJECTION, rights.clock())
    )
    rights.events.publish(
        [ObjectionRaised(id=registration, at=request.received_at, traceparent=trace.traceparent)]
    )
    return request


def request_review(
    rights: Rights, registration: RegistrationId, access_token: str
) -> SubjectRequest:
    """Have a person look at an unfavourable decision (GDPR Art. 22(3)).

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
        RegistrationRestricted: The data subject has restricted the processing.
        NothingToReview: There is no decision yet, or the registration is accepted.
    """
    row = read_status(rights.known, registration, access_token)
    if row.restricted:
        raise RegistrationRestricted
    if row.verdict is None or row.verdict.decision == Decision.ACCEPTED:
        raise NothingToReview
    request = rights.requests.note_request(
        SubjectRequest(registration, RequestKind.REVIEW, rights.clock())
    )
    rights.reviews.add(
        ReviewCase(
            row.record, request.received_at, ReviewCause.DATA_SUBJECT, round=row.verdict.round
        )
    )
    # From here on the retention waits. It comes last: a request that broke off is not acknowledged,
    # and must not keep the row for ever. It names the decision: one that people made meanwhile is
    # the answer.
    if not rights.decisions.contest(registration, row.updated):
        raise RegistrationNotFound
    return request


def list_requests(rights: Rights, registration: RegistrationId, access_token: str) -> History:
    """Return what was asked for and when it is due, even after an erasure (GDPR Art. 12(3)).

    Raises:
        RegistrationNotFound: Unknown, or another person's.
        AccessRenewed: Staff have given out another token since.
    """
    _known(rights, registration, access_token)
    return rights.requests.history(registration)


def erasure_status(
    rights: Rights, registration: RegistrationId, access_token: str
) -> ErasureRecord:
    """Return how far an erasure has come, with its receipt once it is complete (GDPR Art. 17).

    Whatever the ledger says, a registration that is there has not been erased.

    Raises:
        RegistrationNotFound: Unknown, or another person's; or the ledger has forgotten it.
        AccessRenewed: Staff have given out another token since.
        ErasureNotRequested: Nobody asked for its erasure.
    """
    known = _known(rights, registration, access_token)
    if not isinstance(known, Tombstone):
        raise ErasureNotRequested
    record = rights.ledger.get(registration)
    if record is not None:
        return record
    if known.erased_at + TOMBSTONE_LIFETIME < rights.clock():
        raise RegistrationNotFound
    # Acknowledged, but still on its way to the ledger.
    return ErasureRecord(registration, requested_at=known.erased_at)


def _known(
    rights: Rights, registration: RegistrationId, access_token: str
) -> DecisionRow | Tombstone:
    known = rights.decisions.get(registration)
    digest = known.access_digest if known else None
    if not holds(rights.renewals, registration, access_token, digest) or known is None:
        raise RegistrationNotFound
    return known


def _set_restriction(
    rights: Rights, row: DecisionRow, access_token: str, *, restricted: bool
) -> DecisionRow:
    for _ in range(_ATTEMPTS):
        if row.restricted == restricted:
            return row
        now = rights.clock()
        if rights.decisions.restrict(row, now):
            return replace(row, restriction=row.restriction + 1, restriction_changed=now)
        row = read_status(rights.known, row.record.id, access_token)
    raise TooManyRevisions


def _announce(rights: Rights, row: DecisionRow, trace: TraceContext) -> None:
    # Even if there is a decision: the validator may have died before it announced it, and the
    # gateway before it noted a correction; both were skipped while the restriction lasted.
    resume = None if row.restricted else row.record.revision
    rights.events.publish(
        [
            RestrictionChanged(
                id=row.record.id,
                sequence=row.restriction,
                resume=resume,
                at=rights.clock(),
                traceparent=trace.traceparent,
            )
        ]
    )
