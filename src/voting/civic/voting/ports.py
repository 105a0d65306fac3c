"""What the use cases need from the outside world; any method may raise ``StoreUnavailable``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.contracts.voting import ElectionChange
from civic.voting.errors import StoreUnavailable
from civic.voting.model.ballot import CommittedBallot
from civic.voting.model.election import Election
from civic.voting.model.tally import ShardTally


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the bus has to hear about one revision of an election.

    Attributes:
        election: Its id.
        revision: The revision that the changes have led to.
        events: The changes.
    """

    election: ElectionId
    revision: int
    events: tuple[ElectionChange, ...]


@dataclass(frozen=True, slots=True)
class BoxCount:
    """How many ballots were in a sealed box.

    Attributes:
        seal: The revision of the election by which its box was sealed.
        ballots: How many ballots it held.
    """

    seal: int
    ballots: int


@dataclass(frozen=True, slots=True)
class StoredElection:
    """All that is stored about an election.

    Attributes:
        election: Its definition and state.
        keys: The public keys of its credentials by ballot style (SubjectPublicKeyInfo, DER).
        sealed_secret: Its secret, encrypted under the KMS key of the elections stack.
        unannounced: What may not be on the bus yet.
        box: How many ballots were in the box when it was last counted; None before that.
        logged: How many ballots the public log has, as far as it has been heard.
    """

    election: Election
    keys: Mapping[StyleId, bytes]
    sealed_secret: bytes
    unannounced: Announcement | None = None
    box: BoxCount | None = None
    logged: int = 0


class ElectionStore(Protocol):
    """The elections, each with what is to be announced about its newest revision.

    A change and its events are one write, so that neither is there without the other.
    """

    def create(
        self, election: Election, sealed_secret: bytes, *events: ElectionChange
    ) -> Announcement:
        """Store a new election.

        Raises:
            ElectionMoved: There is an election of that id.
        """
        ...

    def replace(self, election: Election, *events: ElectionChange) -> Announcement:
        """Store the next revision of an election.

        Raises:
            ElectionMoved: The stored revision is not the one before, or it is not announced yet.
        """
        ...

    def delete(self, election: Election, *events: ElectionChange) -> Announcement:
        """Remove the draft whose next revision this would be; it can no longer be found.

        Raises:
            ElectionMoved: The stored revision is not the one before, or it is not announced yet.
        """
        ...

    def announced(self, announcement: Announcement) -> None:
        """Note that the bus has heard it; do nothing if there is a later revision."""
        ...

    def unannounced(self) -> Iterable[Announcement]:
        """Return everything that may not be on the bus yet, including that of deleted drafts."""
        ...

    def keep_keys(self, election: ElectionId, keys: Mapping[StyleId, bytes]) -> None:
        """Keep public keys; a style that has one keeps it."""
        ...

    def keep_box_count(self, election: ElectionId, count: BoxCount) -> None:
        """Keep how many ballots are in a sealed box; do nothing if a later seal was counted."""
        ...

    def keep_logged(self, election: ElectionId, tree_size: int, ballots: int) -> None:
        """Keep how many ballots the public log has; do nothing if a larger tree was heard of.

        Args:
            election: Whose ballots.
            tree_size: How many entries the log had.
            ballots: How many of them were ballots of the election.
        """
        ...

    def find(self, election: ElectionId) -> StoredElection | None:
        """Return all that is stored of an election, read consistently; None if there is none."""
        ...

    def every(self) -> Iterable[Election]:
        """Return all elections, in no particular order; there are few."""
        ...


class ElectionSecrets(Protocol):
    """Makes the secret of an election, which only the ballot functions and the office open."""

    def make(self, election: ElectionId) -> bytes:
        """Return a new random 256-bit secret, encrypted; nobody has seen it in the clear."""
        ...

    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        """Return the 32 bytes of a secret that was made for this election.

        Raises:
            SealBroken: It was not made for this election.
        """
        ...


class BallotBox(Protocol):
    """The counted ballots, one per nullifier, and the only place that says who has voted."""

    def holds(self, nullifier: Nullifier) -> bool:
        """Return whether a ballot with this nullifier is in the box; may lag a moment behind."""
        ...

    def cast(self, ballots: Sequence[CommittedBallot]) -> Sequence["Cast | StoreUnavailable"]:
        """Put ballots into the box, except those whose nullifier has one already.

        Each is a conditional write of its own, in any order and several at the same time, so one
        that fails does not affect the others.

        Args:
            ballots: No two with the same nullifier.

        Returns:
            What became of each, in their order; the error if it may not be in the box.
        """
        ...

    def every(self, election: ElectionId) -> Iterable[CommittedBallot]:
        """Return all ballots of an election, in no particular order."""
        ...

    def count(self, election: ElectionId) -> int:
        """Return how many ballots of an election the box holds, and see none of them."""
        ...


class Cast(Enum):
    """What became of a ballot."""

    COUNTED = "counted"
    ALREADY = "already"
    """There was one with its nullifier: a second vote, or the same one again."""

    FAILED = "failed"
    """It may not be in the box; try again."""


class BallotQueue(Protocol):
    """Sealed ballots on their way to the box; keeps what it has accepted."""

    def send(self, election: ElectionId, sealed: bytes) -> None:
        """Accept a sealed ballot."""
        ...


class TallyStore(Protocol):
    """What each shard of the ballots' stream has counted, per election."""

    def read(self, election: ElectionId, shard: str) -> ShardTally | None:
        """Return a shard's tally, read consistently."""
        ...

    def write(self, election: ElectionId, shard: str, tally: ShardTally) -> None:
        """Store the revision after the stored one.

        Raises:
            TallyMoved: The stored one is not the revision before.
        """
        ...

    def every(self, election: ElectionId) -> Iterable[ShardTally]:
        """Return the tallies of all shards, read consistently."""
        ...


class SnapshotRequests(Protocol):
    """Asks for a new snapshot of the results; requests within the same second are one."""

    def ask(self, election: ElectionId) -> None:
        """Ask for a snapshot soon."""
        ...


class SnapshotStore(Protocol):
    """The results as last published."""

    def put(self, election: ElectionId, document: bytes) -> None:
        """Publish a snapshot, of this election and as the latest of all."""
        ...

    def get(self, election: ElectionId | None) -> bytes | None:
        """Return a snapshot; without an election the latest of all; None if there is none."""
        ...


class VoterCodes(Protocol):
    """Keyed hashes of the codes that were posted to voters."""

    def find(self, hashed: bytes) -> tuple[ElectionId, StyleId] | None:
        """Return what a code is for; None if there is no such code."""
        ...

    def add(self, election: ElectionId, style: StyleId, hashes: Iterable[bytes]) -> None:
        """Store codes of one ballot style; those already stored are left unchanged.

        Raises:
            CodeTaken: A code belongs to another election or ballot style.
        """
        ...


class Backlog(Protocol):
    """The ballots that are not counted yet."""

    def waiting(self) -> int:
        """Return how many messages are in the ballot queue and in its dead-letter queue."""
        ...
