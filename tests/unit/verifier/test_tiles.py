"""Paths of tiles, and the proofs made of them, against naive ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.verifier.errors import Missing, ObjectRefused, ProofRefused
from civic.verifier.merkle import verify_consistency, verify_inclusion
from civic.verifier.tiles import (
    Read,
    bundle_path,
    consistency_proof,
    inclusion_proof,
    read_tile,
    tile_path,
)
from tests.fakes import naive_log

MOST = 600
LEAVES = [naive_log.leaf_hash(number.to_bytes(4)) for number in range(MOST)]


def tiles_of(size: int) -> dict[str, bytes]:
    """Every tile of a tree, by a naive reading of tlog-tiles."""
    tiles, level, hashes = {}, 0, LEAVES[:size]
    while hashes:
        for start in range(0, len(hashes), 256):
            held = hashes[start : start + 256]
            partial = f".p/{len(held)}" if len(held) < 256 else ""
            name = f"tile/{level}/{naive_log.numbered(start // 256)}{partial}"
            tiles[name] = b"".join(held)
        full = [hashes[start : start + 256] for start in range(0, len(hashes), 256)]
        hashes = [naive_log.mth(held) for held in full if len(held) == 256]
        level += 1
    return tiles


def reader(tiles: dict[str, bytes]) -> Read:
    def read(path: str) -> bytes:
        try:
            return tiles[path]
        except KeyError:
            raise Missing(path) from None

    return read


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(1, 999, 255), "tile/1/999.p/255"),
        (tile_path(0, 1000), "tile/0/x001/000"),
        (tile_path(3, 1234067), "tile/3/x001/x234/067"),
        (bundle_path(1234067, 8), "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_path_is_that_of_the_specification(path: str, expected: str) -> None:
    assert path == expected


@given(st.integers(0, 10**12))
def test_path_is_the_naive_one(number: int) -> None:
    assert tile_path(0, number) == f"tile/0/{naive_log.numbered(number)}"


@pytest.mark.parametrize("size", [1, 2, 3, 8, 255, 256, 257, 511, 512, 513, 600])
def test_inclusion_proof_is_the_path_of_the_rfc(size: int) -> None:
    read = reader(tiles_of(size))
    for index in {0, 1, 2, 100, 254, 255, 256, 257, 511, 512, size - 2, size - 1}:
        if 0 <= index < size:
            proof = inclusion_proof(index, size, read)
            assert proof == naive_log.path(index, LEAVES[:size])


@pytest.mark.parametrize("new", [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 600])
def test_consistency_proof_is_that_of_the_rfc(new: int) -> None:
    read = reader(tiles_of(new))
    for old in {1, 2, 3, 6, 7, 8, 100, 255, 256, 257, 300, 511, 512, 513, new - 1, new}:
        if 0 < old <= new:
            assert consistency_proof(old, new, read) == naive_log.proof(old, LEAVES[:new])
    assert consistency_proof(0, new, read) == []


@given(data=st.data())
def test_proofs_from_tiles_verify(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, MOST))
    old = data.draw(st.integers(1, new))
    read = reader(tiles_of(new))
    root = naive_log.mth(LEAVES[:new])
    proof = consistency_proof(old, new, read)
    verify_consistency(old, new, naive_log.mth(LEAVES[:old]), root, proof)
    path = inclusion_proof(old - 1, new, read)
    verify_inclusion(LEAVES[old - 1], old - 1, new, path, root)


def test_partial_tile_that_is_gone_is_read_from_the_full_one() -> None:
    later = reader(tiles_of(512))
    assert consistency_proof(100, 200, later) == naive_log.proof(100, LEAVES[:200])
    assert read_tile(later, 0, 0, 200) == ("tile/0/000", b"".join(LEAVES[:200]))


def test_tile_that_is_missing_is_named_as_it_was_asked_for() -> None:
    with pytest.raises(Missing) as partial:
        read_tile(reader({}), 0, 0, 7)
    with pytest.raises(Missing) as full:
        read_tile(reader({}), 0, 0, 256)
    assert (partial.value.path, full.value.path) == ("tile/0/000.p/7", "tile/0/000")


@pytest.mark.parametrize("altered", [b"", b"short", LEAVES[0] * 2])
def test_tile_of_another_length_is_refused(altered: bytes) -> None:
    with pytest.raises(ObjectRefused, match=r"^tile/0/000.p/1: \d+ bytes instead of 32$"):
        read_tile(reader({"tile/0/000.p/1": altered}), 0, 0, 1)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1)])
def test_inclusion_proof_of_no_entry_is_refused(index: int, size: int) -> None:
    with pytest.raises(ProofRefused):
        inclusion_proof(index, size, reader(tiles_of(1)))


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1)])
def test_consistency_proof_of_no_older_tree_is_refused(old: int, new: int) -> None:
    with pytest.raises(ProofRefused):
        consistency_proof(old, new, reader(tiles_of(1)))
