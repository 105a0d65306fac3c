"""The request log, the erasure ledger, the review queue and the receipt key in memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.requests import History, RequestKind, StaffView, SubjectRequest
from civic.identity.model.review import Opinion, ReviewCase, ReviewCause

type Place = tuple[RegistrationId, RequestKind, Revision | None]


class MemoryRequestLog:
    """The request log, and its calendar."""

    def __init__(self) -> None:
        self.pending: dict[Place, SubjectRequest] = {}
        self.done: dict[tuple[datetime, Place], SubjectRequest] = {}
        self.views: list[StaffView] = []

    def note_request(self, request: SubjectRequest) -> SubjectRequest:
        known = self.pending.get(_place(request))
        noted = replace(known, count=known.count + 1) if known else request
        self.pending[_place(request)] = noted
        return noted

    def complete(
        self,
        registration: RegistrationId,
        kind: RequestKind,
        at: datetime,
        up_to: Revision | None = None,
    ) -> None:
        for place, request in list(self.pending.items()):
            beyond = up_to is not None and (request.revision or up_to) > up_to
            if place[:2] == (registration, kind) and not beyond:
                self.done[request.received_at, place] = replace(request, completed_at=at)
                del self.pending[place]

    def lapse(self, registration: RegistrationId, at: datetime) -> None:
        for place, request in list(self.pending.items()):
            if place[0] == registration:
                self.done[request.received_at, place] = replace(request, lapsed_at=at)
                del self.pending[place]

    def note_view(self, view: StaffView) -> None:
        if view not in self.views:
            self.views.append(view)

    def history(self, registration: RegistrationId) -> History:
        every = [*self.done.values(), *self.pending.values()]
        mine = [request for request in every if request.id == registration]
        looks = [view for view in self.views if view.id == registration]
        return History(
            tuple(sorted(mine, key=lambda request: request.received_at)),
            tuple(sorted(looks, key=lambda view: (view.at, view.purpose, view.by))),
        )

    def overdue(self, now: datetime) -> Iterator[SubjectRequest]:
        yield from [one for one in self.pending.values() if one.due_at < now]


def _place(request: SubjectRequest) -> Place:
    return request.id, request.kind, request.revision


class MemoryErasureLedger:
    """The erasure ledger."""

    def __init__(self) -> None:
        self.rows: dict[RegistrationId, ErasureRecord] = {}

    def note_request(
        self,
        registration: RegistrationId,
        requested_at: datetime,
        digest: AccessDigest,
        _expires: datetime,
    ) -> ErasureRecord:
        known = self.rows.get(registration, ErasureRecord(registration))
        earlier = known.requested_at is None or known.requested_at > requested_at
        if earlier and known.receipt is None:
            known = replace(known, requested_at=requested_at, access_digest=digest)
        self.rows[registration] = known
        return known

    def confirm(
        self, registration: RegistrationId, stores: Sequence[ErasureStore], at: datetime
    ) -> ErasureRecord:
        known = self.rows.get(registration, ErasureRecord(registration))
        if known.receipt is not None:
            return known
        confirmed = dict.fromkeys(stores, at) | dict(known.confirmed)
        self.rows[registration] = replace(known, confirmed=confirmed)
        return self.rows[registration]

    def seal(
        self, registration: RegistrationId, receipt: SignedReceipt, _expires: datetime
    ) -> None:
        known = self.rows.get(registration, ErasureRecord(registration))
        if known.receipt is None:
            self.rows[registration] = replace(known, receipt=receipt)

    def get(self, registration: RegistrationId) -> ErasureRecord | None:
        known = self.rows.get(registration)
        return known if known and known.requested_at else None

    def page(self, cursor: str | None, size: int) -> tuple[list[ErasureRecord], str | None]:
        after = [row for name, row in sorted(self.rows.items()) if cursor is None or name > cursor]
        rows = after[:size]
        asked = [row for row in rows if row.requested_at]
        return asked, rows[-1].id if len(rows) == size else None

    def completed(self, before: datetime, since: datetime) -> int:
        return sum(
            bool(row.confirmed)
            and (row.receipt is not None or set(row.confirmed) == set(ErasureStore))
            and max(row.confirmed.values()) < before
            and row.requested_at is not None
            and row.requested_at >= since
            for row in self.rows.values()
        )


class MemoryReviewQueue:
    """The review queue."""

    def __init__(self) -> None:
        self.rows: dict[RegistrationId, ReviewCase] = {}

    def add(self, case: ReviewCase) -> None:
        known = self.rows.get(case.record.id)
        if known is None:
            self.rows[case.record.id] = case
        elif _step(known) < _step(case):
            self.rows[case.record.id] = replace(case, cause=case.cause.after(known.cause))

    def bring_up(self, case: ReviewCase) -> None:
        known = self.rows.get(case.record.id)
        if known is None or _step(known) < _step(case):
            self.rows[case.record.id] = replace(case, cause=ReviewCause.OFFICE, opinions=())
        elif known.record == case.record:
            self.rows[case.record.id] = replace(known, cause=ReviewCause.OFFICE)

    def carry_over(self, case: ReviewCase, revision: Revision) -> None:
        known = self.rows.get(case.record.id)
        if known is not None and known.record == case.record:
            later = RecordId(case.record.id, revision)
            cause = ReviewCause.DATA_SUBJECT.after(case.cause)
            self.rows[case.record.id] = replace(
                known, record=later, cause=cause, opinions=(), round=0
            )

    def get(self, registration: RegistrationId) -> ReviewCase | None:
        return self.rows.get(registration)

    def waiting(self) -> Iterator[ReviewCase]:
        yield from list(self.rows.values())

    def opine(self, case: ReviewCase, opinion: Opinion) -> ReviewCase | None:
        known = self.rows.get(case.record.id)
        if known is None or known.record != case.record:
            return None
        self.rows[case.record.id] = replace(known, opinions=(*known.opinions, opinion))
        return self.rows[case.record.id]

    def close(self, registration: RegistrationId, up_to: Revision | None = None) -> None:
        known = self.rows.get(registration)
        if known and (up_to is None or known.record.revision <= up_to):
            del self.rows[registration]


def _step(case: ReviewCase) -> tuple[int, float]:
    # In a row of an earlier release no round is less than another.
    return case.record.revision, inf if case.round is None else case.round


class MemoryReceiptSigner:
    """Signs with a key made in this process."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.signed: dict[str, int] = defaultdict(int)

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, document: bytes) -> bytes:
        self.signed[document.decode()] += 1
        return self._key.sign(document, ec.ECDSA(SHA256()))
