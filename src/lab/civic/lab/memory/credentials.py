"""The issuer's roll, calendar, keys and marks in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from civic.contracts.events import Decision
from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.identity.errors import (
    CredentialAlreadyIssued,
    CredentialKeyMissing,
    IssuedBeforeErasure,
)
from civic.identity.model.blind_rsa import SigningKey
from civic.identity.model.codes import Code
from civic.identity.model.credentials import (
    Entitlement,
    Noted,
    Person,
    RollEntry,
    Standing,
    Window,
    divided_areas,
)
from civic.identity.model.likeness import Place
from civic.identity.model.marks import Mark, Marking
from civic.identity.model.rows import DecisionRow
from civic.identity.ports.issuing import AnnouncedElection
from civic.lab.memory.identity import MemoryDecisions
from civic.lab.memory.rsa_pairs import private_key, public_key

type KeyName = tuple[ElectionId, StyleId]
_PAIRS = 3


class MemoryIssuedMarks:
    """The marks, by the digest of a place."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Mark] = {}

    def note(self, marks: Sequence[Mark]) -> None:
        for mark in marks:
            self.rows.setdefault(mark.place, mark)


class MemoryPeople:
    """The low-security store, as far as the issuer reads it."""

    def __init__(self, decisions: MemoryDecisions) -> None:
        self._decisions = decisions

    def person(self, registration: RegistrationId) -> Person | None:
        row = self._decisions.get(registration)
        if not isinstance(row, DecisionRow):
            return None
        waits = row.verdict is not None and row.verdict.decision is Decision.REVIEW
        codes = {reason.code for reason in row.verdict.reasons} if row.verdict else set()
        return Person(
            row.access_digest,
            accepted=row.acceptance is not None,
            waits=waits and Code.REGISTERED_ALREADY in codes,
            listed=row.listed,
            decided_by_rules=row.updated if row.verdict and not row.verdict.round else None,
            held_until=row.pairs.held_until,
        )

    def places(self, registration: RegistrationId) -> tuple[Place, ...]:
        there = self._decisions.get(registration)
        return there.listed if there else ()


class MemoryIssuerRoll:
    """The roll."""

    def __init__(
        self, decisions: MemoryDecisions | None = None, marks: MemoryIssuedMarks | None = None
    ) -> None:
        self.decisions = decisions or MemoryDecisions()
        self.marks = marks or MemoryIssuedMarks()
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

    def issue(
        self,
        registration: RegistrationId,
        election: ElectionId,
        request: Noted,
        marking: Marking,
    ) -> bool:
        known, row = self.get(registration), self.decisions.get(registration)
        if known is None or not known.standing.accepted:
            return False
        if known.issued.get(election, request) != request:
            return False
        if not isinstance(row, DecisionRow) or row.listed != marking.listed:
            return False
        for mark in marking.marks:
            there = self.marks.rows.get(mark.place, mark)
            if there.holder != mark.holder:
                raise IssuedBeforeErasure
        for mark in marking.marks:
            if self.marks.rows.get(mark.place, mark).asked != mark.asked:
                raise CredentialAlreadyIssued
        self.marks.note(marking.marks)
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


class MemoryMarkKeys:
    """The keys of marks: for making, destroying and opening them."""

    def __init__(self) -> None:
        self.made: dict[ElectionId, bytes | None] = {}
        self.expires: dict[ElectionId, datetime] = {}

    def ensure(self, election: ElectionId, expires: datetime) -> None:
        if self.made.setdefault(election, election.encode().ljust(32, b".")) is not None:
            self.expires[election] = max(expires, self.expires.get(election, expires))

    def destroy(self, election: ElectionId) -> None:
        self.made[election] = None
        self.expires.pop(election, None)

    def find(self, election: ElectionId) -> bytes | None:
        return self.made.get(election)


def _step(standing: Standing) -> tuple[int, int, int]:
    """Return what decisions on one registration are ordered by."""
    return standing.revision, standing.round, standing.area_version
