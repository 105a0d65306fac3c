"""Who may have a credential for which election, and until when.

A credential is issued once for each registration and election. The issuer signs it blinded, so it
knows that one was issued, but never which: **what has been issued cannot be taken back**, neither
by an erasure nor by a later rejection. Until it is issued, both take a registration off the roll.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NewType

from civic.contracts.events import Decision, DecisionMade
from civic.contracts.identifiers import ElectionId, RegistrationId, Revision, StyleId
from civic.identity.errors import (
    AreaUnsettled,
    NotEntitled,
    NotYetEligible,
    RollClosed,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.likeness import Place

RequestDigest = NewType("RequestDigest", bytes)
"""SHA-256 of what the issuer was asked to sign; identifies a retry, and reveals no credential."""

PURPOSE = "credential"
"""What the issuer's keys are for; part of their encryption contexts."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision means for the roll.

    ``access_digest`` is absent from decisions made before there was a roll: those people have to
    be decided on again before they can ask for anything.
    """

    id: RegistrationId
    revision: Revision
    round: int
    areas: tuple[str, ...]
    """The person's electoral areas, narrowest first."""
    accepted: bool
    access_digest: AccessDigest | None
    area_version: int = 0
    """The version of the area table by which the areas were found."""
    eligible_from: date | None = None
    """When the person is old enough; None for whoever was when it was decided."""
    registered_at: datetime | None = None
    """When the registration was first submitted; None in decisions of earlier releases."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is kept of a request: its digest, and the ballot style that it is signed for.

    Earlier releases kept no style; it is that of the person's area, unless they have moved since.
    """

    digest: RequestDigest
    style: StyleId | None


@dataclass(frozen=True, slots=True)
class RollEntry:
    """A row of the roll: where a registration stands, and what was issued to it."""

    standing: Standing
    issued: Mapping[ElectionId, Noted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """What the low-security store says of somebody who asks for a credential."""

    access_digest: AccessDigest
    accepted: bool
    """Whether an acceptance is in force."""
    waits: bool
    """Whether they wait for people, as somebody of their name is accepted already."""
    listed: tuple[Place, ...]
    """Where they were compared with others and listed; empty if no acceptance ever was."""
    decided_by_rules: datetime | None = None
    """When the rules last decided; None if people have decided since."""
    held_until: datetime | None = None
    """Until when they get no credential, as somebody who shares weak keys is to be compared."""


@dataclass(frozen=True, slots=True)
class Window:
    """The times of an election."""

    election: ElectionId
    opens_at: datetime
    closes_at: datetime
    ended: bool = False
    day: date | None = None
    """The day on which voters must be old enough; None as announced by earlier releases."""
    roll_closes_at: datetime | None = None
    """Whoever registers from then on cannot vote in it; None if the roll never closes."""

    @property
    def election_day(self) -> date:
        """The day on which voters must be old enough: as announced, or its last day in UTC."""
        last_moment = self.closes_at - timedelta.resolution
        return self.day or last_moment.astimezone(UTC).date()

    def is_over(self, now: datetime) -> bool:
        """Whether credentials are no longer issued."""
        return self.ended or now >= self.closes_at

    def refusal_of(self, standing: Standing) -> NotEntitled | None:
        """Return why somebody on the roll may not vote in this election; None if they may."""
        closed, registered = self.roll_closes_at, standing.registered_at
        if closed is not None and registered is not None and registered >= closed:
            return RollClosed(closed)
        if standing.eligible_from is not None and standing.eligible_from > self.election_day:
            return NotYetEligible(standing.eligible_from, self.election_day)
        return None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the voters of an area get in one election.

    Attributes:
        window: The times of the election.
        style: Their ballot style, if the area has one.
        divided: Whether areas within this one have other ballot styles.
    """

    window: Window
    style: StyleId | None
    divided: bool = False


@dataclass(frozen=True, slots=True)
class Right:
    """What somebody has in an election: their ballot style, or the reason why they may not vote."""

    window: Window
    style: StyleId | NotEntitled


def right_by_area(areas: Sequence[str], found: Iterable[Entitlement | None]) -> Right | None:
    """Return what somebody has in an election by their areas: the style of the narrowest.

    Where areas within the narrowest one have other styles, only the style of exactly that area
    is given, and none to whoever is known by the country alone; otherwise it is unsettled: nobody
    gets the ballot of an area in place of that of a part of it.

    Args:
        areas: The person's areas, narrowest first.
        found: What each of them gets in the election; read only until one has a style.
    """
    window, divided = None, False
    for place, one in enumerate(found):
        if one is None:
            continue
        window = one.window
        divided |= place == 0 and one.divided
        if one.style is not None:
            if divided and (place > 0 or len(areas) == 1):
                break
            return Right(window, one.style)
    return Right(window, AreaUnsettled()) if window and divided else None


def standing_of(made: DecisionMade) -> Standing:
    """Return what a decision means for the roll; without areas, those of its cohort's region."""
    return Standing(
        made.id,
        made.revision,
        made.round,
        made.areas or areas_of(made.cohort.region),
        made.in_force == Decision.ACCEPTED,
        None if made.access_digest is None else AccessDigest(made.access_digest),
        made.area_version,
        made.eligible_from,
        made.registered_at,
    )


def areas_of(region: str) -> tuple[str, ...]:
    """Return the areas a region votes in, narrowest first: ``DE-BE``, then ``DE``."""
    country, separator, _ = region.partition("-")
    return (region, country) if separator else (region,)


def areas_around(area: str) -> tuple[str, ...]:
    """Return the areas that one is within, by its name: ``DE`` and ``DE-BE`` for ``DE-BE-N1``."""
    parts = area.split("-")
    return tuple("-".join(parts[:count]) for count in range(1, len(parts)))


def divided_areas(styles: Mapping[str, StyleId]) -> set[str]:
    """Return the areas with ballot styles of areas within them that are other than their own.

    Args:
        styles: The style of each area; an area without one has that of the narrowest around it.
    """
    return {
        around
        for area, style in styles.items()
        for around in areas_around(area)
        if _style_around(around, styles) != style
    }


def _style_around(area: str, styles: Mapping[str, StyleId]) -> StyleId | None:
    return next((styles[one] for one in (area, *areas_around(area)[::-1]) if one in styles), None)


def request_digest(style: StyleId, blinded_message: bytes) -> RequestDigest:
    """Return what identifies a request: a message, and the ballot style to sign it for."""
    return RequestDigest(hashlib.sha256(style.encode() + b"\0" + blinded_message).digest())
