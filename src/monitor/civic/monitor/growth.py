"""Whether one signed tree contains another: the question of every witness.

The answer is in hashes that the log publishes, and the log may lie. There are three outcomes: the
tree grew; the two trees contradict each other, which the same hashes prove; or the hashes are not
those of the signed tree, which proves nothing.
"""

from dataclasses import dataclass

from civic.verifier.checkpoints import TreeHead
from civic.verifier.merkle import EMPTY_ROOT, verify_consistency
from civic.verifier.tiles import Read, TileTree, consistency_proof


@dataclass(frozen=True)
class Growth:
    """What the larger of two signed trees has where the smaller one should be.

    Attributes:
        proof: Consistency proof (RFC 6962 section 2.1.2) from `held` to the larger root.
        held: Root of as many of the larger tree's first entries as the smaller tree has.
        consistent: Whether `held` is the smaller root. If not, the log has signed two
            trees, neither of which contains the other, and the proof shows it.
    """

    proof: tuple[bytes, ...]
    held: bytes
    consistent: bool


def growth(smaller: TreeHead, larger: TreeHead, read: Read) -> Growth:
    """Find out whether a tree contains a smaller one.

    Args:
        smaller: A signed tree head.
        larger: A signed tree head of at least that size.
        read: Returns the tiles of the larger tree.

    Raises:
        ProofRefused: The tiles are not those of the larger tree.
        ObjectRefused: A tile is missing or has the wrong length.
        Unavailable: A tile cannot be read now.
    """
    if smaller.size == larger.size:
        held, proof = larger.root, []
    else:
        proof = consistency_proof(smaller.size, larger.size, read)
        tree = TileTree(larger.size, read)
        held = tree.root(0, smaller.size) if smaller.size else EMPTY_ROOT
        # With `held`, not with the smaller root: this ties what was read to the larger root alone.
        verify_consistency(smaller.size, larger.size, held, larger.root, proof)
    return Growth(tuple(proof), held, consistent=held == smaller.root)
