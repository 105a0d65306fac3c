"""Two elections and the people who may vote in them, over years.

``Electorate`` lets people and the office do what they like. Who may have which credential follows
from what the roll has heard, and from nothing else.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from civic.analytics.functions import collector
from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.identity.functions import (
    accountability,
    credential_issuer,
    credential_roll,
    deadlines,
    gateway,
    pii_storage,
    reconciler,
    review,
    rights,
    subject_access,
    validator,
)
from civic.identity.model.registration import Address, Registration
from civic.identity.model.rows import Tombstone
from civic.voting.errors import VotingError
from civic.voting.functions import calendar, elections, press
from civic.voting.model.draft import DraftElection
from civic.voting.model.election import State
from civic.voting.usecases import drafts
from civic.voting.usecases.elections import finish, publish
from tests.fakes.elections import credential_request
from tests.fakes.pipeline import NOW
from tests.fakes.voting_elections import draft_document
from tests.property.years import Years
from tests.strategies.registrations import address, person

FIRST, SECOND = 0, 1
CLOCKS = tuple(
    one.__name__.rpartition(".")[2]
    for one in (
        accountability,
        calendar,
        collector,
        credential_issuer,
        credential_roll,
        deadlines,
        elections,
        gateway,
        pii_storage,
        press,
        reconciler,
        review,
        rights,
        subject_access,
        validator,
    )
)
HOMES: tuple[Address, ...] = (
    address(city="Sacramento", region="CA", postcode="95814", country="US"),
    address(city="Portland", region="OR", postcode="97201", country="US"),
    address(),
)
BIRTHDAY = NOW.date() + timedelta(days=200)
"""Between the elections: when the young one comes of age."""
PEOPLE: tuple[dict[str, object], ...] = (
    {},
    {"date_of_birth": date(BIRTHDAY.year - 18, BIRTHDAY.month, BIRTHDAY.day)},
    {"citizenship_attestation": False},
    {"national_id": "1"},
)
"""Somebody whom the rules accept, one too young, one they reject, and one they leave to people."""
_TIMES = ((60, 90, 40), (420, 450, 400))
"""In days: when each opens and closes, and when its roll closes."""
_STYLES = (
    [
        {"id": "west", "name": "West", "areas": ["US-CA"]},
        {"id": "north", "name": "North", "areas": ["US-OR"]},
    ],
    [{"id": "all", "name": "All", "areas": ["US"]}],
)


@dataclass(eq=False)
class Registered:
    """One registration, and what was signed for it."""

    id: RegistrationId
    token: str
    key: str
    body: Registration
    signed: dict[ElectionId, tuple[int, StyleId, str]] = field(default_factory=dict)
    """By election the number of the message, the ballot style and the signature."""
    voted: set[ElectionId] = field(default_factory=set)
    erased: datetime | None = None
    """When an erasure was acknowledged."""


@dataclass
class Electorate(Years):
    """Everybody who may vote, and the office."""

    lives: list[Registered] = field(default_factory=list)
    corrections: int = 0

    def __post_init__(self) -> None:
        """Let the office write both elections down."""
        super().__post_init__()
        self.elections = [
            drafts.create(self.pipeline.office, self.draft(which)).id for which in (FIRST, SECOND)
        ]
        self.look_around()

    def draft(self, which: int, days: int = 0, more: str | None = None) -> DraftElection:
        """Return a definition, later by some days, and with an area more."""

        def on(day: int) -> str:
            return (NOW + timedelta(days=day)).isoformat()

        opens, closes, roll_closes = (day + days for day in _TIMES[which])
        styles = [dict(one) for one in _STYLES[which]]
        if more is not None:
            styles[-1]["areas"] = [*styles[-1]["areas"], more]
        return DraftElection.model_validate(
            draft_document(
                title=f"Election {which}",
                opens_at=on(opens),
                closes_at=on(closes),
                roll_closes_at=on(roll_closes),
                styles=styles,
                openings="public",
            )
        )

    def register(self, who: int, home: int) -> None:
        key = f"citizen-{len(self.lives)}-0123456789abcdef"
        body = person(address=HOMES[home], **PEOPLE[who])
        answer = self._register(body, key)
        assert answer["statusCode"] == 202, answer
        said = json.loads(answer["body"])
        self.lives.append(Registered(RegistrationId(said["id"]), said["access_token"], key, body))

    def register_again(self, life: Registered) -> None:
        """Send the first request once more; an id that has ended is not used again."""
        answer = self._register(life.body, life.key)
        if isinstance(self.pipeline.decisions.get(life.id), Tombstone):
            assert answer["statusCode"] == 409, answer
        else:
            assert json.loads(answer["body"])["id"] == life.id, answer

    def _register(self, body: Registration, key: str) -> dict[str, Any]:
        answer = self.pipeline.http(
            "POST /registrations",
            body.model_dump_json(exclude_none=True),
            headers={"idempotency-key": key},
        )
        self.look_around()
        return answer

    def correct(self, life: Registered, who: int, home: int) -> None:
        """Move, or become somebody whom the rules treat otherwise."""
        self.corrections += 1
        name = f"erika{self.corrections}"
        body = person(address=HOMES[home], username=name, **PEOPLE[who])
        self.ask(life, "PUT /registrations/{id}", body.model_dump_json(exclude_none=True))

    def ask(self, life: Registered, route: str, body: str | None = None) -> dict[str, Any]:
        answer = self.pipeline.http(route, body, path={"id": life.id}, token=life.token)
        self.look_around()
        return answer

    def erase(self, life: Registered) -> None:
        answer = self.ask(life, "DELETE /registrations/{id}")
        assert answer["statusCode"] == 202, answer
        life.erased = life.erased or self.pipeline.now

    def erase_in_vain(self, life: Registered) -> None:
        """Ask for an erasure that is not acknowledged, as the bus is out."""
        self.outages.out = True
        answer = self.ask(life, "DELETE /registrations/{id}")
        self.outages.out = False
        assert answer["statusCode"] in {404, 503}, answer

    def decide(self, registration: RegistrationId, verdict: str, by: str) -> None:
        """Decide a case as a member of staff."""
        case = self.pipeline.reviews.get(registration)
        assert case is not None
        opinion = json.dumps({"revision": case.record.revision, "decision": verdict})
        route = "POST /reviews/{id}"
        self.pipeline.http(route, opinion, by, path={"id": registration})
        self.look_around()

    def ask_credential(self, life: Registered, which: int, number: int) -> None:
        """Ask for a credential: it is given if what was heard says so, and only then."""
        election = self.elections[which]
        now = self.pipeline.now + self.pipeline.skews.get("credential_issuer", timedelta())
        before = life.signed.get(election)
        style = self.heard.style_for(life.id, election, now, before[1] if before else None)
        if before is not None and before[0] != number:
            style = None
        message = bytes([0, number + 1] + [1] * 382)
        route = "POST /registrations/{id}/credentials"
        answer = self.ask(life, route, credential_request(message, election))
        if style is None:
            assert answer["statusCode"] in {403, 404, 409, 410}, "a credential for nobody"
            return
        assert answer["statusCode"] == 200, answer
        said = json.loads(answer["body"])
        signed = number, StyleId(said["style"]), said["blind_signature"]
        assert said["style"] == style
        assert life.signed.setdefault(election, signed) == signed, "two credentials"

    def vote(self, life: Registered, which: int) -> None:
        """Use a credential, if the box is open."""
        election = self.elections[which]
        stored = self.pipeline.elections.find(election)
        if election not in life.signed or election in life.voted or stored is None:
            return
        if stored.election.state_at(self.pipeline.now) == "open":
            life.voted.add(election)
            self.pipeline.cast(election, life.signed[election][1], "o1")
            self.look_around()

    def publish(self, which: int) -> None:
        self._office(publish, which)

    def change(self, which: int, days: int, more: str | None) -> None:
        self._office(drafts.update, which, self.draft(which, days, more))

    def finish(self, which: int) -> None:
        self._office(finish, which)

    def certify(self, which: int) -> None:
        """Ask for the certification, after the closing, until the box is counted."""
        self._wait_for(which, "closes_at")
        for _ in range(2):
            with suppress(VotingError):
                self.pipeline.certify(self.elections[which])
            self.look_around()

    def wait_for_opening(self, which: int) -> None:
        """Wait until votes are accepted in a published election."""
        self._wait_for(which, "opens_at")

    def _wait_for(self, which: int, name: str) -> None:
        stored = self.pipeline.elections.find(self.elections[which])
        assert stored is not None
        then = getattr(stored.election, name) + timedelta(hours=1)
        if stored.election.state is not State.DRAFT and then > self.pipeline.now:
            self.wait(then - self.pipeline.now)

    def _office(self, step: Any, which: int, *arguments: object) -> None:
        # If it is not the time for it, nothing happens.
        with suppress(VotingError):
            step(self.pipeline.office, self.elections[which], *arguments)
        self.look_around()
