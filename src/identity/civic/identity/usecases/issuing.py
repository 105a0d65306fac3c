"""What the issuer does: sign one blinded message for each person and election.

It sees who asks, and a number that could be anything. Only the person's own device knows which
credential results, so nobody can link a ballot to its voter (RFC 9474 section 2).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.contracts.ports import Clock, RandomBytes
from civic.identity.errors import (
    CredentialAlreadyIssued,
    CredentialKeyMissing,
    DigestsDisagree,
    DuplicateCheckPending,
    ElectionNotFound,
    ElectionOver,
    NotEntitled,
    RegistrationNotFound,
)
from civic.identity.model.blind_rsa import blind_sign, representative_of
from civic.identity.model.credentials import (
    Entitlement,
    Noted,
    Person,
    Right,
    RollEntry,
    Window,
    request_digest,
    right_by_area,
)
from civic.identity.model.marks import Marking, marks_of
from civic.identity.model.pairs import holds_back
from civic.identity.ports.issuing import (
    ElectionCalendar,
    IssuerRoll,
    MarkKeys,
    People,
    SigningKeys,
)
from civic.identity.ports.renewing import AccessRenewals
from civic.identity.usecases.holding import holds

_ASK_AGAIN = timedelta(days=1)
"""When somebody is told to ask again who waits for people, or to be compared with others."""


@dataclass(frozen=True, slots=True)
class Issuing:
    """What these use cases work with."""

    roll: IssuerRoll
    calendar: ElectionCalendar
    keys: SigningKeys
    clock: Clock
    entropy: RandomBytes
    renewals: AccessRenewals
    people: People
    mark_keys: MarkKeys
    searched_within: timedelta = timedelta(0)
    """How long a search for pairs may take to come round."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An election a person may have a credential for, or has been given one for."""

    window: Window
    style: StyleId
    public_key: bytes
    issued: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """An election of the person's area in which they may not vote, and why."""

    window: Window
    why: NotEntitled


