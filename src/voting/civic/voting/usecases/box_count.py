"""Counting what is in a sealed box, from the box itself."""

from dataclasses import dataclass

from civic.contracts.identifiers import ElectionId
from civic.voting.ports import BallotBox, BoxCount, ElectionStore


@dataclass(frozen=True, slots=True)
class Counter:
    """The box, and the elections to which the count is written."""

    box: BallotBox
    elections: ElectionStore


def count_box(counter: Counter, election: ElectionId, seal: int) -> int:
    """Count the ballots of an election and keep their number for its office.

    Repeating it counts again, which gives the same number as long as the seal holds.

    Args:
        counter: The box and the elections.
        election: Whose ballots.
        seal: The revision of the election by which its box was sealed.
    """
    ballots = counter.box.count(election)
    counter.elections.keep_box_count(election, BoxCount(seal, ballots))
    return ballots
