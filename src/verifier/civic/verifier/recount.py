"""The recount of certified elections from their openings (check 5)."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from civic.verifier.elections import Cell, Election, Register
from civic.verifier.errors import Malformed, ObjectRefused
from civic.verifier.folder import Folder
from civic.verifier.heads import Heads
from civic.verifier.openings import SAMPLE, Index, OpenedBallot, index_limit, opened_ballots
from civic.verifier.progress import Progress

SAMPLE_SIZE = 1000
SAMPLE_SHARE = 10
"""How many ballots a sample has on average."""

_HASHES = 2**256


@dataclass(frozen=True, slots=True)
class Recounted:
    """What was recounted."""

    election: str
    audience: str
    ballots: int
    numbers: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Which ballots are in a sample: those whose hash with the root is below a bound."""

    root: bytes
    bound: int

    def holds(self, leaf: bytes) -> bool:
        """Return whether a ballot with this leaf is in the sample."""
        drawn = hashlib.sha256(b"civic/sample/1|" + self.root + leaf).digest()
        return int.from_bytes(drawn) < self.bound


class Recount:
    """Recounts elections against one log.

    Args:
        heads: The tree heads of the log, one of which draws a sample.
        register: Its entries.
        progress: Shows how many ballots have been counted.
    """

    def __init__(self, heads: Heads, register: Register, progress: Progress) -> None:
        self._heads = heads
        self._register = register
        self._progress = progress

    def check(self, folder: Folder, under: str) -> Recounted:
        """Recount one election and return what was counted.

        Args:
            folder: Where the openings are.
            under: The folder of the election in it, which ends in the election's id.

        Raises:
            ObjectRefused: An opening is missing, wrong or extra, or the count is not as certified.
        """
        path = f"{under}/index.json"
        election = self._register.elections.get(under.rpartition("/")[2])
        if election is None or not election.openings:
            raise ObjectRefused(folder.name(path), "the log does not announce these openings")
        index = read_index(folder, path, election)
        draw = self._draw(folder.name(path), index, election)
        self._want_number(folder.name(path), index, election, draw)
        cells = self._count(folder, under, index, election, draw)
        if draw is None:
            self._compare(folder.name(path), cells, election)
        return Recounted(election.id, index.audience, index.ballots, len(election.cells))

    def _draw(self, name: str, index: Index, election: Election) -> Draw | None:
        if index.audience != SAMPLE or election.certified_at is None:
            return None
        certified = election.certified_at.index
        seed = min(size for size in self._heads.signed if size > certified)
        bound = sample_bound(election.ballots)
        if (index.seed, index.bound) != (seed, bound):
            raise ObjectRefused(
                name, f"a sample is drawn by the root at size {seed}, below {bound:064x}"
            )
        return Draw(self._heads.signed[seed], bound)

    def _want_number(self, name: str, index: Index, election: Election, draw: Draw | None) -> None:
        expected = election.ballots
        if draw is not None:
            expected = sum(draw.holds(leaf) for leaf in self._leaves(election))
        if index.ballots != expected:
            raise ObjectRefused(name, f"opens {index.ballots} ballots instead of {expected}")

    def _leaves(self, election: Election) -> Iterator[bytes]:
        register = self._register
        return (
            leaf
            for leaf, index in register.leaves.items()
            if register.election_of(index) == election.number
        )

    def _count(
        self, folder: Folder, under: str, index: Index, election: Election, draw: Draw | None
    ) -> Counter[Cell]:
        cells: Counter[Cell] = Counter()
        opened = bytearray(len(self._register.leaves))
        done = 0
        for chunk in index.chunks:
            path = f"{under}/{chunk.name}"
            for number, ballot in opened_ballots(folder, path, chunk, election.id):
                try:
                    self._mark(ballot, election, draw, opened)
                    _add(cells, ballot, election)
                except Malformed as malformed:
                    name = folder.name(path)
                    raise ObjectRefused(name, f"line {number}: {malformed}") from None
            done += chunk.ballots
            self._progress.tell(f"openings of {election.id}", done, index.ballots)
        return cells

    def _mark(
        self, ballot: OpenedBallot, election: Election, draw: Draw | None, opened: bytearray
    ) -> None:
        at = self._register.leaves.get(ballot.leaf)
        if at is None or self._register.election_of(at) != election.number:
            raise Malformed("does not open a ballot in the log")
        if opened[at]:
            raise Malformed(f"opens entry {at} a second time")
        if draw is not None and not draw.holds(ballot.leaf):
            raise Malformed(f"opens entry {at}, which is not in the sample")
        opened[at] = 1

    def _compare(self, name: str, cells: Counter[Cell], election: Election) -> None:
        for cell, certified in election.cells.items():
            if cells[cell] != certified:
                shown = "/".join(filter(None, cell))
                why = f"counts {cells[cell]} for {shown}, but {certified} are certified"
                raise ObjectRefused(name, why)


def read_index(folder: Folder, path: str, election: Election) -> Index:
    """Return the index of an election's openings, whose hash the log states.

    Raises:
        ObjectRefused: It is missing or malformed, or its hash is not the one in the log.
    """
    raw = folder.read(path, index_limit(election.ballots))
    digest = hashlib.sha256(raw).digest()
    audiences = [name for name, known in election.openings.items() if known.sha256 == digest]
    if not audiences:
        raise ObjectRefused(folder.name(path), "does not match its hash in the log")
    try:
        index = Index.parse(raw)
    except Malformed as malformed:
        raise ObjectRefused(folder.name(path), str(malformed)) from None
    if index.audience not in audiences or index.election != election.id:
        raise ObjectRefused(folder.name(path), "is for another election or audience")
    return index


def sample_bound(ballots: int) -> int:
    """Return the bound below which the hash of a ballot puts it in the sample."""
    return min(_HASHES // SAMPLE_SHARE, _HASHES * SAMPLE_SIZE // max(ballots, 1))


def _add(cells: Counter[Cell], ballot: OpenedBallot, election: Election) -> None:
    for cell, count in ballot.cells():
        cells[cell] += count
        if cells[cell] > election.cells.get(cell, 0):
            raise Malformed(f"counts more for {'/'.join(filter(None, cell))} than is certified")
