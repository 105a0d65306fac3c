"""People whose registrations a traitor writes to, and what can be seen of them from outside.

The functions are the real ones, and so are the adapters of the tables.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from math import inf
from typing import Any

from civic.analytics.aggregates import tally
from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.voting import StyleAreas
from civic.identity.model.keys import RecordId, digest_of
from civic.identity.model.registration import Registration
from civic.identity.model.review import Judgement
from civic.identity.usecases.renewing import agree_to_renewal, ask_for_renewal
from civic.identity.usecases.review import decide_case, list_cases, show_case
from tests.fakes.elections import ELSEWHERE, STYLE, credential_request, published
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import RECEIVES, SUBSCRIPTIONS, TRACE
from tests.fakes.reviewing import DOUBTFUL, HOPELESS, JANE, JOHN
from tests.fakes.rows import Item
from tests.strategies.registrations import address, person
from tests.templates import only
from tests.traitor.stores import PipelineInTables

TABLES = {
    "LowSecDataStore": "decisions",
    "HighSecDataStore": "vault",
    "SubjectKeysTable": "subject-keys",
    "ReviewQueue": "review-queue",
    "RequestLog": "request-log",
    "ErasureLedger": "erasure-ledger",
    "AccessRenewals": "access-renewals",
    "Likenesses": "likenesses",
    "AnalyticsJoins": "joins",
    "IssuerRoll": "issuer-roll",
    "IssuerElections": "issuer-elections",
    "IssuerKeys": "issuer-keys",
    "IssuedMarks": "issued-marks",
    "MarkKeys": "mark-keys",
    "SweepProgress": "sweep-progress",
}
"""The tables about people, by their logical ids."""

type Said = tuple[int, object]
"""The status of an answer, and its content or the code of the problem."""

ALARMS = {"BeyondMending", "DigestsDisagree", "Errors", "KeysRefused", "Responses5xx"}
"""The metrics that tell an operator of rows which contradict each other or cannot be read."""
_OWN = {
    "status": "GET ",
    "right to vote": "GET /credentials",
}
_READING = ("GET ", "GET /requests")
_DAY = timedelta(days=1)
_RENEWED = "renewed-renewed-renewed-renewed-renewed"
_PEOPLE = {
    "mallory": person(full_name="Mallory", address=address(country="FR")),
    "rejected": HOPELESS,
    "accepted": person(full_name="Accepted"),
    "in review": DOUBTFUL,
    "restricted": person(full_name="Restricted"),
    "erased": person(full_name="Erased"),
    "renewed": person(full_name="Renewed"),
}
_MESSAGE, _OTHER = (bytes(127) + bytes([number]) for number in (2, 3))
_CORRECTED = person(username="corrected").model_dump_json(exclude_none=True)
_OF_PEOPLE = ("decisions", "vault", "subject-keys", "issuer-roll", "joins", "review-queue")


_EXPIRING = {
    table
    for resource, table in TABLES.items()
    if "TimeToLiveSpecification" in only("AWS::DynamoDB::Table", resource)
}


@dataclass(frozen=True)
class Person:
    """Somebody, what they can show, and what the traitor would show in their place."""

    id: RegistrationId
    token: str
    stolen: str
    data: Registration | None = None
    """What they registered with; None of somebody who has not."""

    @property
    def registered(self) -> bool:
        """Whether there ever was a registration."""
        return self.data is not None


class Town(PipelineInTables):
    """Everybody, in tables."""

    def __init__(self) -> None:
        self.dead = self.delivered = 0
        super().__init__()
        self.review = replace(self.review, people_needed=2)
        self.people = _settle(self)
        self.held, self.published = self.rows.held(), len(self.bus.events)
        self.since = self.now

    def back(self) -> None:
        """Return to when everybody had settled."""
        self.rows.back(self.held)
        self.now, self.dead, self.delivered = self.since, 0, self.published
        del self.bus.events[self.published :]
        self.log.lines.clear()

    def follow(self) -> None:
        """Deliver everything that was published; what is refused too often is a dead letter."""
        while self.delivered < len(self.bus.events):
            event = self.bus.events[self.delivered]
            self.delivered += 1
            for consumer in SUBSCRIPTIONS[type(event)]:
                self.dead += not any(self.deliver(consumer, event) for _ in range(RECEIVES))

    def ask(self, person: Person, route: str, body: str | None = None, **parts: Any) -> Said:
        """Ask about a person, as themselves; return the status and the content."""
        method, _, rest = route.partition(" ")
        known = {"path": {"id": person.id}, "token": person.token} | parts
        answer = self.http(f"{method} /registrations/{{id}}{rest}", body, **known)
        content = json.loads(answer["body"])
        return answer["statusCode"], content.get("code") or content

    def expire(self) -> None:
        """Delete the rows whose time is over, as DynamoDB does."""
        for name, table in self.rows.tables.items():
            for key, row in list(table.items()):
                if name in _EXPIRING and _plain_ttl(row) < self.now.timestamp():
                    del table[key]

    def mend(self) -> None:
        """Sweep, and let everything follow; what stops the sweep is in its log line."""
        _or_failure(self.sweep)
        self.follow()

    def alarms(self) -> set[str]:
        """Return what would have told an operator of something."""
        found = {name for line in self.log.lines for name in ALARMS if line.get(name, [0]) != [0]}
        return found | ({"dead letters"} if self.dead else set())

    def seen_of(self, person: Person) -> dict[str, object]:
        """Return what the person, staff and everybody are shown, and what a thief gets."""
        seen = self._stolen_from(person) | {
            "statistics": _or_failure(self._counted),
            "case": _or_failure(lambda: self._case_of(person)),
        }
        if person.registered:
            seen |= {name: self.ask(person, route) for name, route in _OWN.items()}
            status, receipt = self.ask(person, "GET /erasure")
            seen["receipt"] = receipt if status == HTTPStatus.OK else None
            seen["request log"] = self._noted_for(person)
            seen["credential"] = self._signed(person, _MESSAGE, person.token)
            seen["looks"] = _or_failure(lambda: self.requests.history(person.id).views)
            seen["record"] = self._shown(person)
        return seen

    def served(self, person: Person) -> dict[str, object]:
        """Return how a correction and an erasure go that the person asks for now, and what next."""
        if person.data is None:
            return {}
        corrected = self.ask(person, "PUT ", _CORRECTED)[0]
        self.follow()
        shown = self._shown(person) if corrected == HTTPStatus.ACCEPTED else None
        erased = self.ask(person, "DELETE ")[0]
        self.follow()
        kept = [table for table in _OF_PEOPLE if self._holds(table, person)]
        kept += ["likenesses" for row in self.rows.items("likenesses") if person.id in str(row)]
        _, receipt = self.ask(person, "GET /erasure")
        complete = isinstance(receipt, dict) and receipt.get("completed_at") is not None
        return {
            "correction": (corrected, shown),
            "erasure": (erased, complete, kept),
            "credential after an erasure": self._signed_again(person, person.data),
        }

    def _signed_again(self, person: Person, data: Registration) -> Said:
        """Return what somebody is answered who registers again and asks for a credential."""
        again = self.register(data)
        self.follow()
        who = replace(person, id=again.id, token=again.access_token)
        return self._signed(who, _OTHER, who.token)[0], None

    def _shown(self, person: Person) -> object:
        _, shown = self.ask(person, "GET /data")
        return shown["data"] if isinstance(shown, dict) else shown

    def _noted_for(self, person: Person) -> object:
        """Return the requests that were noted, without those that are made to look."""
        _, noted = self.ask(person, "GET /requests")
        if not isinstance(noted, dict):
            return []
        return [one for one in noted["requests"] if one["kind"] != "access"]

    def _counted(self) -> object:
        return sorted(map(repr, tally(self.joins.complete()).cells.items()))

    def _case_of(self, person: Person) -> object:
        return [one for one in list_cases(self.review) if one.record.id == person.id]

    def _stolen_from(self, person: Person) -> dict[str, object]:
        """Return what a thief gets, who need not try what would be noticed."""
        before = len(self.log.lines)
        answers = [self.ask(person, one, token=person.stolen)[0] for one in _READING]
        signed = [self._signed(person, _OTHER, one) for one in (person.token, person.stolen)]
        del self.log.lines[before:]
        return {
            "read by another" if person.registered else "ghost": HTTPStatus.OK in answers,
            "another credential": any(status == HTTPStatus.OK for status, _ in signed),
        }

    def _signed(self, person: Person, message: bytes, token: str) -> Said:
        body = credential_request(message)
        return self.ask(person, "POST /credentials", body, token=token)

    def _holds(self, table: str, person: Person) -> bool:
        return any(
            item["id"] == {"S": person.id} and "erased_at" not in item
            for item in self.rows.items(table)
        )


def _plain_ttl(row: Item) -> float:
    return float(row.get("ttl", {}).get("N", inf))


def _or_failure(look: Callable[[], object]) -> object:
    """Return what is seen; of rows that stop whoever looks, how."""
    try:
        return look()
    except (LookupError, TypeError, ValueError) as error:
        return type(error)


def _settle(town: Town) -> dict[str, Person]:
    """Let everybody register, and have happen to them what a traitor may spoil."""
    styles = (StyleAreas(style=STYLE, areas=("DE",)), StyleAreas(style=ELSEWHERE, areas=("FR",)))
    town.bus.publish([published(town.now).model_copy(update={"styles": styles})])
    registered = {name: town.register(who, name * 12) for name, who in _PEOPLE.items()}
    town.follow()
    thief = registered["mallory"].access_token
    people = {
        name: Person(one.id, one.access_token, thief, _PEOPLE[name])
        for name, one in registered.items()
    }
    for name in ("accepted", "restricted", "renewed"):
        status, _ = town.ask(people[name], "POST /credentials", credential_request(_MESSAGE))
        assert status == HTTPStatus.OK
    town.ask(people["restricted"], "PUT /objection")
    town.ask(people["restricted"], "PUT /restriction")
    town.ask(people["erased"], "DELETE ")
    show_case(town.review, people["in review"].id, JANE)
    record = RecordId(people["in review"].id, Revision(1))
    decide_case(town.review, record, Judgement(Decision.ACCEPTED, ()), JANE, TRACE)
    who = people["renewed"]
    code = ask_for_renewal(town.front_desk, who.id, digest_of(_RENEWED), JANE)
    agree_to_renewal(town.agreeing, who.id, code, JOHN)
    people["renewed"] = replace(who, token=_RENEWED)
    town.follow()
    town.now += _DAY
    town.sweep()
    return people | {"nobody": Person(UNKNOWN, "no token", thief)}
