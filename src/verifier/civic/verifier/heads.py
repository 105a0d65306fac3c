"""The signed tree heads of a log, and those that others have kept (checks 1 and 7)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from civic.verifier.checkpoints import Checkpoint, TreeHead, open_checkpoint
from civic.verifier.encodings import decimal
from civic.verifier.errors import Malformed, Missing, NoteRefused, ObjectRefused
from civic.verifier.folder import Folder
from civic.verifier.notes import MAX_NOTE, VerifierKey


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys that a log is checked with, which come from elsewhere.

    Attributes:
        log: The key of the log; its name is the origin.
        witnesses: The keys of witnesses.
        quorum: How many of them must have signed the same tree head.
    """

    log: VerifierKey
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0


@dataclass(slots=True)
class Heads:
    """Tree heads by size, each with the object that it is in."""

    newest: TreeHead
    signed: dict[int, bytes] = field(default_factory=dict)
    """The root at every size that the log has published."""
    claims: dict[int, list[tuple[bytes, str]]] = field(default_factory=dict)
    """The roots that the log must be consistent with, each with the object it is in."""
    witnessed: dict[int, set[VerifierKey]] = field(default_factory=dict)
    """The witnesses that have signed at each size."""

    def claim(self, checkpoint: Checkpoint, name: str) -> None:
        """Record what must be true of the tree at the size of a checkpoint."""
        head = checkpoint.head
        self.claims.setdefault(head.size, []).append((head.root, name))
        for signature in checkpoint.cosignatures:
            self.witnessed.setdefault(head.size, set()).add(signature.key)


def read_heads(folder: Folder, trust: Trust) -> Heads:
    """Return the tree heads of a log, each signed by the log and in its place.

    Raises:
        ObjectRefused: One is missing, not signed, or not in its place.
    """
    checkpoint = _opened(folder, "checkpoint", trust)
    kept = {size: _opened(folder, f"checkpoints/{size}", trust) for size in _sizes(folder)}
    size = checkpoint.head.size
    if size not in kept:
        raise Missing(folder.name(f"checkpoints/{size}"))
    if kept[size].head.root != checkpoint.head.root:
        why = f"has a different root from checkpoints/{size}; the log signed both"
        raise ObjectRefused(folder.name("checkpoint"), why)
    # If the log grew while it was copied, there is a larger size than that of its newest one.
    heads = Heads(kept[max(kept)].head)
    heads.claim(checkpoint, folder.name("checkpoint"))
    for size, one in kept.items():
        name = folder.name(f"checkpoints/{size}")
        if one.head.size != size:
            raise ObjectRefused(name, f"covers {one.head.size} entries")
        heads.signed[size] = one.head.root
        heads.claim(one, name)
    return heads


def add_kept(heads: Heads, raw: bytes, name: str, trust: Trust) -> Checkpoint:
    """Record a checkpoint kept elsewhere: by a witness, with a receipt or from earlier.

    Raises:
        ObjectRefused: It is not signed by this log, or is newer than the log.
    """
    try:
        checkpoint = open_checkpoint(raw, trust.log, trust.witnesses)
    except NoteRefused as refused:
        raise ObjectRefused(name, str(refused)) from None
    want_known(checkpoint.head, heads.newest, name)
    heads.claim(checkpoint, name)
    return checkpoint


def want_known(head: TreeHead, newest: TreeHead, name: str) -> None:
    """Refuse a tree head that is newer than all of the log's.

    Raises:
        ObjectRefused: It is newer: this copy of the log is too old, or the log was cut.
    """
    if head.size > newest.size:
        why = f"covers {head.size} entries, but the log has only {newest.size}"
        raise ObjectRefused(name, why)


def attested(heads: Heads, witnesses: Sequence[VerifierKey], quorum: int) -> int | None:
    """Return the largest size that enough witnesses have signed, if there is one."""
    known = set(witnesses)
    sizes = (size for size, by in heads.witnessed.items() if len(by & known) >= quorum)
    return max(sizes, default=None)


def _sizes(folder: Folder) -> list[int]:
    sizes = []
    for name in folder.names("checkpoints"):
        try:
            sizes.append(decimal(name, "its name"))
        except Malformed as malformed:
            raise ObjectRefused(folder.name(f"checkpoints/{name}"), str(malformed)) from None
    return sorted(sizes)


def _opened(folder: Folder, path: str, trust: Trust) -> Checkpoint:
    raw = folder.read(path, MAX_NOTE)
    try:
        return open_checkpoint(raw, trust.log, trust.witnesses)
    except NoteRefused as refused:
        raise ObjectRefused(folder.name(path), str(refused)) from None
