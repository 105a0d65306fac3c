"""The teller: what it adds, what it asks the store for, and when it gives up."""

import pytest

from civic.contracts.identifiers import ElectionId
from civic.lab.memory.voting import MemorySnapshotRequests, MemoryTallies
from civic.voting.errors import TallyMoved
from civic.voting.model.tally import Arrival, ShardTally
from civic.voting.usecases.tallying import Teller, total
from tests.fakes.ballots import ELECTION, OTHER, SOUTH, ballot


class Counter(MemoryTallies):
    """Counts the requests that it gets."""

    reads = writes = 0

    def read(self, election: ElectionId, shard: str) -> ShardTally | None:
        self.reads += 1
        return super().read(election, shard)

    def write(self, election: ElectionId, shard: str, tally: ShardTally) -> None:
        self.writes += 1
        super().write(election, shard, tally)


def arrivals(*numbers: int, election: ElectionId = ELECTION) -> list[Arrival]:
    return [Arrival(str(number), ballot(election=election)) for number in numbers]


def test_batch_is_one_write_and_the_store_is_read_once() -> None:
    store, requests = Counter(), MemorySnapshotRequests()
    teller = Teller(store, requests)
    assert teller.tally("a", arrivals(8, 9, 10)) == 3
    assert teller.tally("a", arrivals(11)) == 1
    assert (store.reads, store.writes) == (1, 2)
    assert requests.asked == [ELECTION, ELECTION]


def test_batch_again_adds_nothing_and_asks_for_a_snapshot_all_the_same() -> None:
    store, requests = Counter(), MemorySnapshotRequests()
    Teller(store, requests).tally("a", arrivals(8, 9))
    assert Teller(store, requests).tally("a", arrivals(8, 9)) == 0
    assert (store.writes, requests.asked) == (1, [ELECTION] * 2)


def test_only_what_is_new_in_an_overlapping_batch_is_added() -> None:
    store = Counter()
    teller = Teller(store, MemorySnapshotRequests())
    teller.tally("a", arrivals(8, 9))
    assert teller.tally("a", arrivals(7, 8, 9, 10, 100)) == 2
    assert total(store, ELECTION)[0].of(SOUTH, "c1", "o1") == 4


def test_record_named_twice_in_a_batch_is_one() -> None:
    store = Counter()
    assert Teller(store, MemorySnapshotRequests()).tally("a", arrivals(8, 8, 9)) == 2


def test_elections_and_shards_have_tallies_of_their_own() -> None:
    store = Counter()
    teller = Teller(store, MemorySnapshotRequests())
    teller.tally("a", [*arrivals(1, 3), *arrivals(2, election=OTHER)])
    teller.tally("b", arrivals(1))
    for election, shard, ballots in ((ELECTION, "a", 2), (OTHER, "a", 1), (ELECTION, "b", 1)):
        found = store.read(election, shard)
        assert found is not None
        assert (found.revision, found.counts.ballots) == (1, ballots)
    assert total(store, ELECTION)[0].ballots == 3
    assert total(store, ELECTION)[1] == 2


class Contested(Counter):
    """Another writer is always faster."""

    def write(self, *_: object) -> None:
        self.writes += 1
        raise TallyMoved


def test_teller_gives_up_when_others_write_again_and_again() -> None:
    store = Contested()
    with pytest.raises(TallyMoved):
        Teller(store, MemorySnapshotRequests()).tally("a", arrivals(1))
    assert (store.reads, store.writes) == (5, 5)
