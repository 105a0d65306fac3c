"""The press publishes every change once, and never takes back what it announced."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from civic.contracts.events import Event
from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import VoteCast
from civic.lab.memory.bus import MemoryBus
from civic.lab.memory.voting import MemorySnapshotRequests, MemorySnapshots, MemoryTallies
from civic.runtime.publisher import PublishFailed
from civic.voting.errors import ElectionUnknown
from civic.voting.model.ballot import commit
from civic.voting.model.election import State
from civic.voting.model.tally import Arrival
from civic.voting.usecases.publishing import Press, publish_results, recount
from civic.voting.usecases.tallying import Teller
from tests.fakes.ballots import ELECTION, OTHER, SOUTH, Polling, ThrottlingBox, ballot, credential


class Newsroom:
    """A press, what it reads, and what it announces."""

    def __init__(self) -> None:
        self.polling = Polling()
        self.tallies = MemoryTallies()
        self.snapshots = MemorySnapshots()
        self.bus = MemoryBus()
        self.press = Press(
            self.polling.store, self.tallies, self.snapshots, self.bus, self.polling.clock
        )

    def count(self, number: int, candidate: str = "o1") -> None:
        arrival = Arrival(str(number), ballot(candidate))
        Teller(self.tallies, MemorySnapshotRequests()).tally("shard", [arrival])

    def shown(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.snapshots.get(ELECTION) or b"")
        return document

    def told(self) -> list[tuple[int, int]]:
        events = [event for event in self.bus.events if isinstance(event, VoteCast)]
        return [(event.snapshot, event.ballots) for event in events]


def test_snapshot_has_the_count_and_is_announced_in_aggregate() -> None:
    room = Newsroom()
    room.count(1)
    room.count(2, "o2")
    publish_results(room.press, [ELECTION])
    assert (room.shown()["ballots"], room.shown()["version"]) == (2, 3)
    assert room.told() == [(3, 2)]
    assert room.snapshots.get(None) == room.snapshots.get(ELECTION)


def test_what_has_not_changed_is_not_published_again() -> None:
    room = Newsroom()
    publish_results(room.press, [ELECTION])
    publish_results(room.press, [ELECTION])
    assert room.told() == [(1, 0)]


def test_change_of_state_makes_a_new_version() -> None:
    room = Newsroom()
    publish_results(room.press, [ELECTION])
    room.polling.become(state=State.SUSPENDED)
    publish_results(room.press, [ELECTION])
    assert (room.shown()["state"], room.shown()["version"]) == ("suspended", 2)


def test_version_grows_with_every_write_of_any_shard() -> None:
    room = Newsroom()
    versions = []
    for number in range(3):
        room.count(number + 1)
        Teller(room.tallies, MemorySnapshotRequests()).tally(
            f"other-{number}", [Arrival("1", ballot())]
        )
        publish_results(room.press, [ELECTION])
        versions.append(room.shown()["version"])
    assert versions == [3, 5, 7]
    assert room.shown()["ballots"] == 6


class DeafBus:
    """Hears nothing."""

    def publish(self, events: Sequence[Event]) -> None:
        raise PublishFailed(f"{len(events)} unheard")


def test_total_that_the_bus_did_not_hear_is_told_by_the_retry() -> None:
    room = Newsroom()
    room.count(1)
    with pytest.raises(PublishFailed):
        publish_results(replace(room.press, publisher=DeafBus()), [ELECTION])
    publish_results(room.press, [ELECTION])
    assert room.told() == [(2, 1)]
    assert room.shown()["ballots"] == 1


def test_unknown_election_is_an_error() -> None:
    with pytest.raises(ElectionUnknown):
        publish_results(Newsroom().press, [OTHER])


def test_recount_knows_the_ballots_of_one_election_only() -> None:
    box = ThrottlingBox()
    for number, election in enumerate([ELECTION, ELECTION, OTHER]):
        nullifier = credential(number, SOUTH, election).nullifier
        box.cast([commit(ballot("o1", election=election), nullifier, b"k" * 32)])
    assert recount(box, ELECTION).ballots == 2
    assert recount(box, ELECTION).of(SOUTH, "c1", "o1") == 2
    assert recount(box, OTHER).ballots == 1


class Overwritten(MemorySnapshots):
    """Another press puts an older snapshot over the first one that is put."""

    def __init__(self, older: bytes) -> None:
        super().__init__()
        self._older: bytes | None = older

    def put(self, election: ElectionId, document: bytes) -> None:
        super().put(election, document)
        if self._older is not None:
            older, self._older = self._older, None
            super().put(election, older)


def test_older_snapshot_of_another_press_does_not_stay() -> None:
    room = Newsroom()
    publish_results(room.press, [ELECTION])
    older = room.snapshots.get(ELECTION) or b""
    room.count(1)
    room.snapshots = Overwritten(older)
    publish_results(replace(room.press, snapshots=room.snapshots), [ELECTION])
    assert room.shown()["ballots"] == 1
