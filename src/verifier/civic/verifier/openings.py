"""Openings of the commitments of an election: their index, and the ballots in them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import pairwise
from typing import Any

from civic.verifier.canonical import parse_canonical
from civic.verifier.elections import WRITE_INS, Cell
from civic.verifier.encodings import base64_bytes, hex_bytes
from civic.verifier.errors import Malformed, ObjectRefused
from civic.verifier.folder import Folder
from civic.verifier.hashing import ballot_entry, commitment, leaf_hash

SAMPLE = "sample"
AUDIENCES = ("public", "auditors", SAMPLE)
PUBLISHED = frozenset({"public", SAMPLE})
"""The audiences whose openings are objects of the log itself."""

MAX_LINE = 65536
"""The most bytes of one opened ballot; one with ten write-ins has about two thousand."""

_MAX_CHUNKS = 1_000_000
_INDEX_BYTES = 1024
_CHUNK_BYTES = 192
_SALT_BYTES = 32
_BEFORE_BALLOT = len(b'{"ballot":')
_AFTER_BALLOT = len(b',"salt":""}') + 44


@dataclass(frozen=True, slots=True)
class Chunk:
    """One file of openings, as the index has it."""

    name: str
    ballots: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Index:
    """The list of an election's openings, and for a sample how they were drawn."""

    audience: str
    election: str
    ballots: int
    chunks: tuple[Chunk, ...]
    seed: int | None
    bound: int | None

    @classmethod
    def parse(cls, raw: bytes) -> "Index":
        """Return the index written as canonical JSON.

        Raises:
            Malformed: It is not an index.
        """
        fields = parse_canonical(raw, "an index")
        audience = fields.get("audience") if isinstance(fields, dict) else None
        members = {"audience", "ballots", "chunks", "election", "version"}
        drawn = {"bound", "seed"} if audience == SAMPLE else set()
        if audience not in AUDIENCES or set(fields) != members | drawn or fields["version"] != 1:
            raise Malformed("not an index of openings of version 1")
        if not isinstance(fields["election"], str) or not isinstance(fields["chunks"], list):
            raise Malformed("an index with a malformed member")
        if len(fields["chunks"]) > _MAX_CHUNKS:
            raise Malformed(f"an index of more than {_MAX_CHUNKS} chunks")
        chunks = tuple(map(_chunk, fields["chunks"]))
        ballots = _count(fields["ballots"])
        if ballots != sum(chunk.ballots for chunk in chunks):
            raise Malformed("an index whose chunks do not add up")
        seed = _count(fields["seed"]) if drawn else None
        bound = int.from_bytes(hex_bytes(str(fields["bound"]), "the bound")) if drawn else None
        return cls(audience, fields["election"], ballots, chunks, seed, bound)


def index_limit(ballots: int) -> int:
    """Return the most bytes that the index of this many ballots can have."""
    return _INDEX_BYTES + _CHUNK_BYTES * min(ballots, _MAX_CHUNKS)


def _chunk(fields: Any) -> Chunk:
    if not isinstance(fields, dict) or set(fields) != {"ballots", "sha256"}:
        raise Malformed("an index with a malformed chunk")
    if _count(fields["ballots"]) == 0:
        raise Malformed("an index with an empty chunk")
    sha256 = hex_bytes(str(fields["sha256"]), "a hash")
    # Derived from the hash, never taken from the index: a name is part of a path.
    return Chunk(f"{sha256.hex()}.jsonl", fields["ballots"], sha256)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise Malformed("an index with an invalid number")
    return value


@dataclass(frozen=True, slots=True)
class OpenedBallot:
    """A ballot in clear, and the leaf of its entry."""

    leaf: bytes
    style: str
    selections: Mapping[str, Sequence[str]]
    write_ins: Mapping[str, Sequence[str]]

    @classmethod
    def parse(cls, line: bytes, election: str) -> "OpenedBallot":
        """Return the ballot that a line opens.

        Raises:
            Malformed: The line is not canonical, or not a ballot of this election.
        """
        fields = parse_canonical(line, "an opening")
        if not isinstance(fields, dict) or set(fields) != {"ballot", "salt"}:
            raise Malformed("an opening has a ballot and a salt")
        salt = base64_bytes(str(fields["salt"]), "the salt", _SALT_BYTES)
        ballot = fields["ballot"]
        members = {"election", "selections", "style", "write_ins"}
        if not isinstance(ballot, dict) or set(ballot) != members:
            raise Malformed("a ballot without exactly the members it must have")
        if ballot["election"] != election or not isinstance(ballot["style"], str):
            raise Malformed("a ballot of another election, or without a style")
        _want_lists(ballot["selections"])
        _want_lists(ballot["write_ins"])
        # The line is canonical, so its bytes are those that were committed to.
        committed = commitment(salt, line[_BEFORE_BALLOT:-_AFTER_BALLOT])
        leaf = leaf_hash(ballot_entry(election, committed))
        return cls(leaf, ballot["style"], ballot["selections"], ballot["write_ins"])

    def cells(self) -> Iterator[tuple[Cell, int]]:
        """Yield what the ballot adds to a count."""
        yield (self.style, "", ""), 1
        for contest, chosen in self.selections.items():
            for option in chosen:
                if option == WRITE_INS:
                    raise Malformed("an invalid option")
                yield (self.style, contest, option), 1
        for contest, names in self.write_ins.items():
            yield (self.style, contest, WRITE_INS), len(names)


def _want_lists(value: Any) -> None:
    """Refuse anything but lists of texts by contest, none of them empty, unsorted or repeating."""
    if not isinstance(value, dict) or not all(value):
        raise Malformed("malformed selections")
    for texts in value.values():
        if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            raise Malformed("malformed selections")
        if not texts or any(one >= other for one, other in pairwise(texts)):
            raise Malformed("selections that are unsorted or repeated")


def opened_ballots(
    folder: Folder, path: str, chunk: Chunk, election: str
) -> Iterator[tuple[int, OpenedBallot]]:
    """Yield the ballots of a chunk with their line numbers, counted from 1.

    Raises:
        ObjectRefused: The chunk is missing, does not match its hash in the index, or is malformed.
    """
    name = folder.name(path)
    with folder.open(path, chunk.ballots * (MAX_LINE + 1)) as file:
        if hashlib.file_digest(file, "sha256").digest() != chunk.sha256:
            raise ObjectRefused(name, "does not match its hash in the index")
        file.seek(0)
        for number, line in enumerate(_lines(file, chunk.ballots, name), 1):
            try:
                yield number, OpenedBallot.parse(line, election)
            except Malformed as malformed:
                raise ObjectRefused(name, f"line {number}: {malformed}") from None


def _lines(file: BufferedReader, count: int, name: str) -> Iterator[bytes]:
    for number in range(1, count + 1):
        line = file.readline(MAX_LINE + 1)
        if not line.endswith(b"\n"):
            raise ObjectRefused(name, f"line {number}: too long or missing")
        yield line[:-1]
    if file.read(1):
        raise ObjectRefused(name, f"more than {count} lines")
