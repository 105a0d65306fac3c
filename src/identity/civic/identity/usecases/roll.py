"""What keeps the issuer's roll: decisions put people on it, erasures take them off.

Events arrive in any order and any number of times. A later decision wins over an earlier one, an
erasure over every decision, the end of an election over its publication.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched

from civic.contracts.events import DataChange, DecisionMade
from civic.contracts.identifiers import ElectionId, RegistrationId
from civic.contracts.ports import Clock
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.contracts.voting import CredentialKey, CredentialKeysPublished
from civic.identity.model.credentials import standing_of
from civic.identity.model.marks import MARKS_OUTLIVE_CLOSING, marks_of
from civic.identity.ports.issuing import (
    AnnouncedElection,
    ElectionCalendar,
    IssuedMarks,
    IssuerKeyRing,
    IssuerRoll,
    MarkKeyRing,
    MarkKeys,
    People,
)

_KEYS_PER_EVENT = 200
"""A key is about 620 bytes of an event, which EventBridge limits to 256 KB."""


@dataclass(frozen=True, slots=True)
class RollKeeping:
    """What these use cases work with."""

    roll: IssuerRoll
    calendar: ElectionCalendar
    keys: IssuerKeyRing
    clock: Clock
    people: People
    marks: IssuedMarks
    mark_keys: MarkKeys
    mark_ring: MarkKeyRing


def note_decisions(keeping: RollKeeping, decisions: Sequence[DecisionMade]) -> None:
    """Put the people who were accepted on the roll, and take those who were not off it.

    Where an acceptance of an earlier release is in force, nothing changes: what it said of the
    person's areas nobody can tell any more.
    """
    for made in decisions:
        if made.standing is None or made.areas:
            standing = standing_of(made)
            if not standing.accepted:
                _remember(keeping, made.id)
            keeping.roll.decided(standing, made.restriction)


def note_restriction(keeping: RollKeeping, registration: RegistrationId, count: int) -> None:
    """Take no notice any more of decisions from before this restriction (GDPR Art. 18(2)).

    Once a restriction is lifted, the newest decision is announced again.
    """
    keeping.roll.restricted(registration, count)


def take_off(keeping: RollKeeping, ended: DataChange) -> DataChange:
    """Forget a registration, with what was issued to it (GDPR Art. 17).

    A credential that was issued to it stays valid: nobody can tell which one it is. That it was
    issued stays known until the end of the election, by the marks of the person's places.
    """
    _remember(keeping, ended.id)
    keeping.roll.erased(ended.id, ended.at, keeping.clock() + TOMBSTONE_LIFETIME)
    return DataChange(id=ended.id, at=ended.at, traceparent=ended.traceparent)


def _remember(keeping: RollKeeping, registration: RegistrationId) -> None:
    """Mark every place that somebody has for what was issued to them.

    An issue marks the places of its time; a name that was changed since has added another. They
    leave none before this is confirmed, so nobody is given it unmarked.
    """
    entry = keeping.roll.get(registration)
    if entry is None or not entry.issued:
        return
    places = keeping.people.places(registration)
    if not places:
        return
    for election, request in entry.issued.items():
        window, key = keeping.calendar.window(election), keeping.mark_keys.find(election)
        if window is not None and key is not None:
            keeping.marks.note(marks_of(key, registration, places, request, window.closes_at))


def prepare_election(
    keeping: RollKeeping, published: AnnouncedElection
) -> tuple[CredentialKeysPublished, ...]:
    """Make the keys of an election, then let people ask for its credentials.

    Safe to repeat, even after an interruption: a key that exists is kept.

    Returns:
        What to announce: the public keys, in several events if there are very many.
    """
    keys = [
        CredentialKey(
            style=one.style, public_key=keeping.keys.ensure(published.election, one.style)
        )
        for one in published.styles
    ]
    keeping.mark_ring.ensure(published.election, published.closes_at + MARKS_OUTLIVE_CLOSING)
    keeping.calendar.publish(published)
    return tuple(
        CredentialKeysPublished(election=published.election, keys=some)
        for some in batched(keys, _KEYS_PER_EVENT, strict=False)
    )


def end_election(keeping: RollKeeping, election: ElectionId) -> None:
    """Stop issuing credentials for an election, and forget who had one.

    Without the key the marks tell nothing, and none is made again, whatever is published later.
    """
    keeping.calendar.end(election)
    keeping.mark_ring.destroy(election)
