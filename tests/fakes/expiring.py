"""Rows that expire: which do, when, and their end, which DynamoDB brings about when it can.

DynamoDB deletes an expired row at any time after its ``ttl``, usually within days, and shows it
until then. So of each table whose template has a ``ttl`` the test decides what is gone by now.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, override

from civic.contracts.identifiers import RegistrationId
from civic.contracts.retention import REQUEST_LOG_LIFETIME
from civic.identity.model.erasure import (
    UNREQUESTED_LIFETIME,
    ErasureRecord,
    ErasureStore,
    SignedReceipt,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.rows import Tombstone
from civic.lab.memory.accountability import MemoryErasureLedger
from civic.lab.memory.analytics import MemoryJoins
from civic.lab.memory.credentials import MemoryIssuedMarks, MemoryIssuerRoll
from civic.lab.memory.identity import MemoryDecisions

if TYPE_CHECKING:
    from tests.fakes.pipeline import Pipeline

type Times = dict[RegistrationId, datetime]


class ExpiringRoll(MemoryIssuerRoll):
    """The roll, whose tombstones expire."""

    def __init__(
        self, decisions: MemoryDecisions | None = None, marks: MemoryIssuedMarks | None = None
    ) -> None:
        super().__init__(decisions, marks)
        self.expires: Times = {}

    @override
    def erased(self, registration: RegistrationId, at: datetime, expires: datetime, /) -> None:
        before = self.rows.get(registration)
        super().erased(registration, at, expires)
        if self.rows[registration] != before:
            self.expires[registration] = expires


class ExpiringJoins(MemoryJoins):
    """The join store, whose tombstones of erasures expire."""

    def __init__(self) -> None:
        super().__init__()
        self.expires: Times = {}

    @override
    def erased(self, registration: RegistrationId, at: datetime, expires: datetime, /) -> None:
        before = None if registration in self.living else self.rows.get(registration)
        super().erased(registration, at, expires)
        if self.rows[registration] != before:
            self.expires[registration] = expires


class ExpiringLedger(MemoryErasureLedger):
    """The ledger, whose entries expire."""

    def __init__(self) -> None:
        super().__init__()
        self.expires: Times = {}

    @override
    def note_request(
        self,
        registration: RegistrationId,
        requested_at: datetime,
        digest: AccessDigest,
        expires: datetime,
        /,
    ) -> ErasureRecord:
        before = self.rows.get(registration, ErasureRecord(registration))
        noted = super().note_request(registration, requested_at, digest, expires)
        if noted.requested_at != before.requested_at:
            self.expires[registration] = expires
        return noted

    @override
    def confirm(
        self, registration: RegistrationId, stores: Sequence[ErasureStore], at: datetime
    ) -> ErasureRecord:
        self.expires.setdefault(registration, at + UNREQUESTED_LIFETIME)
        return super().confirm(registration, stores, at)

    @override
    def seal(
        self, registration: RegistrationId, receipt: SignedReceipt, expires: datetime, /
    ) -> None:
        known = self.rows.get(registration)
        if known is None or known.receipt is None:
            self.expires[registration] = expires
        super().seal(registration, receipt, expires)


def _vault(pipeline: "Pipeline", before: datetime) -> None:
    rows = pipeline.vault.rows
    for registration, row in list(rows.items()):
        if isinstance(row, Tombstone) and row.expires is not None and row.expires <= before:
            del rows[registration]


def _roll(pipeline: "Pipeline", before: datetime) -> None:
    for registration in _due(pipeline.roll.expires, before):
        del pipeline.roll.rows[registration]


def _marks(pipeline: "Pipeline", before: datetime) -> None:
    rows = pipeline.marks.rows
    for place, mark in list(rows.items()):
        if mark.expires <= before:
            del rows[place]


def _mark_keys(pipeline: "Pipeline", before: datetime) -> None:
    keys = pipeline.mark_keys
    for election, expires in list(keys.expires.items()):
        if expires <= before:
            del keys.expires[election], keys.made[election]


def _joins(pipeline: "Pipeline", before: datetime) -> None:
    for registration in _due(pipeline.joins.expires, before):
        del pipeline.joins.rows[registration]


def _ledger(pipeline: "Pipeline", before: datetime) -> None:
    for registration in _due(pipeline.ledger.expires, before):
        del pipeline.ledger.rows[registration]


def _requests(pipeline: "Pipeline", before: datetime) -> None:
    since = before - REQUEST_LOG_LIFETIME
    log = pipeline.requests
    for place, request in list(log.done.items()):
        if (request.completed_at or request.lapsed_at or before) <= since:
            del log.done[place]
    log.views = [view for view in log.views if view.at > since]


def _renewals(pipeline: "Pipeline", before: datetime) -> None:
    for registration in _due(pipeline.renewals.expiring, before):
        for renewal in pipeline.renewals.of(registration):
            del pipeline.renewals.rows[registration, renewal.digest]


def _due(times: Times, before: datetime) -> list[RegistrationId]:
    due = [registration for registration, at in times.items() if at <= before]
    for registration in due:
        del times[registration]
    return due


TABLES: dict[str, Callable[["Pipeline", datetime], None]] = {
    "HighSecDataStore": _vault,
    "IssuerRoll": _roll,
    "IssuedMarks": _marks,
    "MarkKeys": _mark_keys,
    "AnalyticsJoins": _joins,
    "ErasureLedger": _ledger,
    "RequestLog": _requests,
    "AccessRenewals": _renewals,
}
"""By the name in the template: deletes what expired before a time."""
