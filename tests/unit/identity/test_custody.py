"""The key custodian: one first key, further ones on demand, subject keys moved along in pages."""

from civic.identity.model.keys import SubjectKey
from civic.identity.usecases.custody import (
    Custody,
    ensure_wrapping_key,
    rewrap_page,
    rotate_wrapping_key,
)
from civic.lab.memory.keys import MemoryKeyRing, MemoryKeyUnwrapper, MemoryKeyWrapper
from tests.fakes.faults import Meanwhile
from tests.fakes.pipeline import Pipeline
from tests.strategies.registrations import person


def custody_of(pipeline: Pipeline, meanwhile: Meanwhile | None = None) -> Custody:
    guard = (meanwhile or Meanwhile()).guard
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
    return [unwrapper.unwrap(row.wrapped, row.record.id) for row in rows]


def test_ensure_makes_the_first_key_once() -> None:
    ring = MemoryKeyRing()
    assert ensure_wrapping_key(ring) == ensure_wrapping_key(ring) == "wk-0001"
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
