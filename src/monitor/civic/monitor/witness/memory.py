"""What a witness remembers about one log.

`state` is the newest checkpoint that it may have signed. It is on disk before the signature is
made, so a witness that dies in between remembers more than it signed, never less.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from civic.monitor.witness.durable import write_durably


class LogMemory:
    """The folder of one log inside the folder of a witness."""

    def __init__(self, folder: Path, origin: str) -> None:
        """Use the folder named by the SHA-256 of the origin, which may not be a valid file name."""
        self.folder = folder / sha256(origin.encode()).hexdigest()

    def last(self) -> bytes | None:
        """Return the newest checkpoint that may have been signed; None before the first."""
        return _read(self.folder / "state")

    def remember(self, note: bytes) -> None:
        """Record that a checkpoint may be signed from now on."""
        write_durably(self.folder / "state", note)

    def cosigned(self, size: int) -> bytes | None:
        """Return the checkpoint of a size with this witness's signature; None if there is none."""
        return _read(self.folder / "checkpoints" / str(size))

    def keep_cosigned(self, size: int, note: bytes) -> None:
        """Keep a checkpoint with this witness's signature, for everyone to read."""
        write_durably(self.folder / "checkpoint", note)
        # Written last: `cosigned` looks for this file, and until it exists everything is repeated.
        write_durably(self.folder / "checkpoints" / str(size), note)

    def keep_evidence(
        self, first: bytes, second: bytes, held: bytes, proof: Sequence[bytes]
    ) -> Path:
        """Keep two checkpoints, neither of whose trees contains the other, and the proof of it.

        Args:
            first: A checkpoint.
            second: The one that contradicts it.
            held: The root that the larger tree has where the smaller one should be.
            proof: Consistency proof from that to the larger root.

        Returns:
            The folder they are in; the same two checkpoints always go into the same folder.
        """
        pair = sha256(sha256(first).digest() + sha256(second).digest()).hexdigest()
        folder = self.folder / "evidence" / pair
        lines = [b64encode(one).decode() + "\n" for one in (held, *proof)]
        write_durably(folder / "first", first)
        write_durably(folder / "second", second)
        write_durably(folder / "proof", "".join(lines).encode())
        return folder


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
