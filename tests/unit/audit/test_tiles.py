import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.audit.errors import LogBroken
from civic.audit.model.tiles import Edge, bundle, range_roots, tile_path, tile_width, unbundle
from tests.unit.audit.test_merkle import naive_root


def test_paths_are_those_of_tlog_tiles() -> None:
    assert tile_path(0, 0) == "tile/0/000"
    assert tile_path(1, 999) == "tile/1/999"
    assert tile_path(0, 1000) == "tile/0/x001/000"
    assert tile_path("entries", 1234067) == "tile/entries/x001/x234/067"
    assert tile_path(2, 5, 17) == "tile/2/005.p/17"


def test_tree_of_70000_has_the_tiles_the_specification_says() -> None:
    entries = [b"%d" % number for number in range(70_000)]
    edge, complete = Edge().grown(entries)
    paths = [one.path for one in complete]
    assert sum(path.startswith("tile/0/") for path in paths) == 273
    assert sum(path.startswith("tile/entries/") for path in paths) == 273
    assert [path for path in paths if path.startswith("tile/1/")] == ["tile/1/000"]
    assert {one.path: len(one.content) for one in edge.partial()} == {
        "tile/0/273.p/112": 112 * 32,
        "tile/1/001.p/17": 17 * 32,
        "tile/2/000.p/1": 32,
        "tile/entries/273.p/112": len(bundle(entries[-112:])),
    }
    assert tile_width(70_000, 1, 1) == 17


def test_a_full_tile_leaves_one_hash_above() -> None:
    edge, complete = Edge().grown([b"%d" % number for number in range(256)])
    assert [one.path for one in complete] == ["tile/entries/000", "tile/0/000"]
    assert [one.path for one in edge.partial()] == ["tile/1/000.p/1"]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_give_back_what_went_in(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == entries


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_a_cut_bundle_is_refused(cut: int) -> None:
    with pytest.raises(LogBroken):
        unbundle(bundle([b"entry"])[:-cut])


def test_an_entry_over_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        Edge().grown([bytes(65_536)])


@given(st.lists(st.integers(1, 600), min_size=1, max_size=6))
def test_a_tree_grown_in_steps_is_the_tree_grown_at_once(steps: list[int]) -> None:
    entries = [hashlib.sha256(b"%d" % number).digest() for number in range(sum(steps))]
    edge, objects, at = Edge(), dict[str, bytes](), 0
    for step in steps:
        edge, complete = edge.grown(entries[at : at + step])
        at += step
        objects |= {one.path: one.content for one in [*complete, *edge.partial()]}
        assert Edge.load(at, objects.__getitem__) == edge
    assert edge == Edge().grown(entries)[0]
    assert edge.root() == naive_root(entries)
    assert range_roots(at, objects.__getitem__)(0, at) == edge.root()


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    edge, _ = Edge().grown([b"one", b"two", b"three"])
    objects = {one.path: one.content for one in edge.partial()}
    objects["tile/0/000.p/3"] = objects["tile/0/000.p/3"][:-32]
    with pytest.raises(LogBroken):
        Edge.load(3, objects.__getitem__)
    with pytest.raises(LogBroken):
        range_roots(3, objects.__getitem__)(0, 3)
