from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from civic.audit.errors import BallotsMissing, EntryRefused, LogBroken, NumberTaken
from civic.audit.model.journal import Arrival, Batch
from civic.audit.model.notes import Checkpoint
from civic.audit.model.tiles import Published
from civic.audit.usecases.recording import check_loggable, record_ballots, record_events
from civic.contracts.audit import CheckpointPublished
from civic.contracts.voting import ElectionEnded
from civic.lab.memory.audit import MemoryShelf
from tests.fakes.log import ELECTION, NOW, ORIGIN, Log, arrival, arrivals, certified

SHARD, OTHER = "shardId-1", "shardId-2"


def checkpoint(log: Log) -> Checkpoint:
    head = log.heads.newest()
    assert head is not None
    return Checkpoint.parse(head.note)


def test_every_ballot_is_logged_and_published() -> None:
    log = Log()
    assert record_ballots(log.recorder(), SHARD, arrivals(1, 301)).logged == 300
    assert sorted(log.entries()) == sorted(one.entry for one in arrivals(1, 301))
    assert checkpoint(log).size == 300
    assert log.shelf.read("checkpoints/300") == log.heads.newest().note


def test_order_in_the_log_says_nothing_of_the_order_of_voting() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 50))
    other = Log()
    record_ballots(other.recorder(), SHARD, [*reversed(renumbered(1, 50))])
    assert log.entries() == other.entries()


def renumbered(first: int, last: int) -> list[Arrival]:
    """Return the same ballots as if they had arrived in the opposite order."""
    return [
        replace(one, number=f"{last - place:040}")
        for place, one in enumerate(arrivals(first, last))
    ]


def test_a_batch_delivered_again_however_cut_adds_only_what_is_new() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 11))
    assert record_ballots(log.recorder(), SHARD, arrivals(1, 11)).logged == 0
    assert record_ballots(log.recorder(), SHARD, arrivals(5, 16)).logged == 5
    assert len(set(log.entries())) == len(log.entries()) == 15


def test_a_record_twice_in_one_batch_is_logged_once() -> None:
    log = Log()
    assert record_ballots(log.recorder(), SHARD, [*arrivals(1, 4), arrival(2)]).logged == 3


def test_shards_are_apart() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(10, 20))
    # Lower numbers, but of another shard.
    assert record_ballots(log.recorder(), OTHER, arrivals(1, 10)).logged == 9


def test_sequence_numbers_are_compared_as_numbers() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(9, 10))
    assert record_ballots(log.recorder(), SHARD, arrivals(10, 11)).logged == 1


class Dies:
    """An adapter whose n-th call crashes, before or after its effect."""

    def __init__(self, adapter: Any, calls: Iterator[int], at: int, *, after: bool) -> None:
        self.adapter, self.calls, self.at, self.after = adapter, calls, at, after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.adapter, name)

        def call(*arguments: Any) -> Any:
            dying = next(self.calls) == self.at
            if dying and not self.after:
                raise Died
            answer = method(*arguments)
            if dying:
                raise Died
            return answer

        return call


