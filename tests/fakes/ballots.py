"""An election that is open for voting, in memory: voters, the box, the queue and the tallies."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.contracts.ports import Clock
from civic.lab.memory.rsa_pairs import pair, public_key
from civic.lab.memory.voting import (
    MemoryBallots,
    MemoryCodes,
    MemoryElections,
    MemoryQueue,
    MemorySecrets,
)
from civic.voting.errors import StoreUnavailable
from civic.voting.model.ballot import Ballot, CommittedBallot
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.credential import Credential
from civic.voting.model.election import Election, State
from civic.voting.model.secrets import ElectionKeys
from civic.voting.ports import Cast
from civic.voting.usecases.polls import Polls
from civic.voting.usecases.submission import Booth

ELECTION, OTHER = ElectionId("7k3m9qx2w5vb"), ElectionId("7k3m9qx2w5vc")
NORTH, SOUTH = StyleId("north"), StyleId("south")
OPENS = datetime(2027, 3, 2, 12, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=10)
DURING = OPENS + timedelta(hours=1)
SIGNERS = {NORTH: 1, SOUTH: 2}


def definition(**changes: Any) -> Election:
    """Return an election of a mayor and of a council of two, for which names may be written in."""
    document: dict[str, Any] = {
        "id": ELECTION,
        "revision": 1,
        "state": State.PUBLISHED,
        "title": "Town",
        "time_zone": "Europe/Berlin",
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "contests": [
            {
                "id": "c1",
                "title": "Mayor",
                "options": [
                    {"id": "o1", "text": "Ada"},
                    {"id": "o2", "text": "Grace"},
                    {"id": "o3", "text": "Barbara"},
                ],
            },
            {
                "id": "c2",
                "title": "Council",
                "min": 1,
                "max": 2,
                "write_ins": True,
                "options": [{"id": "o4", "text": "Joan"}, {"id": "o5", "text": "Mary"}],
            },
        ],
        "styles": [
            {
                "id": NORTH,
                "name": "North",
                "areas": ["N1", "N2"],
                "contests": [{"contest": "c1"}, {"contest": "c2"}],
            },
            {
                "id": SOUTH,
                "name": "South",
                "areas": ["S1"],
                "contests": [{"contest": "c1", "options": ["o1", "o2"]}],
            },
        ],
    }
    return Election.model_validate(document | changes)


def ballot(mayor: str = "o1", style: StyleId = SOUTH, election: ElectionId = ELECTION) -> Ballot:
    """Return a ballot with one selection."""
    return Ballot(election, style, {"c1": (mayor,)}, {})


def signed(message: bytes, signer: int, salt: int = 48) -> bytes:
    """Return a plain RSA-PSS signature, which an unblinded blind signature is."""
    return pair(signer).sign(message, PSS(MGF1(SHA384()), salt), SHA384())


def credential(
    number: int = 1,
    style: StyleId = NORTH,
    election: ElectionId = ELECTION,
    signer: int | None = None,
) -> Credential:
    """Return the credential of one voter, by default under the key of its ballot style."""
    randomizer, token = b"r" * 32, number.to_bytes(32)
    signature = signed(randomizer + token, signer or SIGNERS[style])
    return Credential(election, style, token, randomizer, signature)


class ThrottlingBox(MemoryBallots):
    """A box that throttles some ballots, and records how many there were in each call."""

    def __init__(self) -> None:
        super().__init__()
        self.throttled: set[Nullifier] = set()
        self.calls: list[int] = []

    def cast(self, ballots: Sequence[CommittedBallot]) -> Sequence[Cast | StoreUnavailable]:
        self.calls.append(len(ballots))
        assert len({one.nullifier for one in ballots}) == len(ballots), "an item is named twice"
        return [
            StoreUnavailable() if one.nullifier in self.throttled else self._cast(one)
            for one in ballots
        ]


@dataclass
class Polling:
    """A polling day: an election, its voters, and the time."""

    now: datetime = DURING
    election: Election = field(default_factory=definition)
    store: MemoryElections = field(default_factory=MemoryElections)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    codes: MemoryCodes = field(default_factory=MemoryCodes)
    box: ThrottlingBox = field(default_factory=ThrottlingBox)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    _drawn: int = 0

    def __post_init__(self) -> None:
        self.hold(self.election)
        self.polls = Polls(self.store, self.secrets, self.clock)
        self.booth = Booth(
            self.polls, self.codes, self.box, self.queue, self.clock, entropy=self._entropy
        )

    @property
    def clock(self) -> Clock:
        """The current time on this day."""
        return lambda: self.now

    def hold(self, election: Election) -> None:
        """Store an election with the public keys of its ballot styles."""
        made = self.store.create(election, self.secrets.make(election.id))
        self.store.announced(made)
        keys = {style: public_key(number, Encoding.DER) for style, number in SIGNERS.items()}
        self.store.keep_keys(election.id, keys)

    def become(self, **changes: Any) -> None:
        """Change the election, and wait until every function has noticed."""
        revision = self.election.revision + 1
        self.election = self.election.model_copy(update={"revision": revision, **changes})
        self.store.announced(self.store.replace(self.election))
        self.now += timedelta(seconds=5)

    def keys(self, election: ElectionId = ELECTION) -> ElectionKeys:
        """Return the keys of an election."""
        stored = self.store.find(election)
        assert stored is not None
        return ElectionKeys.derive(election, self.secrets.open(election, stored.sealed_secret))

    def post(self, style: StyleId = NORTH, election: ElectionId = ELECTION) -> PostedCode:
        """Return a code that was posted to a voter."""
        code = new_code(self._entropy)
        self.codes.add(election, style, [hash_of(code, self.keys(election).codes)])
        return code

    def _entropy(self, size: int) -> bytes:
        self._drawn += 1
        return bytes((self._drawn * 37 + place * 11) % 200 for place in range(size))
