"""Checkpoints: signed tree heads (C2SP tlog-checkpoint and signed-note)."""

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Self

from civic.audit.errors import LogBroken

ED25519 = b"\1"
"""The signature type of C2SP signed-note for Ed25519 (RFC 8032)."""

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head.

    Attributes:
        origin: The log's name.
        size: Entries of the tree.
        root: Its root, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()

    @classmethod
    def parse(cls, note: bytes) -> Self:
        """Return the tree head in one of the log's own notes; its signature is not checked.

        Raises:
            LogBroken: It is not a checkpoint.
        """
        found = _TEXT.fullmatch(note.partition(b"\n\n")[0].decode(errors="replace") + "\n")
        if not found:
            raise LogBroken("not a checkpoint")
        return cls(found[1], int(found[2]), b64decode(found[3]))


def signed(text: bytes, name: str, public_key: bytes, signature: bytes) -> bytes:
    """Return a note with one signature line.

    Args:
        text: What was signed, including its last newline.
        name: Of the key.
        public_key: Ed25519, 32 bytes (RFC 8032).
        signature: 64 bytes.
    """
    line = b64encode(key_id(name, public_key) + signature).decode()
    return text + f"\n\N{EM DASH} {name} {line}\n".encode()


def key_id(name: str, public_key: bytes) -> bytes:
    """Return the 4 bytes that name an Ed25519 key in a note."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return the key in the form given to those who verify notes ("vkey")."""
    return f"{name}+{key_id(name, public_key).hex()}+{b64encode(ED25519 + public_key).decode()}"


def proof_text(index: int, proof: list[bytes], checkpoint: bytes) -> bytes:
    """Return an inclusion proof with the checkpoint it leads to (C2SP tlog-proof)."""
    hashes = "".join(b64encode(one).decode() + "\n" for one in proof)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n".encode() + checkpoint