class Died(BaseException):
    """The environment crashed."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(16))
def test_a_crash_between_any_two_steps_loses_nothing_and_doubles_nothing(
    at: int, *, after: bool
) -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 300))
    calls = iter(range(1000))
    wrapped = {
        name: Dies(getattr(log, name), calls, at, after=after)
        for name in ("journal", "shelf", "heads", "bus", "signer")
    }
    # One environment crashes, and another gets the same batch and a little more.
    try:
        record_ballots(Log(index=log.index, **wrapped).recorder(), SHARD, arrivals(1, 320))
    except Died:
        died = True
    else:
        died = False
    assert died == (at < next(calls))
    record_ballots(log.recorder(), SHARD, arrivals(1, 330))
    assert sorted(log.entries()) == sorted(one.entry for one in arrivals(1, 330))
    assert checkpoint(log).size == 329
    assert_published_is_journal(log)


def assert_published_is_journal(log: Log) -> None:
    alone = Log()
    batch = log.journal.head()
    batches: list[Batch] = []
    while batch is not None:
        batches.append(batch)
        batch = log.journal.read(batch.number - 1) if batch.number > 1 else None
    for one in reversed(batches):
        alone.journal.append(one)
    alone.recorder().publisher.publish()
    assert alone.shelf.objects == log.shelf.objects
    assert alone.heads.newest().note == log.heads.newest().note


class Interleaved:
    """A journal in which another writer is faster a number of times."""

    def __init__(self, log: Log, times: int) -> None:
        self.log, self.times, self.number = log, times, 1000

    def head(self) -> Batch | None:
        head: Batch | None = self.log.journal.head()
        if self.times:
            self.times -= 1
            self.number += 1
            record_ballots(self.log.recorder(), OTHER, [arrival(self.number)])
        return head

    def read(self, number: int) -> Batch:
        batch: Batch = self.log.journal.read(number)
        return batch

    def append(self, batch: Batch) -> None:
        self.log.journal.append(batch)


def test_two_writers_make_one_history() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 10))
    slow = Log(**{**vars(log), "journal": Interleaved(log, 3)})
    assert record_ballots(slow.recorder(), SHARD, arrivals(1, 20)).logged == 10
    assert len(set(log.entries())) == len(log.entries()) == 19 + 3
    assert_published_is_journal(log)


def test_whoever_is_always_late_gives_up_and_is_delivered_again() -> None:
    log = Log()
    slow = Log(**{**vars(log), "journal": Interleaved(log, 10**6)})
    with pytest.raises(NumberTaken):
        record_ballots(slow.recorder(), SHARD, arrivals(1, 20))


def test_a_second_object_of_the_same_name_is_refused_and_nothing_signed() -> None:
    log = Log()
    log.shelf.put([Published("tile/0/000.p/3", b"something else")])
    with pytest.raises(LogBroken):
        record_ballots(log.recorder(), SHARD, arrivals(1, 4))
    assert log.heads.newest() is None


def test_tiles_that_do_not_lead_to_the_last_checkpoint_stop_the_log() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 301))
    tile = log.shelf.objects["tile/0/001.p/44"]
    log.shelf.objects["tile/0/001.p/44"] = bytes(32) + tile[32:]
    before = dict(log.shelf.objects)
    with pytest.raises(LogBroken):
        record_ballots(log.recorder(), SHARD, arrivals(1, 310))
    assert checkpoint(log).size == 300
    # The fault is found before anything is built on it.
    assert log.shelf.objects == before


def test_a_full_tile_that_was_changed_stops_the_log() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 301))
    recorder = log.recorder()
    log.shelf.objects["tile/1/000.p/1"] = bytes(32)
    with pytest.raises(LogBroken):
        record_ballots(recorder, SHARD, arrivals(1, 310))


class Lying:
    """A shelf that returns something else than was put there."""

    def __init__(self, shelf: Any) -> None:
        self.shelf, self.about = shelf, ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shelf, name)

    def read(self, path: str) -> bytes:
        content: bytes = self.shelf.read(path)
        return bytes(len(content)) if path == self.about else content


def test_nothing_is_signed_that_does_not_follow_from_what_is_published() -> None:
    lying = Lying(MemoryShelf())
    log = Log(shelf=lying)
    # This writer knows the right edge and need not read it.
    recorder = log.recorder()
    record_ballots(recorder, SHARD, arrivals(1, 301))
    lying.about = "tile/1/000.p/1"
    with pytest.raises(LogBroken):
        record_ballots(recorder, SHARD, arrivals(1, 310))
    assert checkpoint(log).size == 300
    assert "checkpoints/309" not in lying.shelf.objects
    # Nor when the batch is delivered again, until what is published is right.
    with pytest.raises(LogBroken):
        record_ballots(recorder, SHARD, arrivals(1, 310))
    assert "checkpoints/309" not in lying.shelf.objects
    lying.about = ""
    record_ballots(recorder, SHARD, arrivals(1, 310))
    assert checkpoint(log).size == 309


def test_each_checkpoint_is_announced() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 3))
    record_ballots(log.recorder(), SHARD, arrivals(1, 5))
    assert log.bus.events == [
        CheckpointPublished(origin=ORIGIN, size=size, root=root, at=NOW, logged={ELECTION: size})
        for size in (2, 4)
        for root in [Checkpoint.parse(log.shelf.read(f"checkpoints/{size}")).root]
    ]


def test_checkpoint_says_how_many_ballots_are_logged_by_then() -> None:
    """Also if several batches are published together, and of certified elections no more."""
    log = Log()
    for last in (3, 6):
        head = log.journal.head() or Batch()
        entries = [one.entry for one in arrivals(head.size + 1, last)]
        follows = head.succession()
        follows.take(entries)
        log.journal.append(head.after(entries, follows))
    record_events(log.recorder(), [ended(6)])
    record_events(log.recorder(), [certified(5)])
    said = [event.logged for event in log.bus.events if isinstance(event, CheckpointPublished)]
    assert said == [{ELECTION: 2}, {ELECTION: 5}, {ELECTION: 5}, {}]


def ended(revision: int) -> ElectionEnded:
    return ElectionEnded(election=ELECTION, revision=revision, at=NOW)


def test_an_event_is_logged_once_however_often_it_comes() -> None:
    log = Log()
    assert record_events(log.recorder(), [ended(5), ended(5)]) == 1
    assert record_events(log.recorder(), [ended(5)]) == 0
    assert record_events(log.recorder(), [ended(6), ended(5)]) == 1
    assert len(log.entries()) == 2


class Overtaken:
    """A journal to which something is added just before it is read for the n-th time."""

    def __init__(self, journal: Any, at: int, write: Callable[[], object]) -> None:
        self.journal, self.looks, self.at, self.write = journal, count(1), at, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    def head(self) -> Batch | None:
        if next(self.looks) == self.at:
            self.write()
        head: Batch | None = self.journal.head()
        return head


@pytest.mark.parametrize("at", range(1, 4))
def test_an_event_that_another_writer_logs_meanwhile_is_logged_once(at: int) -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 3))
    journal = Overtaken(log.journal, at, lambda: record_events(log.recorder(), [ended(5)]))
    record_events(Log(**{**vars(log), "journal": journal}).recorder(), [ended(5)])
    assert len(log.entries()) == 3
    assert_published_is_journal(log)


def test_a_certification_waits_for_every_ballot() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 3))
    with pytest.raises(BallotsMissing):
        check_loggable(log.recorder(), certified(3))
    record_ballots(log.recorder(), SHARD, arrivals(1, 4))
    check_loggable(log.recorder(), certified(3))
    assert record_events(log.recorder(), [certified(3)]) == 2
    # It is delivered again, and is in the log already.
    check_loggable(log.recorder(), certified(3))
    assert record_events(log.recorder(), [certified(3)]) == 0


def test_a_certification_of_fewer_ballots_than_logged_is_refused() -> None:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 4))
    with pytest.raises(EntryRefused):
        check_loggable(log.recorder(), certified(2))
