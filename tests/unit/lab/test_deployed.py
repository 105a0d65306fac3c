"""An election in a deployed stack, which here is made of dictionaries."""

import base64
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import pytest

from civic.client.api_client import Refused
from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.memory.voting import MemoryBallots
from civic.lab.simulate import deployed
from civic.lab.simulate.deployed import DeployedElection
from civic.lab.simulate.electorate import apportioned
from civic.lab.simulate.hall import Hall, hall_of
from civic.lab.simulate.outcome import Outcome
from civic.lab.simulate.run import Plan
from civic.operator.main import main
from civic.operator.recount import Recount
from civic.stack.target import Target
from civic.terminal.failures import SettingInvalid
from civic.voting.model.ballot import Ballot, CommittedBallot, commit
from civic.voting.model.codes import hash_of, parse
from civic.voting.model.credential import code_nullifier
from civic.voting.model.draft import DraftElection
from civic.voting.model.tally import WRITE_INS, Counts
from civic.voting.usecases.publishing import recount

VOTERS = 120
ELECTION = ElectionId("0123456789ab")
KEY = SALT = bytes(32)
OPTIONS = [f"o{number}" for number in range(2, 7)]


class Stack:
    """Staff API, vote API and box; votes wait until results are requested."""

    def __init__(self) -> None:
        self.box = MemoryBallots()
        self.lost = self.extra = 0
        self.steps: list[str] = []
        self._styles: dict[str, StyleId] = {}
        self._sent: list[CommittedBallot] = []
        self._lock = Lock()
        self._names: list[str] = []

    @property
    def hall(self) -> Hall:
        return Hall(self, self, lambda _: KEY, self.recount, self.box.every)

    def create(self, draft: DraftElection) -> dict[str, Any]:
        self._names = [style.id for style in draft.styles]
        return {"id": ELECTION}

    def show(self, election: str) -> dict[str, Any]:
        return {"id": election, "contests": [{"id": "c1", "options": [{"id": o} for o in OPTIONS]}]}

    def publish(self, election: str) -> dict[str, Any]:
        return self._step("publish", election)

    def open(self, election: str) -> dict[str, Any]:
        return self._step("open", election)

    def finish(self, election: str) -> dict[str, Any]:
        if "open" not in self.steps:
            raise Refused(409, "not_now")
        return self._step("finish", election)

    def certify(self, election: str, ballots: int) -> dict[str, Any]:
        return self._step(f"certify {ballots}", election)

    def add_codes(self, election: str, style: str, hashes: list[str]) -> int:
        assert election == ELECTION
        self._styles |= dict.fromkeys(hashes, StyleId(style))
        return len(hashes)

    def vote(
        self,
        voter: str,
        selections: Mapping[str, Sequence[str]],
        write_ins: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        hashed = hash_of(parse(voter), KEY)
        style = self._styles[_text(hashed)]
        nullifier = code_nullifier(ELECTION, hashed)
        chosen = {contest: tuple(options) for contest, options in selections.items()}
        if not set(chosen.get("c1", ())) <= set(OPTIONS):
            raise Refused(422, "invalid_ballot")
        with self._lock:
            if self.box.holds(nullifier):
                raise Refused(409, "already_voted")
            written = {contest: tuple(names) for contest, names in (write_ins or {}).items()}
            made = commit(Ballot(ELECTION, style, chosen, written), nullifier, SALT)
            self._sent.append(made)
            if len(self._sent) > 20:
                self._arrive()
        return _text(made.receipt)

    def results(self, query: Mapping[str, str]) -> dict[str, Any]:
        assert query == {"election": ELECTION}
        with self._lock:
            self._arrive()
        counts = recount(self.box, ELECTION)
        rows = [*OPTIONS, WRITE_INS]
        styles = [
            {
                "id": name,
                "contests": [
                    {"options": [{"id": o, "count": self._of(counts, name, o)} for o in rows]}
                ],
            }
            for name in self._names
        ]
        state = "closed" if "finish" in self.steps else "open"
        return {"ballots": counts.ballots + self.extra, "state": state, "styles": styles}

    def recount(self, election: ElectionId) -> Recount:
        counts = recount(self.box, election)
        return Recount(counts, counts)

    def _of(self, counts: Counts, style: str, option: str) -> int:
        return counts.of(StyleId(style), "c1", option) + (self.extra if option == "o2" else 0)

    def _step(self, name: str, election: str) -> dict[str, Any]:
        assert election == ELECTION
        self.steps.append(name)
        return {}

    def _arrive(self) -> None:
        # The last one first: a second vote may overtake the first.
        self.box.cast(self._sent[::-1][self.lost :])
        self.lost = 0
        self._sent.clear()


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "ROUND", 30)
    monkeypatch.setattr(deployed, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(deployed, "_SLOWEST", 10_000)


def held(stack: Stack, *, duplicates: float = 0.5, rounds: int = 1_000) -> Outcome:
    plan = Plan(apportioned(VOTERS), duplicates, redeliver=0.0, crash=False, seed=1)
    ticks = iter(range(1, rounds + 1))
    with DeployedElection.held(stack.hall, plan, workers=3) as election:
        assert election.post_codes(lambda _: True)
        election.vote(lambda _: next(ticks) < rounds)
        return election.finish()


def test_an_election_ends_with_every_count_equal() -> None:
    stack = Stack()
    outcome = held(stack)
    assert outcome.right
    assert outcome.voters == VOTERS == outcome.ballots
    assert outcome.refused == outcome.submitted - VOTERS > 0
    # A voter's second vote was accepted too, and one of the two is in the box.
    assert outcome.accepted > VOTERS
    assert stack.steps == ["publish", "open", "finish"]


def test_voting_that_is_broken_off_is_counted_as_far_as_it_went() -> None:
    outcome = held(Stack(), rounds=2)
    assert outcome.right
    assert outcome.voters == 60


def test_a_ballot_that_got_lost_is_found_out() -> None:
    stack = Stack()
    stack.lost = 1
    outcome = held(stack, duplicates=0.0)
    assert not outcome.right
    assert sum(outcome.error_of(choice) for choice in range(6)) == 1


def test_results_that_say_more_than_the_box_are_found_out() -> None:
    stack = Stack()
    stack.extra = 1
    outcome = held(stack, duplicates=0.0)
    assert not outcome.right
    assert outcome.recounted == outcome.expected != outcome.counted


def test_a_voter_who_is_refused_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack()
    refusals = iter([Refused(404, "unknown"), Refused(409, "already_voted")])
    real = stack.vote

    def vote(voter: str, selections: Mapping[str, Sequence[str]], *more: Any) -> str:
        refusal = None if selections == {"c1": ["o999999"]} else next(refusals, None)
        if refusal is not None:
            raise refusal
        return real(voter, selections, *more)

    monkeypatch.setattr(stack, "vote", vote)
    outcome = held(stack, duplicates=0.0)
    assert (outcome.unexplained, outcome.voters) == (2, VOTERS - 2)
    assert not outcome.right


def test_an_election_does_not_stay_open_when_its_holder_is_interrupted() -> None:
    stack = Stack()
    plan = Plan(apportioned(VOTERS), 0.0, redeliver=0.0, crash=False, seed=1)

    def begin() -> None:
        with DeployedElection.held(stack.hall, plan, workers=1) as election:
            election.post_codes(lambda _: True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert stack.steps == ["publish", "open", "finish"]


def test_posting_codes_may_be_broken_off() -> None:
    stack = Stack()
    plan = Plan(apportioned(VOTERS), 0.0, redeliver=0.0, crash=False, seed=1)
    with DeployedElection.held(stack.hall, plan, workers=1) as election:
        assert not election.post_codes(lambda _: False)
        assert election.finish().right
    assert stack.steps == ["publish", "open", "finish"]


def test_a_stack_on_aws_takes_no_made_up_votes() -> None:
    with pytest.raises(SettingInvalid, match="embedded engine"), hall_of(Target("prod")):
        pass


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--engine", "--crash"], "--crash applies only to runs without --engine"),
        (["--engine", "--redeliver", "2%"], "--redeliver applies only to runs without --engine"),
        (["--workers", "3"], "--workers applies only to runs with --engine"),
        (["--engine", "--voters", "10001"], "up to 10,000 voters"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == SettingInvalid.exit_code
    assert why in capsys.readouterr().err
