"""What the issuer does: sign one blinded message for each person and election.

It sees who asks, and a number that could be anything. Only the person's own device knows which
credential results, so nobody can link a ballot to its voter (RFC 9474 section 2).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.contracts.ports import Clock, RandomBytes
from civic.identity.errors import (
    CredentialAlreadyIssued,
    ElectionNotFound,
    ElectionOver,
    RegistrationNotFound,
)
from civic.identity.model.blind_rsa import blind_sign, representative_of
from civic.identity.model.credentials import Entitlement, RollEntry, areas_of, request_digest
from civic.identity.model.keys import may_access
from civic.identity.ports.issuing import ElectionCalendar, IssuerRoll, SigningKeys


@dataclass(frozen=True, slots=True)
class Issuing:
    """What these use cases work with."""

    roll: IssuerRoll
    calendar: ElectionCalendar
    keys: SigningKeys
    clock: Clock
    entropy: RandomBytes


@dataclass(frozen=True, slots=True)
class Offer:
    """An election a person may have a credential for, or has been given one for."""

    entitlement: Entitlement
    public_key: bytes
    issued: bool


@dataclass(frozen=True, slots=True)
class BlindSignature:
    """The answer to a request; the person's device makes the credential from it."""

    election: ElectionId
    style: StyleId
    signature: bytes


def list_offers(
    issuing: Issuing, registration: RegistrationId, access_token: str
) -> tuple[Offer, ...]:
    """Return the elections a person may vote in that are not over.

    Raises:
        RegistrationNotFound: Unknown, not accepted, erased or another person's.
    """
    entry = _on_the_roll(issuing, registration, access_token)
    now = issuing.clock()
    return tuple(
        Offer(
            one,
            issuing.keys.public(one.election, one.style),
            issued=one.election in entry.issued,
        )
        for one in _entitlements(issuing, entry.standing.area)
        if not one.is_over(now)
    )


def issue_credential(
    issuing: Issuing,
    registration: RegistrationId,
    access_token: str,
    election: ElectionId,
    blinded_message: bytes,
) -> BlindSignature:
    """Sign a blinded message; repeating it gives the same signature, any other gets none.

    The message is noted before it is signed: of two different requests at once one is refused, and
    a request whose answer was lost can be repeated until the election is over.

    Raises:
        RegistrationNotFound: Unknown, not accepted, erased or another person's.
        ElectionNotFound: There is no election of that id for this person.
        ElectionOver: The election is over.
        BlindedMessageRefused: The message is not as long as the modulus, or is not below it.
        CredentialAlreadyIssued: Another message was signed for this person and election.
    """
    entry = _on_the_roll(issuing, registration, access_token)
    entitled = _entitled(issuing, entry.standing.area, election)
    if entitled.is_over(issuing.clock()):
        raise ElectionOver
    key = issuing.keys.private(election, entitled.style)
    representative_of(key, blinded_message)
    request = request_digest(entitled.style, blinded_message)
    if not issuing.roll.issue(registration, election, request):
        # Either it was taken off the roll since it was read, or it asked for something else before.
        _on_the_roll(issuing, registration, access_token)
        raise CredentialAlreadyIssued
    signature = blind_sign(key, blinded_message, issuing.entropy)
    return BlindSignature(election, entitled.style, signature)


def _on_the_roll(issuing: Issuing, registration: RegistrationId, access_token: str) -> RollEntry:
    entry = issuing.roll.get(registration)
    known = may_access(access_token, entry.standing.access_digest if entry else None)
    if entry is None or not known or not entry.standing.accepted:
        raise RegistrationNotFound
    return entry


def _entitled(issuing: Issuing, region: str, election: ElectionId) -> Entitlement:
    for area in areas_of(region):
        found = issuing.calendar.find(area, election)
        if found is not None:
            return found
    raise ElectionNotFound


def _entitlements(issuing: Issuing, region: str) -> Iterator[Entitlement]:
    """Yield every election once, with the style of the narrowest area that has one."""
    seen = set()
    for area in areas_of(region):
        for one in issuing.calendar.of_area(area):
            if one.election not in seen:
                seen.add(one.election)
                yield one
