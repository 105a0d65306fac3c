"""An election office in memory: the elections, their secrets, posted codes, and a clock to turn."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import ElectionChange, ElectionDeleted
from civic.lab.simulate.memory import MemoryTallies
from civic.voting.errors import CodeTaken, ElectionMoved, SealBroken
from civic.voting.model.draft import DraftElection
from civic.voting.model.election import Election
from civic.voting.model.tally import BALLOTS, Counts, ShardTally
from civic.voting.ports import Announcement, PollBook
from civic.voting.usecases.office import Office
from civic.voting.usecases.register import Register
from tests.fakes.bus import RecordingBus

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
OPENS = NOW + timedelta(days=1)
CLOSES = OPENS + timedelta(hours=10)
SETTLING = timedelta(minutes=2)


def draft_document(**changes: Any) -> dict[str, Any]:
    """Return a complete election as an office sends it, with some fields changed."""
    document: dict[str, Any] = {
        "title": "Council",
        "time_zone": "Europe/Berlin",
        "opens_at": OPENS.isoformat(),
        "closes_at": CLOSES.isoformat(),
        "contests": [
            {"title": "Mayor", "options": [{"text": "Ada"}, {"text": "Grace"}]},
            {"title": "Bridge?", "options": [{"text": "Yes"}, {"text": "No"}]},
        ],
        "styles": [
            {"id": "north", "name": "North", "areas": ["N1", "N2"]},
            {"id": "south", "name": "South", "areas": ["S1"], "contests": [{"contest": "Mayor"}]},
        ],
    }
    return document | changes


def draft(**changes: Any) -> DraftElection:
    """Return the same as the model that the use cases take."""
    return DraftElection.model_validate(draft_document(**changes))


class InMemoryElections:
    """The elections."""

    def __init__(self) -> None:
        self._definitions: dict[ElectionId, Election] = {}
        self._unannounced: dict[ElectionId, Announcement] = {}
        self._revisions: dict[ElectionId, int] = {}
        self._secrets: dict[ElectionId, bytes] = {}
        self._keys: dict[ElectionId, dict[StyleId, bytes]] = {}

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

    def find(self, election: ElectionId) -> PollBook | None:
        if election not in self._definitions:
            return None
        return PollBook(
            self._definitions[election],
            dict(self._keys.get(election, {})),
            self._secrets[election],
            self._unannounced.get(election),
        )

    def every(self) -> Iterable[Election]:
        return list(self._definitions.values())

    def _require(self, election: Election) -> None:
        stored = self._definitions.get(election.id)
        if stored is None or stored.revision != election.revision - 1:
            raise ElectionMoved

    def _write(self, election: Election, events: tuple[ElectionChange, ...]) -> Announcement:
        announcement = Announcement(election.id, election.revision, events)
        self._definitions[election.id] = election
        self._revisions[election.id] = election.revision
        self._unannounced[election.id] = announcement
        return announcement


class InMemorySecrets:
    """Secrets of elections; sealed, they show the election they are for."""

    def __init__(self) -> None:
        self._secrets: dict[bytes, bytes] = {}

    def make(self, election: ElectionId) -> bytes:
        secret = len(self._secrets).to_bytes(32)
        sealed = election.encode() + b"|" + secret
        self._secrets[sealed] = secret
        return sealed

    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        if not sealed.startswith(election.encode() + b"|") or sealed not in self._secrets:
            raise SealBroken
        return self._secrets[sealed]


class InMemoryCodes:
    """Hashes of posted codes."""

    def __init__(self) -> None:
        self.codes: dict[bytes, tuple[ElectionId, StyleId]] = {}

    def find(self, hashed: bytes) -> tuple[ElectionId, StyleId] | None:
        return self.codes.get(hashed)

    def add(self, election: ElectionId, style: StyleId, hashes: Iterable[bytes]) -> None:
        for code in hashes:
            if self.codes.setdefault(code, (election, style)) != (election, style):
                raise CodeTaken


@dataclass
class CountedBacklog:
    """As many ballots as a test says."""

    count: int = 0

    def waiting(self) -> int:
        return self.count


@dataclass
class ElectionWorld:
    """An office, everything it works with, and the time."""

    now: datetime = NOW
    store: InMemoryElections = field(default_factory=InMemoryElections)
    bus: RecordingBus = field(default_factory=RecordingBus)
    secrets: InMemorySecrets = field(default_factory=InMemorySecrets)
    codes: InMemoryCodes = field(default_factory=InMemoryCodes)
    backlog: CountedBacklog = field(default_factory=CountedBacklog)
    tallies: MemoryTallies = field(default_factory=MemoryTallies)
    _ids: int = 0

    def __post_init__(self) -> None:
        self.register = Register(self.store, self.bus, lambda: self.now)
        self.office = Office(
            register=self.register,
            secrets=self.secrets,
            codes=self.codes,
            backlog=self.backlog,
            tallies=self.tallies,
            entropy=self._entropy,
            settling=SETTLING,
        )

    def count(self, election: ElectionId, ballots: int, shard: str = "shard") -> None:
        """Let the tally of a shard say that so many in the north voted for Ada."""
        cells = {("north", BALLOTS, ""): ballots, ("north", "c1", "o2"): ballots}
        before = self.tallies.read(election, shard)
        revision = before.revision + 1 if before else 1
        self.tallies.write(election, shard, ShardTally("0" * 40, revision, Counts(Counter(cells))))

    def guarded(self, **changes: Any) -> Office:
        """Return the office with some of what its register works with replaced."""
        return replace(self.office, register=replace(self.register, **changes))

    def told(self) -> list[tuple[str, int]]:
        """Return what the bus has heard: names of events and revisions."""
        events = [event for event in self.bus.events if isinstance(event, ElectionChange)]
        return [(event.detail_type(), event.revision) for event in events]

    def _entropy(self, size: int) -> bytes:
        self._ids += 1
        return self._ids.to_bytes(size)
