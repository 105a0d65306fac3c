"""Joins what the events report, in whatever order they arrive."""

from collections.abc import Sequence
from datetime import datetime

from civic.analytics.ports import JoinStore
from civic.contracts.events import DataChange, DecisionMade
from civic.contracts.identifiers import RegistrationId
from civic.contracts.retention import TOMBSTONE_LIFETIME


def collect_decisions(joins: JoinStore, decisions: Sequence[DecisionMade]) -> None:
    """Record decisions."""
    for decision in decisions:
        joins.decided(decision)


def collect_storage(joins: JoinStore, stored: Sequence[DataChange]) -> None:
    """Record stored revisions."""
    for item in stored:
        if item.revision is not None:
            joins.stored(item.id, item.revision)


def collect_restriction(joins: JoinStore, registration: RegistrationId, sequence: int) -> None:
    """Record that a registration must not be counted, or may be again (GDPR Art. 18)."""
    joins.restricted(registration, sequence)


def collect_erasures(
    joins: JoinStore, ended: Sequence[DataChange], now: datetime
) -> list[DataChange]:
    """Forget registrations that have ended (GDPR Art. 17); return what to announce."""
    for item in ended:
        joins.erased(item.id, item.at, now + TOMBSTONE_LIFETIME)
    return [DataChange(id=one.id, at=one.at, traceparent=one.traceparent) for one in ended]


def collect_objection(joins: JoinStore, objection: DataChange) -> None:
    """Forget a registration for good after an objection (GDPR Art. 21)."""
    joins.objected(objection.id, objection.at)
