"""Adding an anchor for a log, and comparing all its anchors with what the log has signed."""

from dataclasses import dataclass
from enum import StrEnum

from civic.monitor.anchor.anchors import Anchors, DatedAnchor
from civic.monitor.anchor.contract import Anchor
from civic.monitor.growth import growth
from civic.monitor.published_log import CHECKPOINT, PublishedLog
from civic.terminal.failures import CommandFailed
from civic.verifier.checkpoints import TreeHead, open_checkpoint
from civic.verifier.errors import Missing, NoteRefused, Refused
from civic.verifier.notes import VerifierKey


class LogUnreadable(CommandFailed):
    """The log cannot be read, or what it publishes does not verify."""


class ChainContradicts(CommandFailed):
    """What the chain holds and what the log publishes cannot both be true."""


class NothingToAnchor(CommandFailed):
    """The log has no entries yet."""


class Verdict(StrEnum):
    """How the log compares with an anchor."""

    SIGNED = "signed"
    MISSING = "NOT PUBLISHED"
    UNSIGNED = "NOT SIGNED"
    OTHER = "OTHER ROOT"
    BEYOND = "LOG IS SHORTER"


@dataclass(frozen=True)
class Checked:
    """An anchor, and how the log compares with it."""

    anchor: DatedAnchor
    verdict: Verdict


def newest(published: PublishedLog, log: VerifierKey) -> TreeHead:
    """Return the newest tree head that a log publishes.

    Raises:
        LogUnreadable: The log publishes none that it has signed.
    """
    try:
        return open_checkpoint(published.read(CHECKPOINT), log).head
    except Refused as refused:
        raise LogUnreadable(str(refused)) from None


def wants_anchor(published: PublishedLog, head: TreeHead, last: Anchor | None) -> bool:
    """Return whether a tree head is new to the chain.

    Args:
        published: The log, with the tiles of the tree.
        head: The newest tree head of the log.
        last: The log's last anchor.

    Returns:
        False if the last anchor is of this tree head.

    Raises:
        NothingToAnchor: The tree is empty.
        ChainContradicts: The chain holds a larger tree, or one that this tree does not contain.
        LogUnreadable: The published tiles are not those of the tree head.
    """
    if last is None:
        if not head.size:
            raise NothingToAnchor("the log has no entries yet")
        return True
    if head.size < last.size:
        raise ChainContradicts(
            f"the chain has held {last.size} entries since block {last.block}, but the log shows"
            f" {head.size}: it is an old copy, or was rolled back"
        )
    try:
        grown = growth(TreeHead(head.origin, last.size, last.root), head, published.read)
    except Refused as refused:
        raise LogUnreadable(str(refused)) from None
    if not grown.consistent:
        raise ChainContradicts(
            f"the first {last.size} entries of the log have the root {grown.held.hex()}; since"
            f" block {last.block} the chain has held {last.root.hex()} for them"
        )
    return head.size > last.size


def check(published: PublishedLog, log: VerifierKey, anchors: Anchors) -> list[Checked]:
    """Compare every anchor with what the log has signed at its size.

    Raises:
        LogUnreadable: The log cannot be read now.
    """
    head = newest(published, log)
    return [Checked(one, _verdict(published, log, one, head)) for one in anchors.all()]


def _verdict(
    published: PublishedLog, log: VerifierKey, anchor: DatedAnchor, head: TreeHead
) -> Verdict:
    if anchor.size > head.size:
        return Verdict.BEYOND
    try:
        signed = open_checkpoint(published.read(f"checkpoints/{anchor.size}"), log).head
    except Missing:
        return Verdict.MISSING
    except NoteRefused:
        return Verdict.UNSIGNED
    except Refused as refused:
        raise LogUnreadable(str(refused)) from None
    if (signed.size, signed.root) != (anchor.size, anchor.root):
        return Verdict.OTHER
    return Verdict.SIGNED
