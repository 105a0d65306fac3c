"""The demo's election: credentials, votes of every kind, and a count that reconciles."""

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Credential, Device
from civic.client.people_formats import Payload
from civic.client.polling import PollingPlace
from civic.client.submission import in_parallel
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import Audience
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.model.rules import RuleSet
from civic.lab.demo.again import come_back
from civic.lab.demo.life import Life
from civic.operator.certifying import certify_once_counted
from civic.operator.elections import ElectionOffice
from civic.operator.letters.key import codes_key
from civic.operator.letters.making import make_codes, store_codes
from civic.operator.recount import recount_election
from civic.stack.target import Target
from civic.terminal.console import err
from civic.terminal.waiting import until
from civic.voting.model.draft import (
    DraftContest,
    DraftElection,
    DraftOption,
    DraftStyle,
    DraftStyleContest,
)

_BY_POST = 10
_EVERY_NTH_TWICE = 5
_CANDIDATES = ("Ada Example", "Alan Specimen", "Grace Sample")
_LIKELIHOODS = (5, 3, 4)

type Voter = Credential | str


@dataclass(slots=True)
class ElectionStory:
    """What happened in the demo's election.

    Attributes:
        election: Its id.
        life: The lines to read, and the checks that must hold.
        receipts: The receipts that the voters were given.
        voters: How many people got a credential or a code.
        received: How many ballots were received, one per voter.
        ballots: How many ballots were counted.
        came_back: How many erased their registration after voting, and registered again.
        voted_twice: How many of those got another credential.
        results: The certified results, as the API returns them.
    """

    election: ElectionId
    life: Life = field(default_factory=Life)
    receipts: Sequence[str] = ()
    voters: int = 0
    received: int = 0
    ballots: int = 0
    came_back: int = 0
    voted_twice: int = 0
    results: dict[str, Any] = field(default_factory=dict)


def hold_election(
    target: Target, citizen: Citizen, people: "People", rule_set: str, workers: int
) -> ElectionStory:
    """Hold an election among registered people, and reconcile it.

    Args:
        target: The system.
        citizen: The registration API.
        people: Who would like to vote.
        rule_set: Names the countries of registration, each of which gets a ballot style.
        workers: Number of simultaneous requests.
    """
    with (
        PollingPlace(target.vote_api_url, local=target.is_local) as polling,
        ElectionOffice(target) as office,
    ):
        election = _announce(office, load_rule_set(rule_set))
        day = _Day(target, office, polling, election, workers, ElectionStory(election))
        day.publish()
        voters = day.give_credentials(citizen, people)
        day.vote(voters)
        if people.payloads:
            day.come_back(citizen, people)
        day.close(voters[0])
        day.certify()
        return day.story


@dataclass(frozen=True, slots=True)
class People:
    """Registered people.

    Attributes:
        accepted: Those whose registrations were accepted, at least one.
        rejected: One whose registration was rejected, if there is any.
        payloads: What some of them registered with, by id.
    """

    accepted: Sequence[Receipt]
    rejected: Receipt | None
    payloads: Mapping[str, Payload] = field(default_factory=dict)


