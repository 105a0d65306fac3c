"""Renewals of access tokens in memory, and which registrations there are."""

from dataclasses import replace
from datetime import datetime

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import AccessDigest
from civic.identity.model.renewal import Half, Renewal
from civic.identity.model.rows import DecisionRow
from civic.identity.ports import DecisionStore


class MemoryAccessRenewals:
    """Which access tokens staff have given out."""

    def __init__(self) -> None:
        self.rows: dict[tuple[RegistrationId, AccessDigest], Renewal] = {}
        self.expiring: dict[RegistrationId, datetime] = {}

    def of(self, registration: RegistrationId) -> tuple[Renewal, ...]:
        return tuple(row for (of, _), row in sorted(self.rows.items()) if of == registration)

    def ask(self, registration: RegistrationId, digest: AccessDigest, half: Half) -> None:
        place = registration, digest
        known = self.rows.get(place, Renewal(*place))
        self.rows[place] = known if known.asked else replace(known, asked=half)

    def agree(self, registration: RegistrationId, digest: AccessDigest, half: Half) -> None:
        place = registration, digest
        known = self.rows.get(place)
        if known is not None and known.agreed is None:
            self.rows[place] = replace(known, agreed=half)

    def expire(self, registration: RegistrationId, at: datetime) -> None:
        if self.of(registration):
            self.expiring.setdefault(registration, at)


class MemoryRegistrations:
    """Which registrations there are, by the rows of a decision store."""

    def __init__(self, decisions: DecisionStore) -> None:
        self._decisions = decisions

    def has(self, registration: RegistrationId) -> bool:
        return isinstance(self._decisions.get(registration), DecisionRow)
