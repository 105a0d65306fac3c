"""A public log, made literally as RFC 6962 says: slowly, and without any of our own code.

What the real writer publishes and what the verifier accepts are both checked against it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def k_of(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: Sequence[bytes]) -> bytes:
    """MTH of section 2.1, of leaf hashes."""
    if len(d) <= 1:
        return d[0] if d else hashlib.sha256(b"").digest()
    k = k_of(len(d))
    return node_hash(mth(d[:k]), mth(d[k:]))


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(d) == 1:
        return []
    k = k_of(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PROOF of section 2.1.2."""
    return subproof(m, d, known=True)


def subproof(m: int, d: Sequence[bytes], *, known: bool) -> list[bytes]:
    if m == len(d):
        return [] if known else [mth(d)]
    k = k_of(len(d))
    if m <= k:
        return [*subproof(m, d[:k], known=known), mth(d[k:])]
    return [*subproof(m - k, d[k:], known=False), mth(d[:k])]


def numbered(n: int) -> str:
    """The path element of C2SP tlog-tiles for a tile number."""
    digits = str(n).zfill(-(-len(str(n)) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*("x" + group for group in groups[:-1]), groups[-1]])


@dataclass(frozen=True)
class Signer:
    """An Ed25519 key that signs notes: type 1 for a log, type 4 for a witness."""

    name: str
    type: int = 1
    seed: str = "the same in every process that runs tests"

    @property
    def private(self) -> Ed25519PrivateKey:
        seed = hashlib.sha256(f"{self.seed} {self.name}".encode()).digest()
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> bytes:
        return bytes([self.type]) + self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self.public).decode()}"

    def line(self, text: bytes, time: int = 1_700_000_000) -> bytes:
        if self.type == 1:
            blob = self.private.sign(text)
        else:
            message = f"cosignature/v1\ntime {time}\n".encode() + text
            blob = time.to_bytes(8, "big") + self.private.sign(message)
        return f"— {self.name} {b64encode(self.key_id + blob).decode()}\n".encode()


def tree_head(origin: str, leaves: Sequence[bytes]) -> bytes:
    return f"{origin}\n{len(leaves)}\n{b64encode(mth(leaves)).decode()}\n".encode()


def publish(folder: Path, signer: Signer, entries: Sequence[bytes], sizes: Sequence[int]) -> None:
    """Write what a log has published after signing these sizes, the last of which is the newest."""
    for size in sizes:
        for name, content in objects(entries[:size]).items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        text = tree_head(signer.name, [leaf_hash(entry) for entry in entries[:size]])
        note = text + b"\n" + signer.line(text)
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        (folder / "checkpoints" / str(size)).write_bytes(note)
        (folder / "checkpoint").write_bytes(note)


def objects(entries: Sequence[bytes]) -> dict[str, bytes]:
    """Every tile and bundle of a tree, by path (C2SP tlog-tiles)."""
    bundles = [entries[start : start + 256] for start in range(0, len(entries), 256)]
    found = {
        named("entries", number, len(bundle)): b"".join(
            len(entry).to_bytes(2, "big") + entry for entry in bundle
        )
        for number, bundle in enumerate(bundles)
    }
    level, hashes = 0, [leaf_hash(entry) for entry in entries]
    while hashes:
        tiles = [hashes[start : start + 256] for start in range(0, len(hashes), 256)]
        for number, tile in enumerate(tiles):
            found[named(str(level), number, len(tile))] = b"".join(tile)
        level, hashes = level + 1, [mth(tile) for tile in tiles if len(tile) == 256]
    return found


def named(level: str, number: int, width: int) -> str:
    return f"tile/{level}/{numbered(number)}" + (f".p/{width}" if width < 256 else "")


def receipt(signer: Signer, index: int, entries: Sequence[bytes]) -> bytes:
    """A C2SP tlog-proof of one entry in the tree of all of these."""
    leaves = [leaf_hash(entry) for entry in entries]
    text = tree_head(signer.name, leaves)
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}"]
    lines += [b64encode(one).decode() for one in path(index, leaves)]
    return "\n".join(lines).encode() + b"\n\n" + text + b"\n" + signer.line(text)
