"""The Merkle tree against the answers of RFC 6962's own test data, and a naive one."""

import hashlib
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.verifier.errors import ProofRefused
from civic.verifier.hashing import leaf_hash
from civic.verifier.merkle import (
    EMPTY_ROOT,
    GrowingTree,
    root_of_hashes,
    verify_consistency,
    verify_inclusion,
)
from tests.fakes import naive_log

WELL_KNOWN = [
    bytes.fromhex(text)
    for text in [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
]
"""The leaf inputs of the certificate-transparency test data."""

WELL_KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Their roots at sizes 0 to 8, from the same data."""

MANY = 70
LEAVES = [naive_log.leaf_hash(bytes([number])) for number in range(MANY)]
OTHER = hashlib.sha256(b"other").digest()


@lru_cache
def naive_root(size: int) -> bytes:
    return naive_log.mth(LEAVES[:size])


@pytest.mark.parametrize("size", range(9))
def test_root_is_the_well_known_one(size: int) -> None:
    assert root_of_hashes(map(leaf_hash, WELL_KNOWN[:size])).hex() == WELL_KNOWN_ROOTS[size]


def test_root_is_the_naive_one_at_every_size_on_the_way() -> None:
    growing = GrowingTree()
    assert growing.root() == EMPTY_ROOT
    for size, leaf in enumerate(LEAVES, 1):
        growing.append(leaf)
        assert growing.root() == naive_root(size) == root_of_hashes(LEAVES[:size])


@pytest.mark.parametrize("size", range(1, MANY))
def test_inclusion_of_every_entry_is_shown_by_its_path_and_no_other(size: int) -> None:
    for index in range(size):
        path = naive_log.path(index, LEAVES[:size])
        verify_inclusion(LEAVES[index], index, size, path, naive_root(size))
        for other in range(size):
            if other != index:
                with pytest.raises(ProofRefused):
                    verify_inclusion(LEAVES[index], other, size, path, naive_root(size))


@pytest.mark.parametrize("size", range(1, MANY))
def test_inclusion_refuses_every_altered_proof(size: int) -> None:
    for index in range(size):
        root = naive_root(size)
        path = naive_log.path(index, LEAVES[:size])
        altered = [
            *([*path[:place], OTHER, *path[place + 1 :]] for place in range(len(path))),
            *(path[:place] for place in range(len(path))),
            *([*path[:place], OTHER, *path[place:]] for place in range(len(path) + 1)),
        ]
        for one in altered:
            with pytest.raises(ProofRefused):
                verify_inclusion(LEAVES[index], index, size, one, root)
        with pytest.raises(ProofRefused, match="does not lead to the root"):
            verify_inclusion(OTHER, index, size, path, root)


@pytest.mark.parametrize("size", range(1, MANY))
def test_inclusion_refuses_a_root_of_another_size(size: int) -> None:
    path = naive_log.path(size - 1, LEAVES[:size])
    for other in range(1, MANY):
        if other != size:
            with pytest.raises(ProofRefused):
                verify_inclusion(LEAVES[size - 1], size - 1, size, path, naive_root(other))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 5), (-1, 5), (6, 5), (2**64, 5)])
def test_inclusion_refuses_an_index_that_is_not_below_the_size(index: int, size: int) -> None:
    with pytest.raises(ProofRefused, match="is not below the tree size"):
        verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def test_inclusion_in_a_tree_of_one_is_the_leaf_itself() -> None:
    verify_inclusion(LEAVES[0], 0, 1, [], LEAVES[0])
    with pytest.raises(ProofRefused, match="too long"):
        verify_inclusion(LEAVES[0], 0, 1, [OTHER], LEAVES[0])


@pytest.mark.parametrize("wrong", [b"", OTHER[:31], OTHER + b"\0"])
def test_proofs_refuse_a_hash_of_another_length(wrong: bytes) -> None:
    two, root = LEAVES[:2], naive_root(2)
    for leaf, path, its_root in [
        (wrong, [two[1]], root),
        (two[0], [wrong], root),
        (two[0], [two[1]], wrong),
    ]:
        with pytest.raises(ProofRefused, match="32 bytes"):
            verify_inclusion(leaf, 0, 2, path, its_root)
    for old, new, path in [
        (wrong, root, [two[1]]),
        (two[0], wrong, [two[1]]),
        (two[0], root, [wrong]),
    ]:
        with pytest.raises(ProofRefused, match="32 bytes"):
            verify_consistency(1, 2, old, new, path)


@pytest.mark.parametrize("new", range(MANY))
def test_consistency_of_every_two_sizes_is_shown_by_their_proof(new: int) -> None:
    for old in range(1, new + 1):
        proof = naive_log.proof(old, LEAVES[:new])
        verify_consistency(old, new, naive_root(old), naive_root(new), proof)


@pytest.mark.parametrize("new", range(1, 34))
def test_consistency_refuses_every_altered_proof(new: int) -> None:
    for old in range(1, new + 1):
        proof = naive_log.proof(old, LEAVES[:new])
        roots = naive_root(old), naive_root(new)
        altered = [
            *([*proof[:place], OTHER, *proof[place + 1 :]] for place in range(len(proof))),
            *(proof[:place] for place in range(len(proof))),
            *([*proof[:place], OTHER, *proof[place:]] for place in range(len(proof) + 1)),
        ]
        for one in altered:
            with pytest.raises(ProofRefused):
                verify_consistency(old, new, *roots, one)
        with pytest.raises(ProofRefused):
            verify_consistency(old, new, OTHER, roots[1], proof)
        with pytest.raises(ProofRefused):
            verify_consistency(old, new, roots[0], OTHER, proof)


@pytest.mark.parametrize("new", range(2, 34))
def test_consistency_refuses_other_sizes(new: int) -> None:
    for old in range(1, new):
        proof = naive_log.proof(old, LEAVES[:new])
        for other in range(1, 34):
            if other != old:
                with pytest.raises(ProofRefused):
                    verify_consistency(other, new, naive_root(old), naive_root(new), proof)


def test_every_tree_holds_the_empty_one() -> None:
    for new in range(5):
        verify_consistency(0, new, EMPTY_ROOT, naive_root(new), [])
    with pytest.raises(ProofRefused, match="too long"):
        verify_consistency(0, 4, EMPTY_ROOT, naive_root(4), [naive_root(4)])
    with pytest.raises(ProofRefused, match="roots of 0 entries differ"):
        verify_consistency(0, 4, OTHER, naive_root(4), [])


@pytest.mark.parametrize(("old", "new"), [(5, 4), (-1, 4), (1, 0)])
def test_consistency_refuses_a_tree_that_shrank(old: int, new: int) -> None:
    with pytest.raises(ProofRefused, match="cannot contain"):
        verify_consistency(old, new, OTHER, OTHER, [])


@given(entries=st.lists(st.binary(max_size=4), min_size=1, max_size=300), data=st.data())
def test_proofs_hold_for_any_entries(entries: list[bytes], data: st.DataObject) -> None:
    leaves = [naive_log.leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(leaves) - 1))
    root = root_of_hashes(map(leaf_hash, entries))
    assert root == naive_log.mth(leaves)
    verify_inclusion(leaves[index], index, len(leaves), naive_log.path(index, leaves), root)
    old = naive_log.mth(leaves[: index + 1])
    proof = naive_log.proof(index + 1, leaves)
    verify_consistency(index + 1, len(leaves), old, root, proof)


@given(
    index=st.integers(-1, 2**63),
    size=st.integers(-1, 2**63),
    proof=st.lists(st.binary(min_size=32, max_size=32), max_size=70),
)
def test_no_proof_made_up_is_accepted(index: int, size: int, proof: list[bytes]) -> None:
    if size == 1 and index == 0 and not proof:
        return
    with pytest.raises(ProofRefused):
        verify_inclusion(LEAVES[0], index, size, proof, OTHER)
    with pytest.raises(ProofRefused):
        verify_consistency(index, size, LEAVES[0], OTHER, proof)
