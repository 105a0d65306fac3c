"""What the person who verifies a log has from elsewhere (checks 6 and 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from civic.verifier.elections import Register
from civic.verifier.errors import Malformed, ObjectRefused, ProofRefused
from civic.verifier.heads import Heads, Trust, add_kept
from civic.verifier.merkle import verify_inclusion
from civic.verifier.notes import MAX_NOTE
from civic.verifier.receipts import MAX_RECEIPT, Receipt


@dataclass(frozen=True, slots=True)
class Kept:
    """Files, in the order in which they are checked.

    Attributes:
        cosigned: Checkpoints that witnesses have signed.
        old: Earlier checkpoints.
        receipts: Receipts of voters.
        openings: Folders with openings, such as auditors receive.
        published_openings: Whether those in the log itself are recounted.
    """

    cosigned: Sequence[Path] = ()
    old: Sequence[Path] = ()
    receipts: Sequence[Path] = ()
    openings: Sequence[Path] = ()
    published_openings: bool = True


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt whose checkpoint the log has signed, and whose leaf is still to be checked."""

    name: str
    receipt: Receipt
    size: int
    root: bytes

    def leaf(self, register: Register, leaves: Sequence[bytes]) -> bytes:
        """Return the leaf that the receipt is for.

        Raises:
            ObjectRefused: The entry at its index is not a ballot, or the proof does not hold.
        """
        index = self.receipt.index
        if register.election_of(index) is None:
            raise ObjectRefused(self.name, f"is for entry {index}, which is not a ballot")
        try:
            verify_inclusion(leaves[index], index, self.size, self.receipt.proof, self.root)
        except ProofRefused as refused:
            raise ObjectRefused(self.name, str(refused)) from None
        return leaves[index]


def add_checkpoints(heads: Heads, kept: Kept, trust: Trust) -> None:
    """Record the checkpoints that were kept; the tree must agree with them.

    Raises:
        ObjectRefused: One is not signed by this log, or is newer than the log.
    """
    for path in [*kept.cosigned, *kept.old]:
        add_kept(heads, read_file(path, MAX_NOTE), str(path), trust)


def add_receipts(heads: Heads, kept: Kept, trust: Trust) -> list[KeptReceipt]:
    """Record the checkpoints of receipts, and return the receipts.

    Raises:
        ObjectRefused: One is not a receipt, or its checkpoint is not one of this log.
    """
    found = []
    for path in kept.receipts:
        name = str(path)
        try:
            receipt = Receipt.parse(read_file(path, MAX_RECEIPT))
        except Malformed as malformed:
            raise ObjectRefused(name, str(malformed)) from None
        head = add_kept(heads, receipt.checkpoint, name, trust).head
        if receipt.index >= head.size:
            why = f"the index {receipt.index} is not below the tree size {head.size}"
            raise ObjectRefused(name, why)
        found.append(KeptReceipt(name, receipt, head.size, head.root))
    return found


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a file named on the command line.

    Raises:
        ObjectRefused: It cannot be read, or is larger than `limit` bytes.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise ObjectRefused(str(path), f"cannot be read: {error.strerror}") from None
    if len(raw) > limit:
        raise ObjectRefused(str(path), f"more than {limit} bytes")
    return raw
