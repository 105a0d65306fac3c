"""An election office in memory: elections, their secrets, posted codes, and a clock to set."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import ElectionChange, ElectionSealed
from civic.lab.memory.bus import MemoryBus
from civic.lab.memory.voting import MemoryCodes, MemoryElections, MemorySecrets, MemoryTallies
from civic.voting.errors import BoxNotCounted
from civic.voting.model.draft import DraftElection
from civic.voting.model.election import Election
from civic.voting.model.tally import BALLOTS, Counts, ShardTally
from civic.voting.ports import BoxCount
from civic.voting.usecases import elections
from civic.voting.usecases.office import Office
from civic.voting.usecases.register import Register

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
    """Return the same as the model for the use cases."""
    return DraftElection.model_validate(draft_document(**changes))


@dataclass
class CountedBacklog:
    """A box with as many ballots as a test says."""

    count: int = 0

    def waiting(self) -> int:
        return self.count


@dataclass
class ElectionWorld:
    """An office, everything it works with, and its time."""

    now: datetime = NOW
    store: MemoryElections = field(default_factory=MemoryElections)
    bus: MemoryBus = field(default_factory=MemoryBus)
    secrets: MemorySecrets = field(default_factory=MemorySecrets)
    codes: MemoryCodes = field(default_factory=MemoryCodes)
    backlog: CountedBacklog = field(default_factory=CountedBacklog)
    tallies: MemoryTallies = field(default_factory=MemoryTallies)
    _ids: int = 0
    _tree_size: int = 0

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
        """Set the tally of a shard to this many votes for Ada in the north."""
        cells = {("north", BALLOTS, ""): ballots, ("north", "c1", "o2"): ballots}
        before = self.tallies.read(election, shard)
        revision = before.revision + 1 if before else 1
        self.tallies.write(election, shard, ShardTally("0" * 40, revision, Counts(Counter(cells))))

    def count_box(self, ballots: int) -> None:
        """Do what the counter does when it hears of the last sealing: this many are in the box."""
        sealed = self.bus.of(ElectionSealed)[-1]
        self.store.keep_box_count(sealed.election, BoxCount(sealed.revision, ballots))

    def log(self, election: ElectionId, ballots: int) -> None:
        """Have the public log say that it has this many ballots."""
        self._tree_size += 1
        self.store.keep_logged(election, self._tree_size, ballots)

    def certify(self, election: ElectionId, ballots: int, in_box: int | None = None) -> Election:
        """Certify as an office does: seal the box, have it counted, and ask again.

        The log has as many ballots as the box, which are those to be certified unless given.
        """
        boxed = ballots if in_box is None else in_box
        try:
            return elections.certify(self.office, election, ballots)
        except BoxNotCounted:
            self.count_box(boxed)
            self.log(election, boxed)
        return elections.certify(self.office, election, ballots)

    def guarded(self, **changes: Any) -> Office:
        """Return the office with some dependencies of its register replaced."""
        return replace(self.office, register=replace(self.register, **changes))

    def told(self) -> list[tuple[str, int]]:
        """Return the events on the bus, by name and revision."""
        events = [event for event in self.bus.events if isinstance(event, ElectionChange)]
        return [(event.detail_type(), event.revision) for event in events]

    def _entropy(self, size: int) -> bytes:
        self._ids += 1
        return self._ids.to_bytes(size)
