"""What a sweep sees of each store, and what it concludes where they do not agree.

The low-security store decides about a registration; the others follow it. So each comparison starts
from what it says, or finds that it says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.model.keys import AccessDigest, RecordId

_GRACE = timedelta(hours=1)
"""How long stores may differ before that is a fault: far longer than events usually take."""

_LOST_AFTER = timedelta(days=29)
"""By then no queue has a message any more: 14 days, and 14 more among the dead letters."""


class Walk(StrEnum):
    """A store that is gone through page by page; a round has seen every row."""

    DECISIONS = "decisions"
    RECORDS = "records"
    KEYS = "keys"
    REQUESTS = "requests"


class Search(StrEnum):
    """What else goes through everybody, step by step."""

    PAIRS = "pairs"


class Finding(StrEnum):
    """What is wrong with a registration; the value is the metric that counts it."""

    ERASURE_UNFINISHED = "ErasuresMended"
    DECISION_MISSED = "DecisionsMended"
    KEY_LEFT = "KeysMended"
    REQUEST_LEFT_OPEN = "RequestsMended"
    AREAS_OUTDATED = "AreasRenewed"
    """Nothing is wrong: the office has loaded a table since the areas were announced."""
    AREAS_KEPT = "AreasKept"
    """The same of somebody whose correction waits or failed.

    The acceptance in force is of an address that is no longer stored, so nobody can look it up.
    """
    NOT_COMPARED = "ListedLater"
    """Nothing is wrong: an earlier release accepted the person without having compared them."""
    BEYOND_MENDING = "BeyondMending"
    """A record or its key is gone, a row cannot be read, or stores contradict each other.

    No message puts that right.
    """
    KEY_OF_NOBODY = "KeysOfNobody"
    """A key without a record and a decision, as a request leaves it that ends in an error."""

    @property
    def can_be_mended(self) -> bool:
        """Whether the owners of the stores can put it right."""
        return self not in {Finding.AREAS_KEPT, Finding.BEYOND_MENDING, Finding.KEY_OF_NOBODY}


_EXPECTED = frozenset({Finding.AREAS_OUTDATED, Finding.NOT_COMPARED})
"""What is no fault of anybody's."""


@dataclass(frozen=True, slots=True)
class Life:
    """A row of the low-security store that is no tombstone."""

    record: RecordId
    access_digest: AccessDigest
    updated: datetime
    decision: Decision | None = None
    round: int = 0
    restricted: bool = False
    accepted_by: Revision | None = None
    """The revision whose acceptance is in force; None if there is none."""
    listed: bool = True
    """Whether whoever is accepted is listed where others are compared with them."""

    @property
    def id(self) -> RegistrationId:
        """Whose row it is."""
        return self.record.id

    @property
    def leaves_in_force(self) -> bool:
        """Whether this decision leaves an earlier acceptance in force."""
        return self.accepted_by is not None and self.decision != Decision.ACCEPTED


@dataclass(frozen=True, slots=True)
class Death:
    """A tombstone of the low-security store."""

    id: RegistrationId
    erased_at: datetime
    listed: bool = False
    """Whether the person has not left all their places yet."""


@dataclass(frozen=True, slots=True)
class Held:
    """A sealed record of the high-security store, without what is sealed in it."""

    record: RecordId
    access_digest: AccessDigest
    updated: datetime

    @property
    def id(self) -> RegistrationId:
        """Whose record it is."""
        return self.record.id


@dataclass(frozen=True, slots=True)
class Followed:
    """How far the roll or analytics has come: to which decision, and to which record."""

    revision: Revision | None
    round: int = 0
    stored: Revision | None = None
    accepted: bool = False
    """Whether that decision puts somebody on the roll."""
    area_version: int = 0
    """Of the roll: the version of the table of areas by which somebody's were found."""


@dataclass(frozen=True, slots=True)
class Buried:
    """A tombstone in a store that follows the low-security store."""


