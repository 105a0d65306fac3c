"""The use case of a release: count, protect, write, and only then announce."""

from datetime import UTC, datetime

import pytest

from civic.analytics.aggregates import Release, Tally, suppress_small_cells
from civic.analytics.releasing import Releasing, release
from civic.contracts.events import AnalyticsReleased
from civic.lab.memory.analytics import MemoryJoins, MemoryReleases
from civic.lab.memory.bus import MemoryBus
from tests.fakes.faults import Crash, Faults
from tests.fakes.pipeline import Pipeline
from tests.strategies.registrations import person

NOW = datetime(2027, 1, 15, 3, tzinfo=UTC)


class Office:
    """A release and everything it works with."""

    def __init__(self, joins: MemoryJoins, faults: Faults | None = None) -> None:
        guard = (faults or Faults()).guard
        self.archive = MemoryReleases()
        self.bus = MemoryBus()
        self.seen: list[Tally] = []
        self.releasing = Releasing(
            guard(joins), self._protect, guard(self.archive), guard(self.bus), lambda: NOW
        )

    def _protect(self, exact: Tally) -> Release:
        self.seen.append(exact)
        return suppress_small_cells(exact)


def joined(people: int) -> MemoryJoins:
    pipeline = Pipeline()
    for _ in range(people):
        pipeline.register(person())
    pipeline.drain()
    return pipeline.joins


def test_event_tells_what_was_written_and_where() -> None:
    office = Office(joined(14))
    event = release(office.releasing, "r1")
    (written,) = office.archive.releases.values()
    assert office.bus.events == [event]
    assert (event.release_id, event.released_at) == ("r1", NOW)
    assert (event.counted, event.cells) == (written.people, len(written.cells))
    assert (event.suppressed_cells, event.threshold) == (written.suppressed, written.threshold)
    assert event.json_key == "releases/2027/01/15/r1.json"
    assert event.lines_key == "releases/2027/01/15/r1.jsonl"
    assert event.bucket == office.archive.bucket


def test_only_the_protected_counts_leave() -> None:
    office = Office(joined(14))
    release(office.releasing, "r1")
    assert office.seen[0].people == 14
    (written,) = office.archive.releases.values()
    assert written.people == 10
    (event,) = office.bus.of(AnalyticsReleased)
    assert event.counted == 10


def test_empty_register_is_released_as_such() -> None:
    office = Office(MemoryJoins())
    event = release(office.releasing, "r1")
    assert (event.counted, event.cells, event.first_day) == (0, 0, None)


def test_nothing_is_announced_that_was_not_written() -> None:
    faults = Faults(2)
    office = Office(joined(10), faults)
    with pytest.raises(Crash):
        release(office.releasing, "r1")
    assert office.bus.events == []
    assert office.archive.releases == {}
