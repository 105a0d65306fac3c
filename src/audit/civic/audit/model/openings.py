"""Openings: salts and ballots, with which anyone can recount what the log has committed to."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import rfc8785

from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import ballot_entry, commitment, leaf_hash

Audience = Literal["public", "auditors", "sample"]

MAX_CHUNK = 10_000
"""The most openings in one object."""

MAX_CHUNK_BYTES = 2 << 20
"""The most bytes in one object, so that an HTTP API over Lambda can serve it."""

SAMPLE = 1000
"""The average number of ballots in the sample of a large election."""

SAMPLE_SHARE = 10
"""A ballot's chance of being drawn is at most one in this many, even if there are few ballots."""


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What opens the commitment to one ballot.

    Attributes:
        salt: 32 bytes.
        ballot: The ballot as canonical JSON (RFC 8785).
    """

    salt: bytes
    ballot: bytes

    def leaf(self, election: ElectionId) -> bytes:
        """Return the leaf of the ballot's log entry."""
        return leaf_hash(ballot_entry(election, commitment(self.salt, self.ballot)))

    def line(self) -> bytes:
        """Return the opening as a line of canonical JSON."""
        return b'{"ballot":' + self.ballot + b',"salt":"' + b64encode(self.salt) + b'"}\n'


@dataclass(frozen=True, slots=True)
class Draw:
    """Decides which ballots are in a sample.

    Nobody can steer it, as the root was not known before the ballots were fixed.

    Attributes:
        size: Tree size of the smallest checkpoint that holds the certification.
        root: The root there.
        bound: A ballot is in the sample if its hash is below this.
    """

    size: int
    root: bytes
    bound: bytes

    @classmethod
    def of(cls, size: int, root: bytes, ballots: int) -> "Draw":
        """Return the draw of about `SAMPLE` ballots, but at most one in `SAMPLE_SHARE` of them."""
        whole = 1 << 256
        bound = min(whole // SAMPLE_SHARE, whole * SAMPLE // max(ballots, 1))
        return cls(size, root, bound.to_bytes(32))

    def takes(self, leaf: bytes) -> bool:
        """Return whether a ballot is in the sample."""
        return hashlib.sha256(b"civic/sample/1|" + self.root + leaf).digest() < self.bound


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some openings in one object."""

    ballots: int
    content: bytes

    @property
    def name(self) -> str:
        """Its SHA-256 in hexadecimal, under which it is published."""
        return hashlib.sha256(self.content).hexdigest()


def chunks(openings: Iterable[tuple[bytes, Opening]]) -> Iterator[Chunk]:
    """Yield objects of openings, each sorted by the leaf hashes that are given with them."""
    some: list[tuple[bytes, bytes]] = []
    size = 0
    for leaf, one in openings:
        line = one.line()
        if some and (len(some) == MAX_CHUNK or size + len(line) > MAX_CHUNK_BYTES):
            yield _chunk(some)
            some, size = [], 0
        some.append((leaf, line))
        size += len(line)
    if some:
        yield _chunk(some)


def _chunk(lines: list[tuple[bytes, bytes]]) -> Chunk:
    return Chunk(len(lines), b"".join(line for _, line in sorted(lines)))


def index(
    election: ElectionId,
    audience: Audience,
    listed: Sequence[tuple[str, int]],
    draw: Draw | None = None,
) -> bytes:
    """Return the list of all chunks for an audience, with their names and numbers of ballots."""
    document: dict[str, Any] = {
        "audience": audience,
        "ballots": sum(ballots for _, ballots in listed),
        "chunks": [{"ballots": ballots, "sha256": name} for name, ballots in listed],
        "election": election,
        "version": 1,
    }
    if draw is not None:
        document |= {"seed": draw.size, "bound": draw.bound.hex()}
    return rfc8785.dumps(document)
