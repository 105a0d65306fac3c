"""Counting: what comes out of the queue goes into the box, once per nullifier."""

from collections.abc import Sequence
from dataclasses import dataclass

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.voting.errors import (
    ElectionUnknown,
    NotNow,
    SealBroken,
    StoreUnavailable,
    VotingError,
)
from civic.voting.model.ballot import Ballot, CommittedBallot
from civic.voting.model.election import State
from civic.voting.model.sealing import unseal
from civic.voting.ports import BallotBox, Cast
from civic.voting.usecases.polls import Polls


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: ``error`` is None unless it has to be delivered again."""

    cast: Cast
    error: Exception | None = None


def count(
    messages: Sequence[tuple[ElectionId, bytes]], polls: Polls, box: BallotBox
) -> list[Outcome]:
    """Put sealed ballots into the box; a bad message does not affect the others.

    Args:
        messages: Elections and sealed ballots, as the queue delivers them: in any order, and any
            of them repeatedly.
        polls: The elections.
        box: Where they go.

    Returns:
        One outcome per message, in their order.
    """
    outcomes: dict[int, Outcome] = {}
    ballots: dict[int, CommittedBallot] = {}
    seen: dict[Nullifier, int] = {}
    twins: dict[int, int] = {}
    for index, (election, sealed) in enumerate(messages):
        try:
            ballot = _opened(polls, election, sealed)
        except VotingError as error:
            outcomes[index] = Outcome(Cast.FAILED, error)
            continue
        first = seen.setdefault(ballot.nullifier, index)
        if first == index:
            ballots[index] = ballot
        else:
            # If both were put at the same time, either could be the one in the box; the twin
            # shares the first one's fate.
            twins[index] = first
    if ballots:
        became = box.cast(list(ballots.values()))
        outcomes |= {index: _outcome(one) for index, one in zip(ballots, became, strict=True)}
    for index, first in twins.items():
        counted = outcomes[first].cast is Cast.COUNTED
        outcomes[index] = Outcome(Cast.ALREADY) if counted else outcomes[first]
    return [outcomes[index] for index in range(len(messages))]


def _outcome(became: Cast | StoreUnavailable) -> Outcome:
    if isinstance(became, StoreUnavailable):
        # It may be in the box; then the next attempt finds it there.
        return Outcome(Cast.FAILED, became)
    return Outcome(became)


def _opened(polls: Polls, election: ElectionId, sealed: bytes) -> CommittedBallot:
    poll = polls.find(election)
    if poll is None:
        raise ElectionUnknown("no such election")
    if poll.election.state is State.CERTIFIED:
        # A certified count is final, even if a ballot that had failed is put back too late.
        raise NotNow("the election is certified")
    if poll.election.sealed_at is not None:
        # Nor may the box change while it is counted. The office unseals it if ballots wait.
        raise NotNow("the box is sealed")
    ballot = unseal(election, sealed, poll.secrets.seal)
    if Ballot.parse(ballot.content).election != election:
        raise SealBroken("a ballot of another election")
    return ballot
