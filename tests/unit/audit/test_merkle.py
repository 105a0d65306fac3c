import hashlib
from itertools import pairwise

import pytest

from civic.audit.errors import LogBroken
from civic.audit.model.merkle import (
    EMPTY_ROOT,
    check_consistency,
    consistency_proof,
    inclusion_proof,
    node,
    split,
)
from civic.audit.model.tiles import Edge, range_roots
from civic.contracts.log_entries import leaf_hash

# Inputs and roots of the test data that Certificate Transparency's implementations share.
ENTRIES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
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
SIZES = [*range(1, 20), 255, 256, 257, 511, 512, 513, 700]


def naive_root(entries: list[bytes]) -> bytes:
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    middle = split(len(entries))
    return node(naive_root(entries[:middle]), naive_root(entries[middle:]))


def published(entries: list[bytes]) -> tuple[Edge, dict[str, bytes]]:
    edge, complete = Edge().grown(entries)
    return edge, {one.path: one.content for one in [*complete, *edge.partial()]}


@pytest.mark.parametrize("size", range(9))
def test_root_is_the_known_one(size: int) -> None:
    assert Edge().grown(ENTRIES[:size])[0].root().hex() == ROOTS[size]


def test_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert Edge().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_has_a_proof_that_leads_to_the_root(size: int) -> None:
    entries = [b"%d" % number for number in range(size)]
    edge, objects = published(entries)
    roots = range_roots(size, objects.__getitem__)
    for index in range(size):
        proof = inclusion_proof(index, size, roots)
        assert len(proof) <= (size - 1).bit_length()
        assert followed(index, size, leaf_hash(entries[index]), proof) == edge.root()


def followed(index: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """Follow a proof from the root down, by the definition of RFC 6962 section 2.1.1."""
    if size == 1:
        return leaf
    middle, sibling = split(size), proof[-1]
    if index < middle:
        return node(followed(index, middle, leaf, proof[:-1]), sibling)
    return node(sibling, followed(index - middle, size - middle, leaf, proof[:-1]))


def test_no_proof_for_an_entry_beyond_the_tree() -> None:
    with pytest.raises(ValueError, match="no such entry"):
        inclusion_proof(3, 3, range_roots(3, dict[str, bytes]().__getitem__))


def consistency(old: int, new: int) -> tuple[bytes, bytes, list[bytes]]:
    entries = [b"%d" % number for number in range(new)]
    edge, objects = published(entries)
    proof = consistency_proof(old, new, range_roots(new, objects.__getitem__))
    return naive_root(entries[:old]), edge.root(), proof


@pytest.mark.parametrize("new", SIZES)
def test_trees_of_one_history_are_consistent(new: int) -> None:
    for old in {1, 2, 3, new // 2, new - 1, new} & set(range(1, new + 1)):
        before, after, proof = consistency(old, new)
        check_consistency(old, before, new, after, proof)


@pytest.mark.parametrize(("old", "new"), list(pairwise(SIZES)))
def test_another_history_is_not_consistent(old: int, new: int) -> None:
    before, after, proof = consistency(old, new)
    other = naive_root([b"other", *(b"%d" % number for number in range(1, old))])
    with pytest.raises(LogBroken):
        check_consistency(old, other, new, after, proof)
    for place in range(len(proof)):
        wrong = [*proof[:place], bytes(32), *proof[place + 1 :]]
        with pytest.raises(LogBroken):
            check_consistency(old, before, new, after, wrong)
    for wrong in (proof[:-1], proof[1:], [*proof, bytes(32)]):
        if wrong != proof:
            with pytest.raises(LogBroken):
                check_consistency(old, before, new, after, wrong)