@dataclass(slots=True)
class _Day:
    """The steps of the election."""

    target: Target
    office: ElectionOffice
    polling: PollingPlace
    election: ElectionId
    workers: int
    story: ElectionStory

    def publish(self) -> None:
        """Announce the election; the issuer makes its keys."""
        life = self.story.life
        life.chapter("The office announces an election")
        self.office.publish(self.election)
        styles = len(self._styles())
        until("the issuer's keys are published", lambda: self._keys() == styles)
        life.tell("ballot styles, each with its own key", str(styles))

    def give_credentials(self, citizen: Citizen, people: People) -> list[Voter]:
        """Give everybody a credential, and post some codes."""
        life = self.story.life
        life.chapter("Credentials that nobody can link to a person (RFC 9474)")

        def ask(receipt: Receipt) -> Credential | None:
            device = Device(citizen, receipt)
            if any(one.election == self.election for one in device.look()[1]):
                return None
            return device.credential(self.election)

        asked = list(in_parallel(ask, people.accepted, self.workers))
        voters: list[Voter] = [one for one in asked if one is not None]
        life.tell("blind signatures issued, one per person", str(len(voters)))
        life.tell("registered, and not old enough on the day", str(asked.count(None)))
        first = next(who for who, one in zip(people.accepted, asked, strict=True) if one)
        again = refusal(lambda: ask(first))
        life.check("a second credential is refused", again == HTTPStatus.CONFLICT)
        if people.rejected is not None:
            rejected = people.rejected
            nobody = refusal(lambda: ask(rejected))
            life.check("a rejected person gets none", nobody == HTTPStatus.NOT_FOUND)
        codes = make_codes(_BY_POST, secrets.token_bytes)
        key = codes_key(self.target, self.election)
        for _ in store_codes(self.office, self.election, self._styles()[0], codes, key):
            pass
        life.tell("codes for postal voters", str(len(codes)))
        voters += codes
        self.story.voters = len(voters)
        return voters

    def vote(self, voters: Sequence[Voter]) -> None:
        """Let everybody vote, some of them twice, and submit some invalid ballots."""
        life, polling = self.story.life, self.polling
        life.chapter("Voting")
        choices = self._choices(voters)
        early = refusal(lambda: polling.vote(voters[0], choices[0]))
        life.check("nobody can vote before the polls open", early == HTTPStatus.FORBIDDEN)
        self.office.open(self.election)
        wrong = HTTPStatus.UNPROCESSABLE_ENTITY
        until("the polls are open", lambda: self._nonsense(voters[0]) != HTTPStatus.FORBIDDEN)
        life.check("an unknown option is refused", self._nonsense(voters[0]) == wrong)
        forged = refusal(lambda: polling.vote(_forged(voters), choices[0]))
        life.check("a forged credential is refused", forged == HTTPStatus.NOT_FOUND)
        ballots = list(zip(voters, choices, strict=True))
        receipts = list(in_parallel(lambda one: polling.vote(*one), ballots, self.workers))
        self.story.receipts, self.story.received = receipts, len(receipts)
        life.check("every receipt is different", len(set(receipts)) == len(voters))
        counted = until("every ballot is counted", lambda: self._counted(len(voters)))
        twice = [self._again(voter, choices[0]) for voter in voters[::_EVERY_NTH_TWICE]]
        life.check(f"{len(twice)} second votes are refused", set(twice) == {HTTPStatus.CONFLICT})
        life.tell("ballots counted", str(counted))

    def come_back(self, citizen: Citizen, people: People) -> None:
        """Let some who have voted erase their registration, register again and ask once more."""
        life, story = self.story.life, self.story
        life.chapter("Erased and registered again after voting")
        known = [(one, people.payloads.get(one.id)) for one in people.accepted]
        told = [(one, payload) for one, payload in known if payload is not None]
        back = come_back(self.target, citizen, self.election, told)
        story.came_back, story.voted_twice = back.people, back.voted_twice
        life.check(f"{back.people} are accepted anew", back.accepted == back.people > 0)
        life.check("none of them gets another credential", back.voted_twice == 0)

    def close(self, late: Voter) -> None:
        """Close the polls."""
        self.office.finish(self.election)
        shut = until("the polls are closed", lambda: self._nonsense(late) == HTTPStatus.FORBIDDEN)
        self.story.life.check("nobody can vote after the polls close", shut)

    def certify(self) -> None:
        """Recount the ballots, and certify the result."""
        story, life = self.story, self.story.life
        life.chapter("Counting")
        found = recount_election(self.target, self.election)
        story.ballots = found.box.ballots
        life.check("recount = tally, cell by cell", not found.differences)
        life.check("ballots in the box = votes received", story.ballots == story.received)
        certify_once_counted(self.office, self.election, story.ballots, err.print)
        story.results = until("the result is certified", self._certified)
        complete = story.results["ballots"] == story.received
        life.check("the certified result includes every ballot", complete)

    def _styles(self) -> list[StyleId]:
        return sorted(style["id"] for style in self.office.show(self.election)["styles"])

    def _keys(self) -> int:
        """Return how many keys are published: none before the election itself is."""
        try:
            return len(self.polling.election(self.election)["keys"])
        except Refused:
            return 0

    def _choices(self, voters: Sequence[Voter]) -> list[dict[str, list[str]]]:
        dice = random.Random(self.election)  # noqa: S311 - made-up voters' choices are no secret
        contest, *_ = self.office.show(self.election)["contests"]
        options = [option["id"] for option in contest["options"]]
        return [{contest["id"]: dice.choices(options, _LIKELIHOODS)} for _ in voters]

    def _nonsense(self, voter: Voter) -> int:
        return refusal(lambda: self.polling.vote(voter, {"c1": ["o999999"]}))

    def _again(self, voter: Voter, choice: dict[str, list[str]]) -> int:
        return refusal(lambda: self.polling.vote(voter, choice))

    def _counted(self, wanted: int) -> int | None:
        try:
            found = int(self.polling.results({"election": self.election})["ballots"])
        except Refused:
            return None
        return found if found >= wanted else None

    def _certified(self) -> dict[str, Any] | None:
        found = self.polling.results({"election": self.election})
        return None if found["estimate"] else found


def _announce(office: ElectionOffice, rules: RuleSet) -> ElectionId:
    """Draft an election for tomorrow, with a ballot style for each country.

    Voters must be old enough on the day of the rule set, if that is still to come.
    """
    now, countries = datetime.now(UTC), sorted(rules.countries)
    draft = DraftElection(
        title="The demo's election",
        time_zone="UTC",
        opens_at=now + timedelta(days=1),
        closes_at=now + timedelta(days=2),
        day=max(rules.election.date, (now + timedelta(days=2)).date()),
        contests=(
            DraftContest(
                title="Chair",
                min=1,
                options=tuple(DraftOption(text=name) for name in _CANDIDATES),
            ),
            DraftContest(title="Holiday", write_ins=True, options=(DraftOption(text="1 May"),)),
        ),
        styles=tuple(_style(country, countries[0]) for country in countries),
        openings=Audience.PUBLIC,
    )
    return ElectionId(office.create(draft)["id"])


def _style(country: str, first: str) -> DraftStyle:
    """Return a country's ballot style; only the first country votes on the holiday."""
    both = (DraftStyleContest(contest="Chair"), DraftStyleContest(contest="Holiday"))
    return DraftStyle(
        id=StyleId(country.lower()),
        name=country,
        areas=(country,),
        contests=both if country == first else both[:1],
    )


def _forged(voters: Sequence[Voter]) -> Credential:
    real = next(one for one in voters if isinstance(one, Credential))
    return real.model_copy(update={"token": bytes(32)})


def refusal(call: Callable[[], object]) -> int:
    """Return the status with which a call is refused, or 0 if it is not."""
    try:
        call()
    except Refused as refused:
        return refused.status
    return 0