@dataclass(frozen=True, slots=True)
class Offers:
    """The elections of a person's area that are not over."""

    offered: tuple[Offer, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class BlindSignature:
    """The answer to a request; the person's device makes the credential from it."""

    election: ElectionId
    style: StyleId
    signature: bytes


def list_offers(issuing: Issuing, registration: RegistrationId, access_token: str) -> Offers:
    """Return the elections of a person's area that are not over.

    Where something was issued, the offer is what the request was noted for, whatever has changed.

    Raises:
        RegistrationNotFound: Unknown, not accepted, erased or another person's.
        AccessRenewed: Staff have given out another token since.
        DuplicateCheckPending: Nobody has said yet whether the person is on the roll already.
    """
    entry, _ = _on_the_roll(issuing, registration, access_token)
    now, offered, refused = issuing.clock(), [], []
    for election, found in _elections(issuing, entry).items():
        right = _right(issuing, entry, election, found)
        if right is None or right.window.is_over(now):
            continue
        if isinstance(right.style, NotEntitled):
            refused.append(Refusal(right.window, right.style))
        else:
            key = issuing.keys.public(election, right.style)
            offered.append(Offer(right.window, right.style, key, issued=election in entry.issued))
    return Offers(tuple(offered), tuple(refused))


def show_entry(issuing: Issuing, registration: RegistrationId, access_token: str) -> RollEntry:
    """Return what the roll holds about somebody, on it or not (GDPR Art. 15).

    Raises:
        RegistrationNotFound: Unknown, erased or another person's.
        AccessRenewed: Staff have given out another token since.
    """
    entry = issuing.roll.get(registration)
    digest = entry.standing.access_digest if entry else None
    if not holds(issuing.renewals, registration, access_token, digest) or entry is None:
        raise RegistrationNotFound
    return entry


def issue_credential(
    issuing: Issuing,
    registration: RegistrationId,
    access_token: str,
    election: ElectionId,
    blinded_message: bytes,
) -> BlindSignature:
    """Sign a blinded message; repeating it gives the same signature, any other gets none.

    The message is noted with its ballot style before it is signed: of two different requests at
    once one is refused, and a request whose answer was lost can be repeated until the election is
    over, even if the person has moved, or the roll has closed, in the meantime.

    Raises:
        RegistrationNotFound: Unknown, not accepted, erased or another person's.
        AccessRenewed: Staff have given out another token since.
        DuplicateCheckPending: Nobody has said yet whether the person is on the roll already.
        ElectionNotFound: There is no election of that id for this person.
        ElectionOver: The election is over.
        NotEntitled: The person may not vote in it; the subclass says why.
        BlindedMessageRefused: The message is not as long as the modulus, or is not below it.
        CredentialAlreadyIssued: Another message was signed for this person and election.
        IssuedBeforeErasure: One was signed for somebody of the same name and date of birth, who
            has erased their registration since.
    """
    while True:
        entry, person = _on_the_roll(issuing, registration, access_token)
        window, style = _style_for(issuing, entry, election)
        request = Noted(request_digest(style, blinded_message), style)
        noted = entry.issued.get(election)
        if noted is not None and noted.digest != request.digest:
            raise CredentialAlreadyIssued
        if noted is None:
            _require_compared(issuing, person, window)
        key = issuing.keys.private(election, style)
        representative_of(key, blinded_message)
        # Where it cannot be noted, a row has changed since it was read.
        if noted is not None or _note(issuing, entry, person, window, request):
            signature = blind_sign(key, blinded_message, issuing.entropy)
            return BlindSignature(election, style, signature)


def _require_compared(issuing: Issuing, person: Person, window: Window) -> None:
    """Refuse whoever is to be compared with somebody who shares weak keys, or may yet be found."""
    decided = person.decided_by_rules
    searched = None if decided is None else decided + issuing.searched_within
    until = holds_back((person.held_until, searched), window.closes_at, issuing.clock())
    if until is not None:
        raise DuplicateCheckPending(until)


def _note(
    issuing: Issuing, entry: RollEntry, person: Person, window: Window, request: Noted
) -> bool:
    """Note a request, and what will tell of it after an erasure."""
    registration, election = entry.standing.id, window.election
    key = issuing.mark_keys.find(election)
    if key is None:
        raise CredentialKeyMissing
    marks = marks_of(key, registration, person.listed, request, window.closes_at)
    return issuing.roll.issue(registration, election, request, Marking(person.listed, marks))


def _style_for(issuing: Issuing, entry: RollEntry, election: ElectionId) -> tuple[Window, StyleId]:
    found = (issuing.calendar.find(area, election) for area in entry.standing.areas)
    right = _right(issuing, entry, election, found)
    if right is None:
        raise ElectionNotFound
    if right.window.is_over(issuing.clock()):
        raise ElectionOver
    if isinstance(right.style, NotEntitled):
        raise right.style
    return right.window, right.style


def _right(
    issuing: Issuing,
    entry: RollEntry,
    election: ElectionId,
    found: Iterable[Entitlement | None],
) -> Right | None:
    """Return what a person has in an election: what was noted for them, whatever has changed.

    Args:
        issuing: What to look it up with.
        entry: The person.
        election: The election.
        found: What each of their areas gets in it, narrowest first.
    """
    noted = entry.issued.get(election)
    if noted is not None and noted.style is not None:
        window = issuing.calendar.window(election)
        return None if window is None else Right(window, noted.style)
    right = right_by_area(entry.standing.areas, found)
    if right is None or noted is not None:
        return right
    refusal = right.window.refusal_of(entry.standing)
    return Right(right.window, refusal) if refusal else right


def _elections(issuing: Issuing, entry: RollEntry) -> dict[ElectionId, list[Entitlement | None]]:
    """Return what each of a person's areas gets in each election, and where they asked before."""
    by_area = [issuing.calendar.of_area(area) for area in entry.standing.areas]
    known = dict.fromkeys(one.window.election for rows in by_area for one in rows)
    rows_of = [{one.window.election: one for one in rows} for rows in by_area]
    return {
        election: [rows.get(election) for rows in rows_of]
        for election in (known | dict.fromkeys(entry.issued))
    }


def _on_the_roll(
    issuing: Issuing, registration: RegistrationId, access_token: str
) -> tuple[RollEntry, Person]:
    """Return what the roll and the low-security store have of somebody whom both accept.

    An acceptance in force counts whatever waits beside it, if the person was compared with others.
    """
    entry = show_entry(issuing, registration, access_token)
    person = issuing.people.person(registration)
    if person is None:
        raise RegistrationNotFound
    if person.access_digest != entry.standing.access_digest:
        raise DigestsDisagree
    unchecked = person.accepted and not person.listed
    if unchecked or (person.waits and not person.accepted):
        raise DuplicateCheckPending(issuing.clock() + _ASK_AGAIN)
    if not (person.accepted and entry.standing.accepted):
        raise RegistrationNotFound
    return entry, person
