"""A simulated election ends with all counts equal, or reports that they are not."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pytest

from civic.contracts.identifiers import ElectionId
from civic.lab.memory import issuer
from civic.lab.memory.issuer import MemoryIssuer
from civic.lab.memory.voting import MemoryBallots, MemoryQueue, MemoryTallies
from civic.lab.simulate import log_delivery, run
from civic.lab.simulate.command import share_of
from civic.lab.simulate.country import style_of
from civic.lab.simulate.electorate import apportioned
from civic.lab.simulate.outcome import Outcome
from civic.lab.simulate.run import Plan, Simulation
from civic.operator.main import main
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.voting.errors import StoreUnavailable
from civic.voting.model.ballot import CommittedBallot
from civic.voting.model.tally import ShardTally
from civic.voting.ports import Cast

VOTERS = 300


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ROUND", 50)
    monkeypatch.setattr(run, "CRASH_SHARE", 0.1)
    monkeypatch.setattr(run, "LOG_CRASH_SHARE", 0.03)
    monkeypatch.setattr(log_delivery, "LOG_BATCH", 10)


type Held = Callable[..., Outcome]


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Return a function that holds elections and publishes the log of each in its own folder."""
    numbers = count()

    def hold(*, crash: bool = True, seed: int = 1, rounds: int = 1_000) -> Outcome:
        plan = Plan(apportioned(VOTERS), duplicates=0.3, redeliver=0.1, crash=crash, seed=seed)
        simulation = Simulation(plan, tmp_path / str(next(numbers)))
        ticks = iter(range(1, rounds + 1))
        simulation.vote(lambda _: next(ticks) < rounds)
        return simulation.finish()

    return hold


@pytest.mark.parametrize("seed", range(5))
def test_every_count_is_the_same_through_crashes_and_redeliveries(held: Held, seed: int) -> None:
    outcome = held(seed=seed)
    assert outcome.right
    assert outcome.voters == VOTERS == outcome.ballots
    assert outcome.delivered.crashes
    assert outcome.delivered.redelivered
    assert outcome.log is not None
    assert outcome.log.delivered.crashes
    assert outcome.log.delivered.redelivered
    assert outcome.log.check.checkpoints > 10
    assert outcome.refused == outcome.submitted - VOTERS > 0


def test_some_second_votes_for_somebody_else_are_faster_than_the_first(tmp_path: Path) -> None:
    plan = Plan(apportioned(VOTERS), duplicates=0.9, redeliver=0.0, crash=False, seed=1)
    simulation = Simulation(plan, tmp_path)
    simulation.vote(lambda _: True)
    before = list(simulation.outcome.expected)
    assert simulation.finish().right
    assert before != simulation.outcome.expected


def test_the_same_seed_repeats_the_election(held: Held) -> None:
    first, second = held(seed=7), held(seed=7)
    assert (first.submitted, first.accepted, first.delivered, first.counted) == (
        second.submitted,
        second.accepted,
        second.delivered,
        second.counted,
    )


def test_credentials_are_counted_as_posted_codes_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "KEY_BITS", 2048)
    monkeypatch.setattr(run, "ROUND_WITH_CREDENTIALS", 10)
    plan = Plan(apportioned(20), 0.9, redeliver=0.1, crash=True, seed=1, credentials=True)
    simulation = Simulation(plan, tmp_path)
    simulation.vote(lambda _: True)
    outcome = simulation.finish()
    assert outcome.right
    assert outcome.voters == 20 == outcome.ballots
    # Some second votes for somebody else were accepted too, and one of each pair was settled.
    assert outcome.refused > 0
    assert outcome.accepted > 20


def test_a_credential_of_another_issuer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "KEY_BITS", 2048)
    plan = Plan(apportioned(3), 0.0, redeliver=0.0, crash=False, seed=1, credentials=True)
    simulation = Simulation(plan, tmp_path)
    voting = [style_of(state.state) for state in plan.states if state.total]
    monkeypatch.setattr(
        simulation, "_issuer", MemoryIssuer(simulation._election, voting, simulation._dice.bytes)
    )
    simulation.vote(lambda _: True)
    outcome = simulation.finish()
    assert (outcome.voters, outcome.unexplained) == (0, 6)
    assert not outcome.right


def test_more_credentials_than_there_is_time_for_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate", "--credentials", "--voters", "2001"]) == SettingInvalid.exit_code
    assert "a blind signature costs about 20 ms" in capsys.readouterr().err


def test_voting_that_is_broken_off_is_counted_as_far_as_it_went(held: Held) -> None:
    outcome = held(rounds=2)
    assert outcome.right
    assert outcome.voters == 100


def test_a_box_that_takes_a_second_ballot_is_found_out(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(self: MemoryBallots, ballot: CommittedBallot) -> Cast:
        self.rows[ballot.nullifier] = ballot.salt, ballot.election, ballot.content
        self.arrived.append(ballot)
        return Cast.COUNTED

    monkeypatch.setattr(MemoryBallots, "_cast", careless)
    outcome = held(crash=False)
    assert not outcome.right
    assert sum(outcome.counted) > sum(outcome.recounted)


def test_a_queue_that_loses_a_ballot_is_found_out(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0
    take = MemoryQueue.send

    def lossy(self: MemoryQueue, election: ElectionId, sealed: bytes) -> None:
        nonlocal sent
        sent += 1
        if sent != 10:
            take(self, election, sealed)

    monkeypatch.setattr(MemoryQueue, "send", lossy)
    outcome = held(crash=False)
    assert not outcome.right
    assert outcome.voters == outcome.ballots + 1


def test_a_tally_that_forgets_where_it_was_is_found_out(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = MemoryTallies.write

    def forgetful(self: MemoryTallies, election: ElectionId, shard: str, tally: ShardTally) -> None:
        write(self, election, shard, ShardTally("", tally.revision, tally.counts))

    monkeypatch.setattr(MemoryTallies, "write", forgetful)
    outcome = held()
    assert not outcome.right
    assert sum(outcome.error_of(choice) for choice in range(6)) > 0


def test_a_receipt_that_no_ballot_in_the_box_has_is_found_out(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryBallots, "find", lambda *_: None)
    outcome = held(crash=False)
    assert outcome.unexplained
    assert not outcome.right


def test_all_counts_equal_is_not_enough_while_anything_is_unexplained() -> None:
    found = Outcome(voters=1, ballots=1, published=1)
    found.expected = found.counted = found.recounted = [1]
    assert found.right
    found.unexplained = 1
    assert not found.right


def test_handlers_that_never_succeed_end_the_simulation(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: MemoryBallots, ballots: Sequence[CommittedBallot]) -> list[StoreUnavailable]:
        return [StoreUnavailable() for _ in ballots]

    monkeypatch.setattr(MemoryBallots, "cast", full)
    with pytest.raises(CommandFailed, match="not a simulated crash"):
        held()


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("0", 0), ("90%", 0.9)])
def test_a_share_may_be_given_as_percent(text: str, share: float) -> None:
    assert share_of(text, "--redeliver", 0.9) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "many", "-1%", "91%", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(SettingInvalid, match="--redeliver"):
        share_of(text, "--redeliver", 0.9)
