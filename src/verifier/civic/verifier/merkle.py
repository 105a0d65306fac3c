"""Merkle trees as in RFC 6962 section 2.1, which RFC 9162 section 2.1 repeats.

A root of hashes, the roots of a growing tree, and the two proofs. Proofs are
verified by the algorithms of RFC 9162 sections 2.1.3.2 and 2.1.4.2, step by step.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from hmac import compare_digest

from civic.verifier.errors import ProofRefused

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""The root of no entries: the hash of no bytes."""

_sha256 = hashlib.sha256


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return _sha256(b"\1" + left + right).digest()


def root_of_hashes(hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree with these leaf hashes, or with these perfect subtrees."""
    growing = GrowingTree()
    for one in hashes:
        growing.append(one)
    return growing.root()


class GrowingTree:
    """A tree that grows by appending leaves; only the roots of its perfect subtrees are kept.

    At size s there is one kept hash for each bit that is set in s, so the root at any size on the
    way takes at most log2(s) hashes.
    """

    def __init__(self) -> None:
        self.size = 0
        self._perfect: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Append the hash of a leaf."""
        perfect, full = self._perfect, self.size
        while full & 1:
            leaf = _sha256(b"\1" + perfect.pop() + leaf).digest()
            full >>= 1
        perfect.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root at the current size."""
        if not self._perfect:
            return EMPTY_ROOT
        *others, root = self._perfect
        for left in reversed(others):
            root = node_hash(left, root)
        return root


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is at an index of a tree (RFC 9162 section 2.1.3.2).

    Args:
        leaf: The hash of the leaf.
        index: Its place, counted from 0.
        size: The number of entries in the tree.
        proof: Hashes from the leaf's sibling up to the root's child.
        root: The root of the tree.

    Raises:
        ProofRefused: The proof does not show this.
    """
    _want_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofRefused(f"the index {index} is not below the tree size {size}")
    computed = leaf
    for hash_, left in _with_sides(proof, index, size - 1):
        computed = node_hash(hash_, computed) if left else node_hash(computed, hash_)
    if not compare_digest(computed, root):
        raise ProofRefused("the proof does not lead to the root")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that a tree contains an older one unchanged (RFC 9162 section 2.1.4.2).

    Every tree contains the empty tree, and that proof is empty (C2SP tlog-witness).

    Raises:
        ProofRefused: The proof does not show this.
    """
    _want_hashes(old_root, new_root, *proof)
    if not 0 <= old_size <= new_size:
        raise ProofRefused(f"a tree of {new_size} entries cannot contain one of {old_size}")
    if old_size in {0, new_size}:
        if proof:
            raise ProofRefused("the proof is too long")
        if not compare_digest(old_root, new_root if old_size else EMPTY_ROOT):
            raise ProofRefused(f"two roots of {old_size} entries differ")
        return
    _verify_growth(old_size, new_size, old_root, new_root, proof)


def _verify_growth(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    if old_size & (old_size - 1) == 0:
        proof = [old_root, *proof]
    if not proof:
        raise ProofRefused("the proof is too short")
    number, last = old_size - 1, new_size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = proof[0]
    for hash_, left in _with_sides(proof[1:], number, last):
        if left:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
        else:
            new = node_hash(new, hash_)
    if not compare_digest(old, old_root):
        raise ProofRefused("the proof does not lead to the old root")
    if not compare_digest(new, new_root):
        raise ProofRefused("the proof does not lead to the new root")


def _with_sides(hashes: Sequence[bytes], number: int, last: int) -> Iterator[tuple[bytes, bool]]:
    """Yield each hash of a proof, and whether it goes to the left of the hash computed so far.

    These are the steps that both algorithms share: `number` is their fn, `last` their sn.
    """
    for hash_ in hashes:
        if last == 0:
            raise ProofRefused("the proof is too long")
        left = number & 1 == 1 or number == last
        yield hash_, left
        while left and not number & 1 and number:
            number, last = number >> 1, last >> 1
        number, last = number >> 1, last >> 1
    if last != 0:
        raise ProofRefused("the proof is too short")


def _want_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofRefused(f"a hash is not {HASH_BYTES} bytes")
