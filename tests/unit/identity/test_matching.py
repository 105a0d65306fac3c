"""A search is done in steps, each of which may break off at any call and is made again."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from civic.identity.model.pairs import Run
from civic.identity.model.receipt import Receipt
from civic.identity.model.review import ReviewCause
from civic.identity.model.sweeping import Search
from civic.identity.usecases.matching import search
from tests.fakes.faults import Crash, Faults, How
from tests.fakes.pipeline import NOW, Pipeline
from tests.fakes.reviewing import listed
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

MARRIED = {"full_name": "Erika Gabler", "phone_number": None}
OTHER = {"full_name": "Ada Lovelace", "phone_number": None}


def registered(pipeline: Pipeline, **changes: object) -> Receipt:
    pipeline.now += timedelta(seconds=1)
    receipt = pipeline.register(person(**changes))
    pipeline.drain()
    return receipt


def people(pipeline: Pipeline) -> Receipt:
    registered(pipeline)
    second = registered(pipeline, **MARRIED)
    for one in range(3):
        registered(pipeline, **OTHER, date_of_birth=date(1950 + one, 1 + one, 2 + one))
    return second


def until_it_ends(pipeline: Pipeline) -> int:
    for number in range(1, 50):
        if search(pipeline.matching).ended:
            return number
    raise AssertionError


def test_a_search_goes_on_step_by_step_and_ends() -> None:
    pipeline = Pipeline()
    second = people(pipeline)
    # Two slices of two pages of two rows, and four shards.
    assert until_it_ends(pipeline) == 2 + 4
    assert listed(pipeline) == {second.id}
    assert search(pipeline.matching).ended
    assert pipeline.progress.cursor(Search.PAIRS).number == 2 + 4


def test_a_search_begins_once_a_day() -> None:
    pipeline = Pipeline()
    until_it_ends(pipeline)
    second = people(pipeline)
    until_it_ends(pipeline)
    assert listed(pipeline) == set()
    pipeline.now += timedelta(days=1)
    until_it_ends(pipeline)
    assert listed(pipeline) == {second.id}


def test_a_search_that_takes_longer_than_a_day_begins_anew() -> None:
    pipeline = Pipeline()
    second = people(pipeline)
    assert search(pipeline.matching).abandoned == 0
    pipeline.now += timedelta(days=1)
    assert search(pipeline.matching).abandoned == 1
    until_it_ends(pipeline)
    assert listed(pipeline) == {second.id}


def test_an_invocation_goes_on_until_its_time_is_up() -> None:
    pipeline = Pipeline()
    people(pipeline)
    done = search(replace(pipeline.matching, budget=timedelta(minutes=1)))
    assert (done.ended, done.found, done.registrations) == (True, 1, 5)


def test_of_two_at_once_one_counts() -> None:
    pipeline = Pipeline()
    people(pipeline)
    progress = pipeline.matching.progress
    there = progress.cursor(Search.PAIRS)
    search(pipeline.matching)

    class Behind:
        """Read before the other noted its step."""

        cursor = staticmethod(lambda _walk: there)
        advance = staticmethod(progress.advance)

    late = replace(pipeline.matching, progress=Behind())
    assert search(late).registrations == 0
    until_it_ends(pipeline)
    assert len(listed(pipeline)) == 1


@pytest.mark.parametrize("how", [How.DIED_BEFORE, How.DIED_AFTER])
@pytest.mark.parametrize("call", range(1, 32))
def test_a_search_that_breaks_off_anywhere_finds_the_same(call: int, how: How) -> None:
    faults = Faults(how=how)
    pipeline = Pipeline(faults)
    second = people(pipeline)
    faults.at = {faults.calls + call}
    for _ in range(30):
        try:
            if search(pipeline.matching).ended:
                break
        except Crash:
            continue
    # What died between the row and the queue is brought up by the next run.
    pipeline.now += timedelta(days=1)
    until_it_ends(pipeline)
    assert decision_of(pipeline, second.id).pairs.open
    (case,) = pipeline.reviews.rows.values()
    assert (case.record.id, case.cause) == (second.id, ReviewCause.PAIR)
    assert case.since < NOW + timedelta(hours=1)


def test_a_run_is_kept_as_text() -> None:
    run = Run(NOW, '{"id": {"S": "x"}}', 3, joined=2, collected=True)
    assert Run.parse(run.encoded) == run
