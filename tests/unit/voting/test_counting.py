"""Counting: what comes out of the queue goes into the box, once per nullifier."""

import os
from collections.abc import Sequence

import pytest

from civic.contracts.identifiers import ElectionId
from civic.voting.errors import (
    ElectionUnknown,
    NotNow,
    SealBroken,
    StoreUnavailable,
)
from civic.voting.model.ballot import Ballot, CommittedBallot, commit
from civic.voting.model.election import State
from civic.voting.model.sealing import seal
from civic.voting.ports import Cast
from civic.voting.usecases.counting import Outcome, count
from tests.fakes.ballots import ELECTION, OTHER, SOUTH, Polling, ballot, credential, definition

type Message = tuple[ElectionId, bytes]
ALREADY, COUNTED, FAILED = Cast.ALREADY, Cast.COUNTED, Cast.FAILED


def message(polling: Polling, voter: int, candidate: str = "o1") -> Message:
    keys = polling.keys()
    made = commit(ballot(candidate), credential(voter, SOUTH).nullifier, keys.salt)
    return ELECTION, seal(made, keys.seal, os.urandom(12))


def became(polling: Polling, *messages: Message) -> list[Cast]:
    return [one.cast for one in counted(polling, messages)]


def counted(polling: Polling, messages: Sequence[Message]) -> list[Outcome]:
    return count(messages, polling.polls, polling.box)


def in_box(polling: Polling) -> list[str]:
    ballots = polling.box.every(ELECTION)
    return [Ballot.parse(one.content).selections["c1"][0] for one in ballots]


def test_ballots_are_counted_in_one_call() -> None:
    polling = Polling()
    assert became(polling, *(message(polling, n) for n in range(3))) == [COUNTED] * 3
    assert (len(polling.box), polling.box.calls) == (3, [3])


def test_message_delivered_again_changes_nothing() -> None:
    polling = Polling()
    one = message(polling, 1)
    assert became(polling, one) == [COUNTED]
    assert became(polling, one) == [ALREADY]
    assert len(polling.box) == 1


def test_first_vote_stays() -> None:
    polling = Polling()
    counted(polling, [message(polling, 1, "o1")])
    assert became(polling, message(polling, 1, "o2")) == [ALREADY]
    assert in_box(polling) == ["o1"]


def test_two_votes_of_one_voter_in_one_batch_are_one() -> None:
    polling = Polling()
    batch = [message(polling, 1, "o1"), message(polling, 2), message(polling, 1, "o2")]
    assert became(polling, *batch) == [COUNTED, COUNTED, ALREADY]
    assert in_box(polling) == ["o1", "o1"]


def test_twin_of_a_ballot_that_the_box_did_not_take_comes_again_too() -> None:
    polling = Polling()
    polling.box.throttled.add(credential(1, SOUTH).nullifier)
    batch = [message(polling, 1), message(polling, 1), message(polling, 2)]
    outcomes = counted(polling, batch)
    assert [one.cast for one in outcomes] == [FAILED, FAILED, COUNTED]
    assert [type(one.error) for one in outcomes] == [StoreUnavailable, StoreUnavailable, type(None)]
    polling.box.throttled.clear()
    assert became(polling, *batch) == [COUNTED, ALREADY, ALREADY]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_poison_harms_no_other(place: int) -> None:
    polling = Polling()
    election, sealed = message(polling, 9)
    poison: dict[Message, type[Exception]] = {
        (election, sealed[:-1] + bytes([sealed[-1] ^ 1])): SealBroken,
        (election, b""): SealBroken,
        (OTHER, sealed): ElectionUnknown,
    }
    for bad, error in poison.items():
        good = [message(polling, n) for n in range(2)]
        outcomes = counted(polling, [*good[:place], bad, *good[place:]])
        assert isinstance(outcomes[place].error, error)
        assert sum(one.error is not None for one in outcomes) == 1
    assert len(polling.box) == 2


def test_ballot_of_one_election_sealed_for_another_is_refused() -> None:
    polling = Polling()
    polling.hold(definition(id=OTHER))
    keys = polling.keys(OTHER)
    foreign = commit(ballot(election=ELECTION), credential(1).nullifier, keys.salt)
    mixed = type(foreign)(foreign.nullifier, foreign.salt, OTHER, foreign.content)
    (outcome,) = counted(polling, [(OTHER, seal(mixed, keys.seal, os.urandom(12)))])
    assert isinstance(outcome.error, SealBroken)
    assert len(polling.box) == 0


def test_ballot_that_was_accepted_in_time_is_counted_after_the_closing() -> None:
    polling = Polling()
    late = message(polling, 1)
    polling.become(state=State.CLOSED)
    assert became(polling, late) == [COUNTED]


def test_certified_count_takes_no_more() -> None:
    polling = Polling()
    late = message(polling, 1)
    polling.become(state=State.CERTIFIED)
    (outcome,) = counted(polling, [late])
    assert isinstance(outcome.error, NotNow)
    assert len(polling.box) == 0


def test_batch_of_which_the_box_took_a_part_comes_again_and_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    polling = Polling()
    batch = [message(polling, 1), message(polling, 2), message(polling, 1)]

    def unheard(ballots: Sequence[CommittedBallot]) -> list[StoreUnavailable]:
        type(polling.box).cast(polling.box, ballots[:1])
        return [StoreUnavailable() for _ in ballots]

    monkeypatch.setattr(polling.box, "cast", unheard)
    outcomes = counted(polling, batch)
    assert [one.cast for one in outcomes] == [FAILED] * 3
    assert all(isinstance(one.error, StoreUnavailable) for one in outcomes)
    monkeypatch.undo()
    assert became(polling, *batch) == [ALREADY, COUNTED, ALREADY]


def test_empty_batch_asks_nothing() -> None:
    polling = Polling()
    assert counted(polling, []) == []
    assert polling.box.calls == []
