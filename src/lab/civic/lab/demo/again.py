"""People who register a second time, and twins, who do not."""

import copy
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Device
from civic.client.people_formats import Payload
from civic.contracts.events import Decision
from civic.contracts.identifiers import ElectionId, RegistrationId
from civic.identity.model.codes import Code
from civic.identity.model.review import ReviewCause
from civic.lab.demo.afterwards import Registrant, roll_areas
from civic.operator.accountability import search_pairs
from civic.operator.operations import await_empty_queues
from civic.operator.staff import Staff
from civic.stack.target import Target
from civic.terminal.console import err

_EACH = 4
"""How many people try each way, and how many twins there are."""


@dataclass(slots=True)
class Again:
    """What came of second registrations.

    Attributes:
        attempted: How many people registered a second time.
        asked: Of how many of those people are to say whether they are the same.
        on_the_roll: How many of the second registrations got onto the roll.
        different: How many people registered a second time under another spelling or surname.
        found: Of how many of those a search has two people decide whether they are the same.
        twins: How many people have the birthday, the address and the surname of somebody else.
        twins_blocked: How many of those are not on the roll.
    """

    attempted: int = 0
    asked: int = 0
    on_the_roll: int = 0
    different: int = 0
    found: int = 0
    twins: int = 0
    twins_blocked: int = 0

    @property
    def holds(self) -> bool:
        """Whether all second registrations wait for people, and no twin is kept off the roll."""
        asked = (self.asked, self.found) == (self.attempted, self.different)
        return asked and not (self.on_the_roll or self.twins_blocked)


def register_again(
    target: Target, citizen: Citizen, registrants: Mapping[str, Registrant]
) -> Again:
    """Have some of those on the roll register once more, and some of their twins.

    Args:
        target: The system.
        citizen: The registration API.
        registrants: Made-up people by id, of whom those on the roll are asked.
    """
    people = [
        one.person.payload
        for one in registrants.values()
        if one.person.kind == "typical" and " " in one.person.payload["full_name"]
    ][: _EACH * len(_WAYS)]
    found = Again()
    with err.status("second registrations, and twins"):
        seconds = [
            citizen.register(_WAYS[number % len(_WAYS)](payload), secrets.token_hex(16))
            for number, payload in enumerate(people)
        ]
        twins = [
            citizen.register(_twin(payload), secrets.token_hex(16)) for payload in people[:_EACH]
        ]
        await_empty_queues(target, lambda _left: None)
        statuses = [citizen.status(one) for one in seconds]
        found.attempted = len(seconds)
        found.asked = sum(
            status["decision"] == Decision.REVIEW
            and {reason["code"] for reason in status["reasons"]} == {Code.REGISTERED_ALREADY}
            for status in statuses
        )
        found.on_the_roll = sum(bool(roll_areas(citizen, one)) for one in seconds)
        found.twins = len(twins)
        found.twins_blocked = sum(not roll_areas(citizen, one) for one in twins)
        differing = zip(cycle(_DIFFERENCES), people[:_EACH], strict=False)
        others = [
            citizen.register(change(payload), secrets.token_hex(16))
            for change, payload in differing
        ]
        await_empty_queues(target, lambda _left: None)
        found.different = len(others)
        found.found = len({one.id for one in others} & _of_pairs(target))
        for one in (*seconds, *twins, *others):
            citizen.erase(one)
        await_empty_queues(target, lambda _left: None)
    return found


def _of_pairs(target: Target) -> set[RegistrationId]:
    """Search once, and return whose cases are those of a pair."""
    for _ in search_pairs(target):
        pass
    with Staff(target) as staff:
        return {case["id"] for case in staff.cases() if case["cause"] == ReviewCause.PAIR}


@dataclass(frozen=True, slots=True)
class CameBack:
    """What came of those who erased their registration after voting, and registered again."""

    people: int
    accepted: int
    voted_twice: int
    """How many of them got another credential."""


def come_back(
    target: Target,
    citizen: Citizen,
    election: ElectionId,
    people: Sequence[tuple[Receipt, Payload]],
) -> CameBack:
    """Have some who got a credential erase their registration, register again and ask once more.

    Args:
        target: The system.
        citizen: The registration API.
        election: In which they have voted.
        people: Some of the registered, with what they registered with.
    """
    voted = [(one, payload) for one, payload in people if _has_voted(citizen, one, election)]
    for receipt, _ in voted[:_EACH]:
        citizen.erase(receipt)
    await_empty_queues(target, lambda _left: None)
    back = [citizen.register(payload, secrets.token_hex(16)) for _, payload in voted[:_EACH]]
    await_empty_queues(target, lambda _left: None)
    accepted = sum(citizen.status(one)["decision"] == Decision.ACCEPTED for one in back)
    twice = sum(_gets_another(citizen, one, election) for one in back)
    for receipt in back:
        citizen.erase(receipt)
    await_empty_queues(target, lambda _left: None)
    return CameBack(len(back), accepted, twice)


def _has_voted(citizen: Citizen, receipt: Receipt, election: ElectionId) -> bool:
    offered, _ = Device(citizen, receipt).look()
    return any(one.election == election and one.issued for one in offered)


def _gets_another(citizen: Citizen, receipt: Receipt, election: ElectionId) -> bool:
    try:
        Device(citizen, receipt).credential(election)
    except Refused as refused:
        return refused.code != "issued_before_erasure"
    return True


def _the_same(payload: Payload) -> Payload:
    return copy.deepcopy(payload)


def _in_another_order(payload: Payload) -> Payload:
    return payload | {"full_name": " ".join(reversed(payload["full_name"].upper().split()))}


def _under_another_address(payload: Payload) -> Payload:
    contact = {"email": "again@example.org", "username": "again"}
    return payload | contact | {"address": payload["address"] | {"lines": ["1 Another Street"]}}


_WAYS = (_the_same, _in_another_order, _under_another_address)


def _misspelt(payload: Payload) -> Payload:
    first, _, rest = payload["full_name"].partition(" ")
    return payload | {"full_name": f"{first} {rest}s"}


def _married(payload: Payload) -> Payload:
    first, _, _ = payload["full_name"].partition(" ")
    return payload | {"full_name": f"{first} Neverland"}


_DIFFERENCES = (_misspelt, _married)


def _twin(payload: Payload) -> Payload:
    first, _, rest = payload["full_name"].partition(" ")
    return payload | {"full_name": f"{first[::-1].title()}o {rest}", "national_id": None}
