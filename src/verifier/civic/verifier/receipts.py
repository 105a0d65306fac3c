"""Receipts: inclusion proofs of one entry with a checkpoint (https://c2sp.org/tlog-proof)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from civic.verifier.checkpoints import Checkpoint, open_checkpoint
from civic.verifier.encodings import base64_bytes, decimal
from civic.verifier.errors import Malformed, ProofRefused
from civic.verifier.merkle import HASH_BYTES, verify_inclusion
from civic.verifier.notes import MAX_NOTE, VerifierKey

MAX_RECEIPT = 2 * MAX_NOTE
"""The most bytes of a receipt: a note, at most 63 hashes and some extra data."""

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """A proof that an entry is at an index of a log; the voter knows the entry's leaf."""

    index: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the receipt in a file; a line of extra data is ignored.

        Raises:
            Malformed: It is not a receipt.
        """
        head, parted, checkpoint = raw.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Malformed("a receipt is not ASCII above its checkpoint") from None
        if len(raw) > MAX_RECEIPT or not parted or first != _FIRST_LINE:
            raise Malformed(f"a receipt starts with {_FIRST_LINE} and has an empty line")
        if lines and lines[0].startswith("extra "):
            base64_bytes(lines.pop(0).removeprefix("extra "), "the extra data")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("a receipt without an index in its place")
        index = decimal(lines.pop(0).removeprefix("index "), "the index")
        if len(lines) > _MAX_HASHES:
            raise Malformed(f"a receipt of more than {_MAX_HASHES} hashes")
        proof = tuple(base64_bytes(line, "a hash", HASH_BYTES) for line in lines)
        return cls(index, proof, checkpoint)


def verify_receipt(
    receipt: Receipt, leaf: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
) -> Checkpoint:
    """Return the checkpoint of a receipt that shows a leaf to be in the log.

    Raises:
        ProofRefused: It does not show this.
        NoteRefused: Its checkpoint is not one of this log.
    """
    checkpoint = open_checkpoint(receipt.checkpoint, log, witnesses)
    head = checkpoint.head
    verify_inclusion(leaf, receipt.index, head.size, receipt.proof, head.root)
    return checkpoint


def want_quorum(checkpoint: Checkpoint, quorum: int) -> None:
    """Refuse a checkpoint that too few witnesses have signed.

    Raises:
        ProofRefused: Fewer witnesses than `quorum` have signed it.
    """
    count = len(checkpoint.cosignatures)
    if count < quorum:
        raise ProofRefused(f"signed by {count} of the witnesses; {quorum} must have signed")
