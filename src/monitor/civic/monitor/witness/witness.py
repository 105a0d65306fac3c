"""What a witness signs, and what it does not.

Everything rests on two rules: a checkpoint is signed only if its tree contains the tree signed
last, and nothing is signed before it is recorded on disk that it may be.
"""

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from civic.monitor.growth import growth
from civic.monitor.witness.key import WitnessKey
from civic.monitor.witness.memory import LogMemory
from civic.terminal.failures import CommandFailed
from civic.verifier.checkpoints import TreeHead, open_checkpoint
from civic.verifier.errors import Refused
from civic.verifier.merkle import EMPTY_ROOT, verify_consistency
from civic.verifier.notes import VerifierKey
from civic.verifier.tiles import Read

FIRST_SIGHT = "first sight: this checkpoint is trusted, and all later ones must agree with it"
"""What the operator of a witness should know about the first checkpoint it signs."""


class Contradicted(CommandFailed):
    """The log has signed two checkpoints, and neither of their trees contains the other.

    Attributes:
        evidence: The folder that both are kept in.
    """

    def __init__(self, first: TreeHead, second: TreeHead, evidence: Path) -> None:
        super().__init__(
            f"THE LOG CONTRADICTS ITSELF: {first.origin} has signed\n"
            f"  {first.size} entries with root {first.root.hex()}\n"
            f"  {second.size} entries with root {second.root.hex()}\n"
            "and no tree contains both. Nothing was signed. Both are kept in\n"
            f"  {evidence}\n"
            "Show them to everyone: docs/witnesses.md explains how."
        )
        self.evidence = evidence


