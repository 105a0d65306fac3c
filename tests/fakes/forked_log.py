"""A log that can tell two stories: any tree of made-up ballots, signed and published."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from civic.verifier.errors import Missing
from civic.verifier.notes import VerifierKey
from tests.fakes.naive_log import Signer, leaf_hash, mth, objects, proof, tree_head

ORIGIN = "civic.example/log"


def entries(size: int, fork_at: int | None = None) -> list[bytes]:
    """Ballots, which from `fork_at` on are those of another branch."""
    end = size if fork_at is None else fork_at
    names = [f"{'left' if place < end else 'right'} {place}" for place in range(size)]
    return [
        b"civic/ballot/1\n7k3m9qx2w5vb\n" + b64encode(sha256(name.encode()).digest()) + b"\n"
        for name in names
    ]


def root_of(tree: Sequence[bytes]) -> bytes:
    """The root of a tree of entries."""
    return mth([leaf_hash(entry) for entry in tree])


def proof_of(old_size: int, tree: Sequence[bytes]) -> list[bytes]:
    """The consistency proof from a tree's first entries to the whole tree."""
    return proof(old_size, [leaf_hash(entry) for entry in tree])


class ForkedLog:
    """The log's key and what it signs; another seed gives another log's."""

    def __init__(self, origin: str = ORIGIN, seed: str = "the log's own") -> None:
        self.signer = Signer(origin, seed=seed)
        self.key = VerifierKey.parse(self.signer.vkey)

    def note(self, tree: Sequence[bytes]) -> bytes:
        """The signed checkpoint of a tree."""
        text = tree_head(self.signer.name, [leaf_hash(entry) for entry in tree])
        return text + b"\n" + self.signer.line(text)

    def objects(self, tree: Sequence[bytes]) -> dict[str, bytes]:
        """The published objects of a tree, by path."""
        note = self.note(tree)
        return objects(tree) | {"checkpoint": note, f"checkpoints/{len(tree)}": note}

    def publish(self, folder: Path, tree: Sequence[bytes]) -> None:
        """Write the published objects of a tree, beside those already there."""
        for path, content in self.objects(tree).items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


class Shown:
    """A log in memory, as it is shown to somebody."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self.objects = found

    def read(self, path: str) -> bytes:
        if path not in self.objects:
            raise Missing(path)
        return self.objects[path]
