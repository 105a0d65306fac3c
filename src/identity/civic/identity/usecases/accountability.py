"""What accountability does: note what was answered, keep the erasure ledger, sign receipts.

Source: GDPR Art. 5(2), 12(3), 17 and 19. Events arrive in any order and any number of times; the
first answer of each store counts, and the receipt is made once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from civic.contracts.events import DataChange, ErasureOrdered, ErasureReplayed
from civic.contracts.ports import Clock, EventPublisher
from civic.contracts.retention import REQUEST_LOG_LIFETIME, TOMBSTONE_LIFETIME
from civic.contracts.trace import TraceContext
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.erasure_receipt import receipt_document
from civic.identity.model.keys import AccessDigest
from civic.identity.model.requests import RequestKind
from civic.identity.ports import ErasureLedger, ReceiptSigner, RequestLog
from civic.identity.ports.renewing import AccessRenewals


@dataclass(frozen=True, slots=True)
class Accountability:
    """What these use cases work with."""

    requests: RequestLog
    ledger: ErasureLedger
    signer: ReceiptSigner
    clock: Clock
    renewals: AccessRenewals


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """What one page of a replay did."""

    seen: int
    cursor: str | None


def note_erasure(accountability: Accountability, request: ErasureOrdered) -> bool:
    """Enter an erasure in the ledger; return whether it is complete."""
    if not _is_remembered(accountability, request.requested_at):
        return False
    digest = AccessDigest(request.access_digest)
    record = accountability.ledger.note_request(
        request.id, request.requested_at, digest, _expiry(accountability)
    )
    return _conclude(accountability, record)


def note_ended(accountability: Accountability, ended: Sequence[DataChange]) -> None:
    """Enter erasures in the ledger; of many nobody asked, or the request has not arrived.

    Renewals of access tokens are kept for as long as a token still opens something: the ledger, and
    the log of what was asked for.
    """
    for item in ended:
        if item.access_digest is not None and _is_remembered(accountability, item.at):
            digest = AccessDigest(item.access_digest)
            accountability.ledger.note_request(item.id, item.at, digest, _expiry(accountability))
        accountability.renewals.expire(item.id, accountability.clock() + REQUEST_LOG_LIFETIME)


def note_erased(
    accountability: Accountability, stores: Sequence[ErasureStore], erased: Sequence[DataChange]
) -> int:
    """Note that stores have erased; return how many erasures are complete."""
    complete = 0
    for item in erased:
        if _is_remembered(accountability, item.at):
            record = accountability.ledger.confirm(item.id, stores, accountability.clock())
            complete += _conclude(accountability, record)
    return complete


def note_rectified(accountability: Accountability, stored: Sequence[DataChange]) -> None:
    """Note that corrections were stored (GDPR Art. 16)."""
    for item in stored:
        accountability.requests.complete(
            item.id, RequestKind.RECTIFICATION, accountability.clock(), item.revision
        )


def note_objections(accountability: Accountability, forgotten: Sequence[DataChange]) -> None:
    """Note that analytics has forgotten the people who objected (GDPR Art. 21)."""
    for item in forgotten:
        accountability.requests.complete(item.id, RequestKind.OBJECTION, accountability.clock())


def replay_page(
    ledger: ErasureLedger,
    events: EventPublisher,
    trace: TraceContext,
    cursor: str | None,
    size: int,
) -> ReplayProgress:
    """Publish one page of the ledger's erasures again; harmless where nothing came back."""
    records, next_cursor = ledger.page(cursor, size)
    replayed = [
        ErasureReplayed(
            id=record.id,
            requested_at=record.requested_at,
            access_digest=record.access_digest,
            traceparent=trace.traceparent,
        )
        for record in records
        if record.requested_at is not None and record.access_digest is not None
    ]
    events.publish(replayed)
    return ReplayProgress(len(replayed), next_cursor)


def _is_remembered(accountability: Accountability, requested_at: datetime) -> bool:
    """Return whether the ledger may have an entry of that time; later messages enter none again."""
    return requested_at > accountability.clock() - TOMBSTONE_LIFETIME


def _expiry(accountability: Accountability) -> datetime:
    """Return until when to keep an entry that is written now."""
    return accountability.clock() + TOMBSTONE_LIFETIME


def _conclude(accountability: Accountability, record: ErasureRecord) -> bool:
    """Sign the receipt of a complete erasure; what else was asked for lapses with it."""
    if record.completed_at is None:
        return False
    if record.receipt is None:
        public_key = accountability.signer.public_key()
        document = receipt_document(record, public_key)
        signature = accountability.signer.sign(document)
        receipt = SignedReceipt(document, signature, public_key)
        accountability.ledger.seal(record.id, receipt, _expiry(accountability))
    for kind in (RequestKind.ERASURE, RequestKind.WITHDRAWAL):
        accountability.requests.complete(record.id, kind, accountability.clock())
    accountability.requests.lapse(record.id, accountability.clock())
    return True
