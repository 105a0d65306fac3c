"""Signed tree heads: https://c2sp.org/tlog-checkpoint, without extension lines."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from civic.verifier.encodings import MAX_SIZE, base64_bytes, decimal
from civic.verifier.errors import KeyRefused, Malformed, NoteRefused
from civic.verifier.merkle import HASH_BYTES
from civic.verifier.notes import COSIGNATURE, ED25519, Signature, VerifierKey, open_note, split_note

_LINES = 3


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a log says about itself at one size."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Return the tree head in the text of a note.

        Raises:
            NoteRefused: It is not a tree head.
        """
        lines = text.decode().split("\n")
        if len(lines) != _LINES + 1 or lines.pop() or not lines[0]:
            raise NoteRefused("a checkpoint has three lines: origin, tree size and root")
        try:
            size = decimal(lines[1], "the tree size")
            root = base64_bytes(lines[2], "the root", HASH_BYTES)
        except Malformed as malformed:
            raise NoteRefused(str(malformed)) from None
        if size > MAX_SIZE:
            raise NoteRefused(f"a tree of more than {MAX_SIZE} entries")
        return cls(lines[0], size, root)

    @classmethod
    def unverified(cls, raw: bytes) -> Self:
        """Return the tree head in a note, signatures unchecked: good for copying only.

        Raises:
            NoteRefused: It is malformed.
        """
        return cls.parse(split_note(raw)[0])

    def text(self) -> bytes:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head that the log has signed, and the witnesses that have signed it too."""

    head: TreeHead
    cosignatures: tuple[Signature, ...]


def open_checkpoint(
    raw: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
) -> Checkpoint:
    """Return a checkpoint of the log with this key.

    Args:
        raw: The signed note.
        log: A key of type 0x01, whose name is the origin of the log.
        witnesses: Keys of type 0x04; cosignatures of others are ignored.

    Raises:
        NoteRefused: It is not signed by the log, a known witness's line does not verify, or it is
            not a checkpoint of this log.
        KeyRefused: A key is of the wrong type.
    """
    want_type(log, ED25519)
    for witness in witnesses:
        want_type(witness, COSIGNATURE)
    note = open_note(raw, [log, *witnesses])
    if not note.signed_by(log):
        raise NoteRefused(f"not signed by {log.name}")
    head = TreeHead.parse(note.text)
    if head.origin != log.name:
        raise NoteRefused(f"of the log {head.origin}, not {log.name}")
    return Checkpoint(head, tuple(one for one in note.signatures if one.key != log))


def want_type(key: VerifierKey, wanted: int) -> None:
    """Refuse a witness's key where a log's is needed, and vice versa.

    Raises:
        KeyRefused: The key is of the other type.
    """
    if key.type != wanted:
        raise KeyRefused(
            f"the key {key.name} is of type 0x{key.type:02x}: "
            "a log's key is of type 0x01, a witness's of type 0x04"
        )
