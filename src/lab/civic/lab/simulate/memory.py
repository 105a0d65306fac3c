"""The voting domain's ports in memory: what the simulation runs on, and the tests' fakes.

Each keeps the promises of the port and no more: the box refuses a second ballot of a nullifier, the
tally store a revision that does not follow, and the queue and the stream deliver what they took at
least once.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from civic.contracts.events import Event
from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.voting.adapters.ballot_queue_sqs import body_of
from civic.voting.errors import CodeTaken, SealBroken, TallyMoved
from civic.voting.model.ballot import CastBallot
from civic.voting.model.election import Election
from civic.voting.model.tally import ShardTally
from civic.voting.ports import Cast, Entropy, PollBook


class MemoryElections:
    """Elections as the ballot functions read them; the office's part of the port is not here."""

    def __init__(self) -> None:
        """Start without any."""
        self._books: dict[ElectionId, PollBook] = {}

    def open(
        self,
        election: Election,
        sealed_secret: bytes,
        keys: Mapping[StyleId, bytes] = MappingProxyType({}),
    ) -> None:
        """Have an election, in the state that it says, with the public keys of credentials."""
        self._books[election.id] = PollBook(election, keys, sealed_secret)

    def find(self, election: ElectionId) -> PollBook | None:
        """Return an election."""
        return self._books.get(election)

    def every(self) -> Iterator[Election]:
        """Return all elections."""
        yield from (book.election for book in self._books.values())


class MemorySecrets:
    """Secrets of elections, "encrypted" by the name of their election in front."""

    def __init__(self, entropy: Entropy) -> None:
        """Make secrets of ``entropy``."""
        self._entropy = entropy

    def make(self, election: ElectionId) -> bytes:
        """Return a new secret."""
        return election.encode() + self._entropy(32)

    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        """Return a secret in clear."""
        if not sealed.startswith(election.encode()):
            raise SealBroken
        return sealed.removeprefix(election.encode())


class MemoryBallots:
    """The ballot box; what comes in is told to ``arrived``, as a stream would."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[Nullifier, tuple[bytes, ElectionId, bytes]] = {}
        # Millions of voters mark a few hundred different ballots: each text is kept once.
        self._contents: dict[bytes, bytes] = {}
        self.arrived: deque[CastBallot] = deque()

    def __len__(self) -> int:
        """Return how many ballots there are."""
        return len(self._rows)

    def holds(self, nullifier: Nullifier) -> bool:
        """Tell whether there is a ballot."""
        return nullifier in self._rows

    def cast(self, ballots: Sequence[CastBallot]) -> list[Cast]:
        """Put ballots in."""
        return [self._cast(ballot) for ballot in ballots]

    def every(self, election: ElectionId) -> Iterator[CastBallot]:
        """Return the ballots of an election."""
        for nullifier, (salt, of, content) in self._rows.items():
            if of == election:
                yield CastBallot(nullifier, salt, of, content)

    def find(self, nullifier: Nullifier) -> CastBallot | None:
        """Return a ballot; None if there is none."""
        row = self._rows.get(nullifier)
        return None if row is None else CastBallot(nullifier, *row)

    def _cast(self, ballot: CastBallot) -> Cast:
        if ballot.nullifier in self._rows:
            return Cast.ALREADY
        content = self._contents.setdefault(ballot.content, ballot.content)
        self._rows[ballot.nullifier] = ballot.salt, ballot.election, content
        self.arrived.append(ballot)
        return Cast.COUNTED


class MemoryQueue:
    """The queue of sealed ballots; whoever receives a message has to bring it back or keep it."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: deque[str] = deque()

    def send(self, election: ElectionId, sealed: bytes) -> None:
        """Take a sealed ballot."""
        self.messages.append(body_of(election, sealed))

    def waiting(self) -> int:
        """Return how many messages there are."""
        return len(self.messages)


class MemoryCodes:
    """The keyed hashes of posted codes."""

    def __init__(self) -> None:
        """Start without any."""
        self._rows: dict[bytes, tuple[ElectionId, StyleId]] = {}

    def add(self, election: ElectionId, style: StyleId, hashes: Iterable[bytes]) -> None:
        """Store codes."""
        wanted = election, style
        for hashed in hashes:
            if self._rows.setdefault(hashed, wanted) != wanted:
                raise CodeTaken

    def find(self, hashed: bytes) -> tuple[ElectionId, StyleId] | None:
        """Return what a code is for."""
        return self._rows.get(hashed)


class MemoryTallies:
    """The tally of each shard."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._rows: dict[tuple[ElectionId, str], ShardTally] = {}

    def read(self, election: ElectionId, shard: str) -> ShardTally | None:
        """Return a shard's tally."""
        return _apart(self._rows.get((election, shard)))

    def write(self, election: ElectionId, shard: str, tally: ShardTally) -> None:
        """Store the revision after the stored one."""
        stored = self._rows.get((election, shard))
        if tally.revision != (stored.revision if stored else 0) + 1:
            raise TallyMoved
        self._rows[election, shard] = replace(tally, counts=tally.counts.copy())

    def every(self, election: ElectionId) -> Iterator[ShardTally]:
        """Return the tallies of all shards."""
        for (of, _), tally in self._rows.items():
            if of == election:
                yield replace(tally, counts=tally.counts.copy())


class MemorySnapshotRequests:
    """Elections whose results are to be published anew."""

    def __init__(self) -> None:
        """Start without any."""
        self.asked: set[ElectionId] = set()

    def ask(self, election: ElectionId) -> None:
        """Ask for a snapshot."""
        self.asked.add(election)


class MemorySnapshots:
    """The published results."""

    def __init__(self) -> None:
        """Start without any."""
        self._rows: dict[ElectionId | None, bytes] = {}

    def put(self, election: ElectionId, document: bytes) -> None:
        """Publish a snapshot."""
        self._rows[None] = self._rows[election] = document

    def get(self, election: ElectionId | None) -> bytes | None:
        """Return a snapshot."""
        return self._rows.get(election)


class MemoryBus:
    """The bus."""

    def __init__(self) -> None:
        """Start with nothing published."""
        self.events: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        """Publish events."""
        self.events += events


def _apart(tally: ShardTally | None) -> ShardTally | None:
    """Return a tally whose counts nobody else may change."""
    return tally and replace(tally, counts=tally.counts.copy())
