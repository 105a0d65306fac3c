"""Openings: salts and ballots, with which anyone recounts what the log has committed to."""

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
"""Openings in one object."""

MAX_CHUNK_BYTES = 2 << 20
"""Bytes of one object, so that an HTTP API over Lambda can serve it."""

SAMPLE = 1000
"""Ballots that a sample of a large election has, on average."""

SAMPLE_SHARE = 10
"""Each ballot is drawn with a chance of one in so many at most, so that few are not all opened."""


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
        """Return it as canonical JSON."""
        return b'{"ballot":' + self.ballot + b',"salt":"' + b64encode(self.salt) + b'"}\n'


@dataclass(frozen=True, slots=True)
class Draw:
    """Who is in a sample: nobody chooses, as the root was not known before the ballots were fixed.

    Attributes:
        size: Tree size of the smallest checkpoint that holds the certification.
        root: The root there.
        bound: The hash of whoever is in the sample is below it.
    """

    size: int
    root: bytes
    bound: bytes

    @classmethod
    def of(cls, size: int, root: bytes, ballots: int) -> "Draw":
        """Return the draw of about `SAMPLE`, or of one in `SAMPLE_SHARE`, from so many ballots."""
        whole = 1 << 256
        bound = min(whole // SAMPLE_SHARE, whole * SAMPLE // max(ballots, 1))
        return cls(size, root, bound.to_bytes(32))

    def takes(self, leaf: bytes) -> bool:
        """Tell whether a ballot is in the sample."""
        return hashlib.sha256(b"civic/sample/1|" + self.root + leaf).digest() < self.bound


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some openings as one object."""

    ballots: int
    content: bytes

    @property
    def name(self) -> str:
        """Its SHA-256 in hexadecimal, under which it is published."""
        return hashlib.sha256(self.content).hexdigest()


def chunks(openings: Iterable[tuple[bytes, Opening]]) -> Iterator[Chunk]:
    """Return openings, each given with its leaf hash, as objects; within each by that hash."""
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
    """Return what names all chunks of an audience: each by its name and number of ballots."""
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
