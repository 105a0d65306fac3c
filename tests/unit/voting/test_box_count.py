"""The counter writes down how many ballots the sealed box holds, for the seal it heard of."""

import pytest

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.lab.memory.voting import MemoryBallots, MemoryElections
from civic.voting.errors import StoreUnavailable
from civic.voting.model.ballot import CommittedBallot
from civic.voting.ports import BoxCount
from civic.voting.usecases.box_count import Counter, count_box
from tests.fakes.ballots import ELECTION, OTHER, definition


def counter(*ballots: tuple[int, ElectionId]) -> Counter:
    box, elections = MemoryBallots(), MemoryElections()
    elections.create(definition(), b"secret")
    for number, election in ballots:
        box.cast([CommittedBallot(Nullifier(number.to_bytes(32)), bytes(32), election, b"{}")])
    return Counter(box, elections)


def kept(counter: Counter) -> BoxCount | None:
    stored = counter.elections.find(ELECTION)
    assert stored is not None
    return stored.box


def test_ballots_of_the_election_are_counted_for_its_seal() -> None:
    found = counter((1, ELECTION), (2, OTHER), (3, ELECTION))
    assert count_box(found, ELECTION, 5) == 2
    assert kept(found) == BoxCount(seal=5, ballots=2)


def test_sealing_delivered_again_is_counted_again_and_an_old_one_changes_nothing() -> None:
    found = counter((1, ELECTION))
    for revision in (5, 5, 9, 5):
        assert count_box(found, ELECTION, revision) == 1
    assert kept(found) == BoxCount(seal=9, ballots=1)


def test_box_that_cannot_be_read_is_not_said_to_be_empty() -> None:
    class Shut(MemoryBallots):
        def count(self, election: ElectionId) -> int:  # noqa: ARG002 - as in the port
            raise StoreUnavailable

    found = Counter(Shut(), counter().elections)
    with pytest.raises(StoreUnavailable):
        count_box(found, ELECTION, 5)
    assert kept(found) is None
