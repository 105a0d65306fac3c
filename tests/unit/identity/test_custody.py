"""The key custodian: one first key, further ones on demand, subject keys moved along in pages."""

from contextlib import suppress
from dataclasses import replace

import pytest

from civic.identity.model.keys import AccessDigest, SubjectKey, WrappingKeyVersion
from civic.identity.usecases.custody import (
    Custody,
    ensure_keys,
    rewrap_page,
    rotate_wrapping_key,
)
from civic.lab.memory.keys import MemoryKeyRing, MemoryKeyUnwrapper, MemoryKeyWrapper
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.pipeline import Pipeline
from tests.strategies.registrations import person

ANOTHER = AccessDigest(bytes(32))


def custody_of(pipeline: Pipeline, faults: Faults | None = None) -> Custody:
    guard = (faults or Faults()).guard
    return Custody(
        guard(pipeline.ring),
        guard(pipeline.subject_keys),
        guard(MemoryKeyWrapper(pipeline.ring)),
        guard(MemoryKeyUnwrapper(pipeline.ring)),
    )


def populated(people: int) -> Pipeline:
    pipeline = Pipeline()
    for _ in range(people):
        pipeline.register(person())
    return pipeline


def keys_of(pipeline: Pipeline) -> list[SubjectKey]:
    unwrapper = MemoryKeyUnwrapper(pipeline.ring)
    rows = pipeline.subject_keys.rows.values()
    return [unwrapper.unwrap(row.wrapped, row.record.id, row.access_digest) for row in rows]


def test_ensure_makes_the_first_key_once() -> None:
    ring = MemoryKeyRing()
    assert ensure_keys(ring) == ensure_keys(ring) == "wk-0001"
    assert len(ring.secrets) == 1


def test_rotation_adds_a_version_and_records_stay_readable() -> None:
    pipeline = populated(1)
    before = keys_of(pipeline)
    assert rotate_wrapping_key(pipeline.ring) == "wk-0002"
    assert pipeline.ring.current() == "wk-0002"
    assert keys_of(pipeline) == before


def test_rewrapping_moves_every_key_and_changes_none() -> None:
    pipeline = populated(5)
    before = keys_of(pipeline)
    rotate_wrapping_key(pipeline.ring)
    custody = custody_of(pipeline)
    cursor, rewrapped, pages = None, 0, 0
    while pages == 0 or cursor:
        progress = rewrap_page(custody, cursor, 2)
        cursor, rewrapped, pages = progress.cursor, rewrapped + progress.rewrapped, pages + 1
        assert progress.seen <= 2
    assert (rewrapped, pages) == (5, 3)
    assert {row.wrapped.version for row in pipeline.subject_keys.rows.values()} == {"wk-0002"}
    assert keys_of(pipeline) == before


def test_rewrapping_again_finds_nothing_to_do() -> None:
    pipeline = populated(3)
    rotate_wrapping_key(pipeline.ring)
    rewrap_page(custody_of(pipeline), None, 10)
    before = dict(pipeline.subject_keys.rows)
    progress = rewrap_page(custody_of(pipeline), None, 10)
    assert (progress.seen, progress.rewrapped, progress.cursor) == (3, 0, None)
    assert pipeline.subject_keys.rows == before


def bound(pipeline: Pipeline) -> list[bool]:
    unwrapper = MemoryKeyUnwrapper(pipeline.ring)
    rows = pipeline.subject_keys.rows.values()
    return [unwrapper.is_bound(row.wrapped, row.record.id, row.access_digest) for row in rows]


def as_of_the_release_before(pipeline: Pipeline) -> None:
    """Wrap every key again as it was done before keys were bound to digests."""
    keys = dict(zip(pipeline.subject_keys.rows, keys_of(pipeline), strict=True))
    wrapper = MemoryKeyWrapper(pipeline.ring)
    for record, row in pipeline.subject_keys.rows.items():
        old = wrapper.wrap_unbound(keys[record], record.id)
        pipeline.subject_keys.rows[record] = replace(row, wrapped=old)


def test_rewrapping_binds_keys_of_the_release_before_under_the_version_there_is() -> None:
    pipeline = populated(5)
    before = keys_of(pipeline)
    as_of_the_release_before(pipeline)
    assert not any(bound(pipeline))
    progress = rewrap_page(custody_of(pipeline), None, 10)
    assert (progress.seen, progress.rewrapped, progress.refused) == (5, 5, 0)
    assert all(bound(pipeline))
    assert keys_of(pipeline) == before
    assert rewrap_page(custody_of(pipeline), None, 10).rewrapped == 0


@pytest.mark.parametrize("call", range(1, 18))
def test_binding_that_is_killed_goes_on_where_it_stopped(call: int) -> None:
    pipeline = populated(5)
    before = keys_of(pipeline)
    as_of_the_release_before(pipeline)
    faults = Faults(call)
    custody = custody_of(pipeline, faults)
    with suppress(Crash):
        rewrap_page(custody, None, 10)
    done = bound(pipeline)
    progress = rewrap_page(custody, None, 10)
    assert progress.rewrapped == 5 - sum(done)
    assert all(bound(pipeline))
    assert keys_of(pipeline) == before


def test_key_that_does_not_open_is_counted_and_keeps_no_other_from_being_moved() -> None:
    pipeline = populated(3)
    rotate_wrapping_key(pipeline.ring)
    _, planted, moved = pipeline.subject_keys.rows
    row = pipeline.subject_keys.rows[planted]
    pipeline.subject_keys.rows[planted] = foreign = replace(row, access_digest=ANOTHER)
    progress = rewrap_page(custody_of(pipeline), None, 10)
    assert (progress.seen, progress.rewrapped, progress.refused) == (3, 2, 1)
    assert pipeline.subject_keys.rows[planted] == foreign
    assert pipeline.subject_keys.rows[moved].wrapped.version == "wk-0002"


def test_key_under_a_version_that_does_not_exist_is_counted() -> None:
    pipeline = populated(2)
    (planted, _) = pipeline.subject_keys.rows
    row = pipeline.subject_keys.rows[planted]
    wrapped = replace(row.wrapped, version=WrappingKeyVersion("wk-0099"))
    pipeline.subject_keys.rows[planted] = replace(row, wrapped=wrapped)
    progress = rewrap_page(custody_of(pipeline), None, 10)
    assert (progress.rewrapped, progress.refused) == (0, 1)


def test_bound_key_whose_row_got_another_digest_is_not_bound_to_that() -> None:
    pipeline = populated(1)
    ((record, row),) = pipeline.subject_keys.rows.items()
    pipeline.subject_keys.rows[record] = replace(row, access_digest=ANOTHER)
    progress = rewrap_page(custody_of(pipeline), None, 10)
    assert (progress.rewrapped, progress.refused) == (0, 1)
    assert pipeline.subject_keys.rows[record].wrapped == row.wrapped


def test_key_destroyed_during_rewrapping_stays_destroyed() -> None:
    meanwhile = Meanwhile(5)
    pipeline = populated(1)
    rotate_wrapping_key(pipeline.ring)
    (record,) = pipeline.subject_keys.rows
    meanwhile.action = lambda: pipeline.subject_keys.delete(record)
    progress = rewrap_page(custody_of(pipeline, meanwhile), None, 10)
    assert meanwhile.calls == 5
    assert progress.rewrapped == 0
    assert not pipeline.subject_keys.rows