class SizeDiffers(Exception):
    """A proof does not start from the size of the checkpoint signed last.

    Attributes:
        size: The size of the checkpoint signed last; 0 before the first.
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"the checkpoint signed last has {size} entries")
        self.size = size


@dataclass(frozen=True)
class Signed:
    """A checkpoint and the line that was added to it."""

    head: TreeHead
    line: str
    first: bool


@dataclass(frozen=True)
class Unchanged:
    """The checkpoint that was signed last."""

    head: TreeHead


@dataclass(frozen=True)
class Older:
    """A checkpoint of fewer entries than the one signed last: an old copy, or a rollback.

    Attributes:
        head: The checkpoint.
        last: The one signed last.
        consistent: Whether the tree signed last contains it; None if that is not known.
    """

    head: TreeHead
    last: TreeHead
    consistent: bool | None


type Outcome = Signed | Unchanged | Older


@dataclass(frozen=True)
class _Seen:
    """A checkpoint of the log.

    Attributes:
        head: Its tree head.
        note: The signed note, with no signature but the log's.
    """

    head: TreeHead
    note: bytes


class Witness:
    """A witness with one key, for one log; it is used only inside `alone`."""

    def __init__(
        self, key: WitnessKey, log: VerifierKey, memory: LogMemory, clock: Callable[[], int]
    ) -> None:
        """Witness a log.

        Args:
            key: The key to sign with.
            log: The log's key.
            memory: The record of what was signed before.
            clock: Returns the seconds since 1970 UTC.
        """
        self._key = key
        self._log = log
        self._memory = memory
        self._clock = clock

    @property
    def log(self) -> VerifierKey:
        """The log's key."""
        return self._log

    def trust(self, note: bytes) -> None:
        """Start from a checkpoint that somebody vouches for, instead of the first one seen.

        Raises:
            NoteRefused: The log has not signed it.
            CommandFailed: The witness has already started.
        """
        seen = self._open(note)
        if self._last() is not None:
            raise CommandFailed(
                "this witness already knows the log; --from works only before its first checkpoint"
            )
        self._memory.remember(seen.note)

    def look(self, note: bytes, read: Read) -> Outcome:
        """Sign the log's newest checkpoint if its tree grew.

        Args:
            note: The checkpoint.
            read: Returns the log's tiles.

        Raises:
            Contradicted: It contradicts what was signed.
            NoteRefused: It is not a checkpoint of the log.
            ProofRefused: The published tiles are not those of the checkpoint.
            ObjectRefused: A tile is missing or has the wrong length.
            Unavailable: A tile cannot be read now.
        """
        seen, last = self._open(note), self._last()
        self._want_no_other(seen, last)
        if last is None:
            return self._sign(seen, first=True)
        if seen.head.size < last.head.size:
            return self._look_back(seen, last, read)
        grown = growth(last.head, seen.head, read)
        if not grown.consistent:
            self._contradicted(last, seen, grown.held, grown.proof)
        if seen.head.size == last.head.size and self._signed(seen.head.size) is not None:
            return Unchanged(seen.head)
        return self._sign(seen)

    def add(self, old_size: int, proof: Sequence[bytes], note: bytes) -> Signed:
        """Sign a checkpoint that comes with its consistency proof (C2SP tlog-witness).

        Args:
            old_size: The size that the proof starts from.
            proof: Consistency proof from the checkpoint signed last.
            note: The checkpoint.

        Raises:
            NoteRefused: It is not a checkpoint of the log.
            SizeDiffers: The checkpoint signed last has another size.
            Contradicted: Another tree of its size was signed.
            ProofRefused: The proof does not show that the tree grew.
        """
        seen, last = self._open(note), self._last()
        self._want_no_other(seen, last)
        # If nothing was signed yet: every tree contains the empty one.
        size, root = (last.head.size, last.head.root) if last else (0, EMPTY_ROOT)
        if old_size != size:
            raise SizeDiffers(size)
        verify_consistency(old_size, seen.head.size, root, seen.head.root, proof)
        return self._sign(seen, first=last is None)

    def _look_back(self, seen: _Seen, last: _Seen, read: Read) -> Older:
        if self._signed(seen.head.size) is not None:
            return Older(seen.head, last.head, consistent=True)
        try:
            grown = growth(seen.head, last.head, read)
        except Refused:
            # The tiles published now need not be those of the tree signed then.
            return Older(seen.head, last.head, consistent=None)
        if not grown.consistent:
            self._contradicted(last, seen, grown.held, grown.proof)
        return Older(seen.head, last.head, consistent=True)

    def _want_no_other(self, seen: _Seen, last: _Seen | None) -> None:
        """Refuse a different tree of a size that was signed, even if `state` was rolled back."""
        for known in (last, self._signed(seen.head.size)):
            if known and known.head.size == seen.head.size and known.head.root != seen.head.root:
                self._contradicted(known, seen, seen.head.root)

    def _contradicted(
        self, first: _Seen, second: _Seen, held: bytes, proof: Sequence[bytes] = ()
    ) -> NoReturn:
        evidence = self._memory.keep_evidence(first.note, second.note, held, proof)
        raise Contradicted(first.head, second.head, evidence)

    def _sign(self, seen: _Seen, *, first: bool = False) -> Signed:
        self._memory.remember(seen.note)
        line = self._key.cosign(seen.head.text(), self._clock())
        self._memory.keep_cosigned(seen.head.size, seen.note + line.encode())
        return Signed(seen.head, line, first)

    def _last(self) -> _Seen | None:
        note = self._memory.last()
        return None if note is None else self._open(note)

    def _signed(self, size: int) -> _Seen | None:
        note = self._memory.cosigned(size)
        return None if note is None else self._open(note)

    def _open(self, note: bytes) -> _Seen:
        """Verify a checkpoint, and drop every signature but the log's.

        The sender of a checkpoint may have added lines that make it unreadable for others.
        """
        head = open_checkpoint(note, self._log).head
        _, _, lines = note.rpartition(b"\n\n")
        [signed, *_] = [line for line in lines.splitlines(keepends=True) if self._is_the_logs(line)]
        return _Seen(head, head.text() + b"\n" + signed)

    def _is_the_logs(self, line: bytes) -> bool:
        _, name, signature = line.split(b" ")
        return name == self._log.name.encode() and b64decode(signature).startswith(self._log.id)
