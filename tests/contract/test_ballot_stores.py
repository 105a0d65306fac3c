"""What every ballot box and tally store does."""

from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.lab.memory.voting import MemoryBallots, MemoryTallies
from civic.runtime import clients
from civic.voting.adapters.ballot_box_dynamodb import SEGMENTS, DynamoDbBallots
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.errors import StoreUnavailable, TallyMoved
from civic.voting.model.ballot import Ballot, CommittedBallot
from civic.voting.model.tally import ShardTally, counted, sequence
from civic.voting.ports import BallotBox, Cast, TallyStore
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind

ELECTION, OTHER = ElectionId("0123456789ab"), ElectionId("ba9876543210")
NORTH, SOUTH = StyleId("north"), StyleId("south")


box = each_kind("dynamodb", MemoryBallots, lambda: DynamoDbBallots(clients.dynamodb(), "ballots"))
tallies = each_kind(
    "dynamodb", MemoryTallies, lambda: DynamoDbTallies(clients.dynamodb(), "tallies")
)


def ballot(number: int, option: str = "o1", election: ElectionId = ELECTION) -> CommittedBallot:
    content = Ballot(election, NORTH, {"c1": (option,)}, {}).canonical()
    return CommittedBallot(
        Nullifier(bytes([number]) * 32), bytes([option == "o1"]) * 32, election, content
    )


def test_the_first_ballot_of_a_nullifier_is_the_one_in_the_box(box: BallotBox) -> None:
    assert box.cast([ballot(1)]) == [Cast.COUNTED]
    assert box.cast([ballot(1, "o2")]) == [Cast.ALREADY]
    assert box.holds(ballot(1).nullifier)


def test_a_refused_ballot_takes_no_other_with_it(box: BallotBox) -> None:
    box.cast([ballot(1)])
    assert box.cast([ballot(1), ballot(2)]) == [Cast.ALREADY, Cast.COUNTED]
    assert box.holds(ballot(2).nullifier)


def test_more_ballots_than_go_at_the_same_time_are_all_answered(box: BallotBox) -> None:
    assert box.cast([ballot(number) for number in range(60)]) == [Cast.COUNTED] * 60


def test_the_box_holds_no_other_ballot(box: BallotBox) -> None:
    box.cast([ballot(1)])
    assert not box.holds(ballot(2).nullifier)


def test_the_ballots_of_an_election_are_returned_as_they_were_cast(box: BallotBox) -> None:
    box.cast([ballot(1), ballot(2, election=OTHER), ballot(3, "o2")])
    box.cast([ballot(1, "o2")])
    found = sorted(box.every(ELECTION), key=lambda one: one.nullifier)
    assert found == [ballot(1), ballot(3, "o2")]


def test_the_ballots_of_an_election_are_counted_and_no_others(box: BallotBox) -> None:
    assert box.count(ELECTION) == 0
    box.cast([*map(ballot, range(40)), ballot(50, election=OTHER)])
    box.cast([ballot(1, "o2")])
    assert (box.count(ELECTION), box.count(OTHER)) == (40, 1)


def test_a_count_reads_every_page_and_no_ballot(aws: Aws) -> None:
    DynamoDbBallots(clients.dynamodb(), "ballots").cast([*map(ballot, range(40))])

    def one_a_page(**call: Any) -> None:
        call["params"]["Limit"] = 1

    aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", one_a_page)
    before = len(aws.requests)
    assert DynamoDbBallots(clients.dynamodb(), "ballots").count(ELECTION) == 40
    asked = [request for name, request in aws.requests[before:] if name == "Scan"]
    assert len(asked) >= 40
    assert {request["Segment"] for request in asked} == set(range(SEGMENTS))
    assert all(one["Select"] == "COUNT" and one["ConsistentRead"] for one in asked)


@pytest.mark.parametrize(
    ("code", "pauses"), [("ThrottlingException", {1, 2, 4, 8}), ("AccessDeniedException", set())]
)
def test_a_count_that_is_refused_is_none(aws: Aws, code: str, pauses: set[float]) -> None:
    slept: list[float] = []
    aws.fail("dynamodb", "Scan", code)
    with pytest.raises(StoreUnavailable):
        DynamoDbBallots(clients.dynamodb(), "ballots", slept.append).count(ELECTION)
    assert set(slept) == pauses


def test_a_count_that_was_throttled_goes_on(aws: Aws) -> None:
    def mend(_: float) -> None:
        aws.mend("dynamodb", "Scan")

    box = DynamoDbBallots(clients.dynamodb(), "ballots", mend)
    box.cast([*map(ballot, range(10))])
    aws.fail("dynamodb", "Scan", "ProvisionedThroughputExceededException")
    assert box.count(ELECTION) == 10


def shard_tally(revision: int, ballots: int) -> ShardTally:
    counts = counted(Ballot(ELECTION, NORTH, {"c1": ("o1",)}, {}) for _ in range(ballots))
    return ShardTally(sequence(str(ballots)), revision, counts)


def test_a_tally_is_read_as_it_was_written(tallies: TallyStore) -> None:
    assert tallies.read(ELECTION, "one") is None
    tallies.write(ELECTION, "one", shard_tally(1, 3))
    assert tallies.read(ELECTION, "one") == shard_tally(1, 3)
    assert tallies.read(ELECTION, "two") is None


@pytest.mark.parametrize("revision", [1, 3])
def test_only_the_next_revision_is_written(tallies: TallyStore, revision: int) -> None:
    tallies.write(ELECTION, "one", shard_tally(1, 3))
    with pytest.raises(TallyMoved):
        tallies.write(ELECTION, "one", shard_tally(revision, 5))
    assert tallies.read(ELECTION, "one") == shard_tally(1, 3)


def test_every_shard_of_an_election_is_returned_and_no_other(tallies: TallyStore) -> None:
    tallies.write(ELECTION, "one", shard_tally(1, 1))
    tallies.write(ELECTION, "two", shard_tally(1, 2))
    tallies.write(OTHER, "one", shard_tally(1, 4))
    assert sorted(one.counts.ballots for one in tallies.every(ELECTION)) == [1, 2]


def test_what_was_read_is_apart_from_what_is_stored(tallies: TallyStore) -> None:
    tallies.write(ELECTION, "one", shard_tally(1, 1))
    found = tallies.read(ELECTION, "one")
    assert found is not None
    found.counts.add(Ballot(ELECTION, NORTH, {"c1": ("o1",)}, {}))
    assert tallies.read(ELECTION, "one") == shard_tally(1, 1)
