"""The tally is exact however the stream splits, repeats, loses and reorders what it delivers."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import Phase, find, given, settings

from civic.contracts.identifiers import ElectionId
from civic.lab.memory.voting import MemoryTallies
from civic.voting.model.tally import Arrival, ShardTally, sequence
from civic.voting.usecases import tallying
from civic.voting.usecases.tallying import Teller
from tests.property.ballot_stream import Step, Stream, run, steps


@given(steps)
@settings(deadline=None)
def test_every_ballot_is_counted_exactly_once(taken: list[Step]) -> None:
    assert run(taken).reconciles()


@given(steps)
@settings(deadline=None)
def test_at_any_moment_the_tally_is_that_of_what_came_first(taken: list[Step]) -> None:
    stream = Stream(MemoryTallies(), lambda shard: shard.name)
    for step in taken:
        stream.take(step)
        assert stream.is_a_prefix()


# ------------------------------------------------------------------ what the property would see


def seen(fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Return steps after which the count is wrong; fail if the search finds none."""
    search = settings(
        max_examples=3000, phases=[Phase.generate], database=None, deadline=None, derandomize=True
    )
    return find(steps, fails, settings=search)


class Heedless(MemoryTallies):
    """A store that ignores the condition."""

    def write(self, election: ElectionId, shard: str, tally: ShardTally) -> None:
        self._rows[election, shard] = tally


def test_store_that_ignores_the_condition_would_be_seen() -> None:
    assert seen(lambda taken: not run(taken, store=Heedless).reconciles())


def test_teller_that_ignores_the_sequence_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallying, "_after", lambda _before, arrivals: arrivals)
    assert seen(lambda taken: not run(taken).reconciles())


def test_tally_that_does_not_tell_shards_apart_would_be_seen() -> None:
    assert seen(lambda taken: not run(taken, name_of=lambda _: "the stream").reconciles())


def test_sequence_numbers_compared_as_texts_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tallying, "sequence", lambda number: number)
    assert seen(lambda taken: not run(taken).reconciles())


def test_teller_that_asks_for_no_snapshot_of_what_was_counted_before_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Teller.tally

    def only_new(teller: Teller, shard: str, arrivals: Sequence[Arrival]) -> int:
        place = arrivals[0].ballot.election, shard
        before = teller._store.read(*place)
        if before and all(sequence(one.number) <= before.last for one in arrivals):
            return 0
        return whole(teller, shard, arrivals)

    monkeypatch.setattr(Teller, "tally", only_new)
    assert seen(lambda taken: not run(taken).reconciles())
