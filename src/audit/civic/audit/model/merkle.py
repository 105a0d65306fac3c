"""Merkle tree hashes and proofs of RFC 6962 section 2.1, which RFC 9162 section 2.1 keeps.

A proof is built from roots of ranges of the tree and nothing else. Proofs are checked here by the
recursive definitions; the verifier uses the loops of RFC 9162.
"""

import hashlib
from collections.abc import Callable, Sequence
from itertools import batched

from civic.audit.errors import LogBroken

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a tree without entries."""

type RangeRoot = Callable[[int, int], bytes]
"""Returns the root over the entries from the first number up to, but not including, the second."""


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\1" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of sibling hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node(left, right) for left, right in batched(level, 2, strict=True)]
    return level[0]


def split(size: int) -> int:
    """Return how many of ``size`` > 1 entries the left subtree has: the largest 2^k below it."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, root: RangeRoot) -> list[bytes]:
    """Return the hashes that lead from a leaf to the root (RFC 6962 section 2.1.1).

    Args:
        index: Of the entry, from 0 and below ``size``.
        size: Of the tree.
        root: Returns roots of ranges of that tree.

    Returns:
        At most ⌈log₂ size⌉ hashes, from the leaf's sibling to the root's child.
    """
    if not 0 <= index < size:
        raise ValueError("a tree of that size has no such entry")
    proof: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + split(last - first)
        if index < middle:
            proof.append(root(middle, last))
            last = middle
        else:
            proof.append(root(first, middle))
            first = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, root: RangeRoot) -> list[bytes]:
    """Return the hashes that show that the new tree extends the old one (RFC 6962 section 2.1.2).

    Args:
        old: Size of the older tree, from 1.
        new: Size of the newer tree, not smaller.
        root: Returns roots of ranges of the newer tree.
    """
    if not 0 < old <= new:
        raise ValueError("the older tree is empty or larger than the newer one")
    proof: list[bytes] = []
    first, last = 0, new
    while old != last:
        middle = first + split(last - first)
        if old <= middle:
            proof.append(root(middle, last))
            last = middle
        else:
            proof.append(root(first, middle))
            first = middle
    # If the old tree is a subtree of the new one, the one who checks knows its root.
    if first:
        proof.append(root(first, last))
    return proof[::-1]


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check a consistency proof by the recursive definition.

    Raises:
        LogBroken: It does not lead from one root to the other.
    """
    rest = list(proof)
    try:
        roots = _both(old, new, old_root, rest, whole=True)
    except IndexError:
        raise LogBroken("a consistency proof is too short") from None
    if rest or roots != (old_root, new_root):
        raise LogBroken("a new checkpoint would contradict the last one")


def _both(
    old: int, size: int, known: bytes, proof: list[bytes], *, whole: bool
) -> tuple[bytes, bytes]:
    """Return the roots of the old and the new tree, or of a part of each on the right.

    Args:
        old: Entries of the old tree in this part.
        size: Entries of the new tree in this part.
        known: The old tree's root.
        proof: Consumed from its front.
        whole: This part begins where the tree begins, so ``known`` is its root.
    """
    if old == size:
        root = known if whole else proof.pop(0)
        return root, root
    middle = split(size)
    if old <= middle:
        before, after = _both(old, middle, known, proof, whole=whole)
        return before, node(after, proof.pop(0))
    before, after = _both(old - middle, size - middle, known, proof, whole=False)
    left = proof.pop(0)
    return node(left, before), node(left, after)
