"""Who may have a credential for which election, and until when.

A credential is issued once for each registration and election. The issuer signs it blinded, so it
knows that one was issued, but never which: **what has been issued cannot be taken back**, neither
by an erasure nor by a later rejection. Until it is issued, both take a registration off the roll.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

from civic.contracts.events import Decision, DecisionMade
from civic.contracts.identifiers import ElectionId, RegistrationId, Revision, StyleId
from civic.identity.model.keys import AccessDigest

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
    area: str
    accepted: bool
    access_digest: AccessDigest | None


@dataclass(frozen=True, slots=True)
class RollEntry:
    """A row of the roll: where a registration stands, and what was issued to it."""

    standing: Standing
    issued: Mapping[ElectionId, RequestDigest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the voters of an area get in one election."""

    election: ElectionId
    style: StyleId
    opens_at: datetime
    closes_at: datetime
    ended: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether credentials are no longer issued."""
        return self.ended or now >= self.closes_at


def standing_of(made: DecisionMade) -> Standing:
    """Return what a decision means for the roll; the area is the region of its cohort."""
    return Standing(
        made.id,
        made.revision,
        made.round,
        made.areas[0] if made.areas else made.cohort.region,
        made.in_force == Decision.ACCEPTED,
        None if made.access_digest is None else AccessDigest(made.access_digest),
    )


def areas_of(region: str) -> tuple[str, ...]:
    """Return the areas a region votes in, narrowest first: ``DE-BE``, then ``DE``."""
    country, separator, _ = region.partition("-")
    return (region, country) if separator else (region,)


def request_digest(style: StyleId, blinded_message: bytes) -> RequestDigest:
    """Return what is kept of a request.

    The style is part of it, so that somebody who moves to another area after asking cannot have
    the same message signed with a second key.
    """
    return RequestDigest(hashlib.sha256(style.encode() + b"\0" + blinded_message).digest())
