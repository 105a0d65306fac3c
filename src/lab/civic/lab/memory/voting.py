"""The ports of the voting domain in memory.

Each keeps the promises of its port and no more: the box refuses a second ballot with a nullifier,
the tally store a revision that is not the next.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.contracts.ports import RandomBytes
from civic.contracts.voting import ElectionChange, ElectionDeleted
from civic.voting.adapters.ballot_queue_sqs import body_of, read_body
from civic.voting.errors import CodeTaken, ElectionMoved, SealBroken, StoreUnavailable, TallyMoved
from civic.voting.model.ballot import CommittedBallot
from civic.voting.model.election import Election
from civic.voting.model.tally import ShardTally
from civic.voting.ports import Announcement, BoxCount, Cast, StoredElection


class MemoryElections:
    """The elections."""

    def __init__(self) -> None:
        self._definitions: dict[ElectionId, Election] = {}
        self._unannounced: dict[ElectionId, Announcement] = {}
        self._revisions: dict[ElectionId, int] = {}
        self._secrets: dict[ElectionId, bytes] = {}
        self._keys: dict[ElectionId, dict[StyleId, bytes]] = {}
        self._boxes: dict[ElectionId, BoxCount] = {}
        self._logged: dict[ElectionId, tuple[int, int]] = {}

    def create(
        self, election: Election, sealed_secret: bytes, *events: ElectionChange
    ) -> Announcement:
        if election.id in self._revisions:
            raise ElectionMoved
        self._secrets.setdefault(election.id, sealed_secret)
        return self._write(election, events)

    def replace(self, election: Election, *events: ElectionChange) -> Announcement:
        self._require(election)
        return self._write(election, events)

    def delete(self, election: Election, *events: ElectionChange) -> Announcement:
        self._require(election)
        announcement = self._write(election, events)
        del self._definitions[election.id]
        return announcement

    def announced(self, announcement: Announcement) -> None:
        id_ = announcement.election
        if self._revisions.get(id_) != announcement.revision:
            return
        self._unannounced.pop(id_, None)
        if any(isinstance(event, ElectionDeleted) for event in announcement.events):
            del self._revisions[id_]

    def unannounced(self) -> Iterable[Announcement]:
        return list(self._unannounced.values())

    def keep_keys(self, election: ElectionId, keys: Mapping[StyleId, bytes]) -> None:
        self._keys[election] = {**keys, **self._keys.get(election, {})}

    def keep_box_count(self, election: ElectionId, count: BoxCount) -> None:
        stored = self._boxes.get(election)
        if stored is None or stored.seal <= count.seal:
            self._boxes[election] = count

    def keep_logged(self, election: ElectionId, tree_size: int, ballots: int) -> None:
        if self._logged.get(election, (0, 0))[0] < tree_size:
            self._logged[election] = tree_size, ballots

    def find(self, election: ElectionId) -> StoredElection | None:
        if election not in self._definitions:
            return None
        return StoredElection(
            self._definitions[election],
            dict(self._keys.get(election, {})),
            self._secrets[election],
            self._unannounced.get(election),
            self._boxes.get(election),
            self._logged.get(election, (0, 0))[1],
        )

    def every(self) -> Iterable[Election]:
        return list(self._definitions.values())

    def _require(self, election: Election) -> None:
        stored = self._definitions.get(election.id)
        follows = stored is not None and stored.revision == election.revision - 1
        if not follows or election.id in self._unannounced:
            raise ElectionMoved

    def _write(self, election: Election, events: tuple[ElectionChange, ...]) -> Announcement:
        announcement = Announcement(election.id, election.revision, events)
        self._definitions[election.id] = election
        self._revisions[election.id] = election.revision
        self._unannounced[election.id] = announcement
        return announcement


class MemorySecrets:
    """Secrets of elections; sealed ones are bound to their election."""

    def __init__(self, entropy: RandomBytes | None = None) -> None:
        """Make secrets from ``entropy``; without it they are numbered, the same in every run."""
        self._entropy = entropy or self._number
        self._secrets: dict[bytes, bytes] = {}

    def make(self, election: ElectionId) -> bytes:
        secret = self._entropy(32)
        sealed = election.encode() + b"|" + secret
        self._secrets[sealed] = secret
        return sealed

    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        if not sealed.startswith(election.encode() + b"|") or sealed not in self._secrets:
            raise SealBroken
        return self._secrets[sealed]

    def _number(self, size: int, /) -> bytes:
        return len(self._secrets).to_bytes(size)


class MemoryBallots:
    """The ballot box; new ballots are added to ``arrived``, as to a stream."""

    def __init__(self) -> None:
        self.rows: dict[Nullifier, tuple[bytes, ElectionId, bytes]] = {}
        # Millions of voters mark a few hundred different ballots, so each text is kept once.
        self._contents: dict[bytes, bytes] = {}
        self.arrived: deque[CommittedBallot] = deque()

    def __len__(self) -> int:
        return len(self.rows)

    def holds(self, nullifier: Nullifier) -> bool:
        return nullifier in self.rows

    def cast(self, ballots: Sequence[CommittedBallot]) -> Sequence[Cast | StoreUnavailable]:
        return [self._cast(ballot) for ballot in ballots]

    def every(self, election: ElectionId) -> Iterator[CommittedBallot]:
        for nullifier, (salt, of, content) in self.rows.items():
            if of == election:
                yield CommittedBallot(nullifier, salt, of, content)

    def count(self, election: ElectionId) -> int:
        return sum(1 for _ in self.every(election))

    def find(self, nullifier: Nullifier) -> CommittedBallot | None:
        row = self.rows.get(nullifier)
        return None if row is None else CommittedBallot(nullifier, *row)

    def _cast(self, ballot: CommittedBallot) -> Cast:
        if ballot.nullifier in self.rows:
            return Cast.ALREADY
        content = self._contents.setdefault(ballot.content, ballot.content)
        self.rows[ballot.nullifier] = ballot.salt, ballot.election, content
        self.arrived.append(ballot)
        return Cast.COUNTED


class MemoryQueue:
    """The queue of sealed ballots; a receiver must keep a message or put it back."""

    def __init__(self) -> None:
        self.messages: deque[str] = deque()

    def send(self, election: ElectionId, sealed: bytes) -> None:
        self.messages.append(body_of(election, sealed))

    def waiting(self) -> int:
        return len(self.messages)

    @property
    def sent(self) -> list[tuple[ElectionId, bytes]]:
        """The sealed ballots that are waiting."""
        return [read_body(body) for body in self.messages]


class MemoryCodes:
    """The keyed hashes of posted codes."""

    def __init__(self) -> None:
        self.codes: dict[bytes, tuple[ElectionId, StyleId]] = {}

    def add(self, election: ElectionId, style: StyleId, hashes: Iterable[bytes]) -> None:
        wanted = election, style
        for hashed in hashes:
            if self.codes.setdefault(hashed, wanted) != wanted:
                raise CodeTaken

    def find(self, hashed: bytes) -> tuple[ElectionId, StyleId] | None:
        return self.codes.get(hashed)


class MemoryTallies:
    """The tally of each shard."""

    def __init__(self) -> None:
        self._rows: dict[tuple[ElectionId, str], ShardTally] = {}

    def read(self, election: ElectionId, shard: str) -> ShardTally | None:
        return _apart(self._rows.get((election, shard)))

    def write(self, election: ElectionId, shard: str, tally: ShardTally) -> None:
        stored = self._rows.get((election, shard))
        if tally.revision != (stored.revision if stored else 0) + 1:
            raise TallyMoved
        self._rows[election, shard] = replace(tally, counts=tally.counts.copy())

    def every(self, election: ElectionId) -> Iterator[ShardTally]:
        for (of, _), tally in self._rows.items():
            if of == election:
                yield replace(tally, counts=tally.counts.copy())


class MemorySnapshotRequests:
    """Elections whose results are to be published again, in the order of the requests."""

    def __init__(self) -> None:
        self.asked: list[ElectionId] = []

    def ask(self, election: ElectionId) -> None:
        self.asked.append(election)


class MemorySnapshots:
    """The published results."""

    def __init__(self) -> None:
        self._rows: dict[ElectionId | None, bytes] = {}

    def put(self, election: ElectionId, document: bytes) -> None:
        self._rows[None] = self._rows[election] = document

    def get(self, election: ElectionId | None) -> bytes | None:
        return self._rows.get(election)


def _apart(tally: ShardTally | None) -> ShardTally | None:
    """Return a tally whose counts are its own copy."""
    return tally and replace(tally, counts=tally.counts.copy())