type Follower = Followed | Buried | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the other stores hold about one registration."""

    record: Held | Buried | None
    roll: Follower
    joins: Follower
    case: Revision | None
    area_version: int = 0
    """The version of the table of areas that is in use; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of an erased registration."""

    alive: bool
    receipt: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a registration, or with what is left of an erased one."""

    finding: Finding
    id: RegistrationId
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a walk has come; of two sweeps that noted the same number, one counts."""

    position: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found, which walks came to their end with it, and which failed."""

    found: Mapping[Finding, int]
    ended: frozenset[Walk]
    failed: Mapping[Walk, Exception]

    @property
    def mended(self) -> int:
        """How many times the owners were asked to put something right."""
        return sum(
            number
            for finding, number in self.found.items()
            if finding.can_be_mended and finding not in _EXPECTED
        )


def is_ripe(changed: datetime, now: datetime) -> bool:
    """Return whether a change is old enough for every store to have heard of it."""
    return changed <= now - _GRACE


def is_unfinished(death: Death, remains: Remains, now: datetime) -> bool:
    """Return whether some store has not followed an erasure, or the ledger does not show it.

    The ledger forgets in time; what is alive does not become right by that.
    """
    forgotten = death.erased_at < now - TOMBSTONE_LIFETIME
    return remains.alive or death.listed or not (remains.receipt or forgotten)


def fault_of(life: Life, seen: Seen, now: datetime) -> Finding | None:
    """Return what is wrong with a registration whose row has had its time."""
    held = seen.record
    if held is None:
        return _missing(life, now)
    if isinstance(held, Buried) or held.access_digest != life.access_digest:
        return Finding.BEYOND_MENDING
    if held.record.revision < life.record.revision:
        return _missing(life, now)
    if not is_ripe(held.updated, now):
        return None
    if held.record.revision > life.record.revision or life.decision is None:
        return Finding.DECISION_MISSED
    return _unheard(life, seen)


def _unheard(life: Life, seen: Seen) -> Finding | None:
    """Return what is wrong with a decision on the stored record."""
    if isinstance(seen.roll, Buried) or _is_ahead(seen.roll, life) or _is_ahead(seen.joins, life):
        return Finding.BEYOND_MENDING
    noted = _has_decision(seen.roll, life) or _has_acceptance(seen.roll, life)
    noted &= _waits_for_somebody(life, seen.case)
    # A tombstone in analytics is that of an objection, and final.
    counted = isinstance(seen.joins, Buried) or (
        _has_decision(seen.joins, life) and _has_record(seen.joins, life)
    )
    if not (noted and counted):
        return Finding.DECISION_MISSED
    if life.decision == Decision.ACCEPTED and not life.listed:
        return Finding.NOT_COMPARED
    if not _has_old_areas(seen):
        return None
    if life.leaves_in_force:
        return Finding.AREAS_KEPT
    return Finding.AREAS_OUTDATED if life.decision == Decision.ACCEPTED else None


def _has_old_areas(seen: Seen) -> bool:
    """Return whether the roll has somebody's areas by a table that was replaced."""
    return isinstance(seen.roll, Followed) and seen.roll.area_version < seen.area_version


def _missing(life: Life, now: datetime) -> Finding | None:
    return Finding.BEYOND_MENDING if life.updated < now - _LOST_AFTER else None


def _is_ahead(follower: Follower, life: Life) -> bool:
    """Return whether a store has a decision that the low-security store does not know (any more).

    It refuses the one that is announced to it, as an older one.
    """
    if not isinstance(follower, Followed) or follower.revision is None:
        return False
    return (follower.revision, follower.round) > (life.record.revision, life.round)


def _has_decision(follower: Followed | None, life: Life) -> bool:
    if follower is None:
        return False
    return (follower.revision, follower.round) == (life.record.revision, life.round)


def _has_acceptance(roll: Followed | None, life: Life) -> bool:
    """Return whether the roll has the acceptance that a decision leaves in force.

    The roll takes no notice of the decision itself, where an earlier release accepted. The
    acceptance of an earlier revision than the one in force has the areas of before.
    """
    if not life.leaves_in_force or roll is None or not roll.accepted:
        return False
    return (roll.revision or 0) >= (life.accepted_by or 0)


def _has_record(follower: Followed | None, life: Life) -> bool:
    stored = follower.stored if follower else None
    return stored is not None and stored >= life.record.revision


def _waits_for_somebody(life: Life, case: Revision | None) -> bool:
    return life.decision != Decision.REVIEW or (case is not None and case >= life.record.revision)
