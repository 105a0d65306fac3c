"""The issuer's roll, calendar and keys in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.identity.errors import CredentialKeyMissing
from civic.identity.model.blind_rsa import SigningKey
from civic.identity.model.credentials import (
    Entitlement,
    Noted,
    RollEntry,
    Standing,
    Window,
    divided_areas,
)
from civic.identity.ports.issuing import AnnouncedElection
from civic.lab.memory.rsa_pairs import private_key, public_key

type KeyName = tuple[ElectionId, StyleId]
_PAIRS = 3


class MemoryIssuerRoll:
    """The roll."""

    def __init__(self) -> None:
        self.rows: dict[RegistrationId, RollEntry | datetime] = {}
        self.restrictions: dict[RegistrationId, int] = {}

    def decided(self, standing: Standing, restriction: int = 0) -> None:
        if restriction < self.restrictions.get(standing.id, 0):
            return
        known = self.rows.get(standing.id)
        if known is None:
            self.rows[standing.id] = RollEntry(standing)
        elif isinstance(known, RollEntry) and _step(known.standing) < _step(standing):
            digest = known.standing.access_digest or standing.access_digest
            self.rows[standing.id] = replace(
                known, standing=replace(standing, access_digest=digest)
            )

    def restricted(self, registration: RegistrationId, restriction: int) -> None:
        if not isinstance(self.rows.get(registration), datetime):
            known = self.restrictions.get(registration, 0)
            self.restrictions[registration] = max(known, restriction)

    def erased(self, registration: RegistrationId, at: datetime, _expires: datetime) -> None:
        self.restrictions.pop(registration, None)
        known = self.rows.get(registration)
        self.rows[registration] = min(known, at) if isinstance(known, datetime) else at

    def get(self, registration: RegistrationId) -> RollEntry | None:
        known = self.rows.get(registration)
        return known if isinstance(known, RollEntry) else None

    def issue(self, registration: RegistrationId, election: ElectionId, request: Noted) -> bool:
        known = self.get(registration)
        if known is None or not known.standing.accepted:
            return False
        if known.issued.get(election, request) != request:
            return False
        issued = {**known.issued, election: request}
        self.rows[registration] = replace(known, issued=issued)
        return True


class MemoryElectionCalendar:
    """The calendar."""

    def __init__(self) -> None:
        self.published: dict[ElectionId, AnnouncedElection] = {}
        self.ended: set[ElectionId] = set()

    def publish(self, election: AnnouncedElection) -> None:
        known = self.published.get(election.election)
        if known is None or known.revision < election.revision:
            self.published[election.election] = election

    def end(self, election: ElectionId) -> None:
        self.ended.add(election)

    def window(self, election: ElectionId) -> Window | None:
        known = self.published.get(election)
        if known is None:
            return None
        return Window(
            election,
            known.opens_at,
            known.closes_at,
            ended=election in self.ended,
            day=known.day,
            roll_closes_at=known.roll_closes_at,
        )

    def of_area(self, area: str) -> Sequence[Entitlement]:
        found = (self.find(area, election) for election in sorted(self.published))
        return [one for one in found if one is not None]

    def find(self, area: str, election: ElectionId) -> Entitlement | None:
        window = self.window(election)
        if window is None:
            return None
        # Of an area with two styles the first counts.
        styles = {
            one: style.style
            for style in reversed(self.published[election].styles)
            for one in style.areas
        }
        divided = area in divided_areas(styles)
        if area not in styles and not divided:
            return None
        return Entitlement(window, styles.get(area), divided=divided)


class MemoryIssuerKeys:
    """The keys, both for making them and for signing with them."""

    def __init__(self) -> None:
        self.made: dict[KeyName, int] = {}

    def ensure(self, election: ElectionId, style: StyleId) -> bytes:
        self.made.setdefault((election, style), len(self.made) % _PAIRS + 1)
        return self.public(election, style)

    def public(self, election: ElectionId, style: StyleId) -> bytes:
        return self._of(election, style, public_key)

    def private(self, election: ElectionId, style: StyleId) -> SigningKey:
        return SigningKey.parse(self._of(election, style, private_key))

    def _of(
        self, election: ElectionId, style: StyleId, half: Callable[[int, Encoding], bytes]
    ) -> bytes:
        if (election, style) not in self.made:
            raise CredentialKeyMissing
        return half(self.made[election, style], Encoding.DER)


def _step(standing: Standing) -> tuple[int, int, int]:
    """Return what decisions on one registration are ordered by."""
    return standing.revision, standing.round, standing.area_version
