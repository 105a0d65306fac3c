"""A stream of ballots whose shards split and merge, and two environments that receive its parts.

Any call they make may be their last, be refused or go unanswered, or the other environment, given
up for dead, may finish its work just before it. Only what the stream promises is assumed: within a
shard no range begins after a record that was not acknowledged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st

from civic.contracts.identifiers import ElectionId
from civic.lab.memory.voting import MemorySnapshotRequests, MemoryTallies
from civic.voting.errors import StoreUnavailable, TallyMoved
from civic.voting.model.tally import Arrival, ShardTally, counted
from civic.voting.usecases.tallying import Teller, total
from tests.fakes.ballots import ELECTION, OTHER, ballot
from tests.fakes.faults import Crash, Faults, How

ELECTIONS = (ELECTION, OTHER)
NEAR_A_LONGER_NUMBER = 95
"""Where sequence numbers begin, so that they soon sort differently as text."""


@dataclass(frozen=True)
class Arrives:
    """A ballot is added to one of the open shards."""

    shard: int
    candidate: str
    election: ElectionId


@dataclass(frozen=True)
class Reshard:
    """An open shard splits in two, or two of them merge."""

    shard: int
    split: bool


@dataclass(frozen=True)
class Deliver:
    """An environment is handed a range of a shard.

    Attributes:
        shard: Which shard, open or closed.
        back: How many acknowledged records are repeated before the rest.
        length: The most records.
        environment: Which environment gets them.
        at: At which of its calls something happens.
        trouble: What goes wrong there, or what the other environment is handed meanwhile.
        acknowledged: False if the stream has given up the invocation and ignores its success.
    """

    shard: int
    back: int
    length: int
    environment: int
    at: int
    trouble: "How | Deliver | None"
    acknowledged: bool


type Step = Arrives | Reshard | Deliver

_small = st.integers(0, 3)


def _deliveries(trouble: "st.SearchStrategy[How | Deliver | None]") -> st.SearchStrategy[Deliver]:
    return st.builds(
        Deliver,
        _small,
        _small,
        st.integers(1, 6),
        st.integers(0, 1),
        _small,
        trouble,
        st.booleans(),
    )


_plain = _deliveries(st.sampled_from([None, *How]))
steps = st.lists(
    st.one_of(
        st.builds(Arrives, _small, st.sampled_from(["o1", "o2"]), st.sampled_from(ELECTIONS)),
        st.builds(Reshard, _small, st.booleans()),
        _plain,
        _deliveries(_plain),
    ),
    max_size=25,
)


@dataclass
class Shard:
    """A shard of the stream."""

    name: str
    records: list[Arrival] = field(default_factory=list)
    acknowledged: int = 0


class Trouble(Faults):
    """What happens at one of an environment's next calls."""

    meanwhile: Callable[[], None] | None = None

    def strike(self) -> How | None:
        if self.meanwhile is not None:
            self.meanwhile()
            return None
        return super().strike()

    def prepare(self, at: int, how: How | None, meanwhile: Callable[[], None] | None) -> None:
        self.calls, self.at, self.meanwhile = 0, {at}, meanwhile
        if how is not None:
            self._how = how
        elif meanwhile is None:
            self.at = set()


class Requests(MemorySnapshotRequests):
    """Records which version of the tally a snapshot would have had."""

    def __init__(self, store: MemoryTallies) -> None:
        super().__init__()
        self.store = store
        self.shown: dict[ElectionId, int] = {}

    def ask(self, election: ElectionId) -> None:
        self.shown[election] = total(self.store, election)[1]


class Stream:
    """The box's stream and the functions behind it."""

    def __init__(self, store: MemoryTallies, name_of: Callable[[Shard], str]) -> None:
        self.store = store
        self.name_of = name_of
        self.requests = Requests(store)
        self.open = [Shard("shard-0")]
        self.shards = list(self.open)
        self.numbers = count(NEAR_A_LONGER_NUMBER)
        self.troubles = [Trouble(), Trouble()]
        self.tellers = [self.environment(0), self.environment(1)]

    def environment(self, number: int) -> Teller:
        """Return a new execution environment, which remembers nothing."""
        guard = self.troubles[number].guard
        store, requests = (guard(one, StoreUnavailable) for one in (self.store, self.requests))
        return Teller(store, requests)  # type: ignore[arg-type]

    def take(self, step: Step) -> None:
        match step:
            case Arrives(shard, candidate, election):
                arrival = Arrival(str(next(self.numbers)), ballot(candidate, election=election))
                self.open[shard % len(self.open)].records.append(arrival)
            case Reshard(shard, split):
                self.reshard(shard % len(self.open), split=split)
            case Deliver():
                self.deliver(step)

    def reshard(self, place: int, *, split: bool) -> None:
        """Close one open shard for two children, or two for one."""
        children = [Shard(f"shard-{len(self.shards) + n}") for n in range(2 if split else 1)]
        end = place + (1 if split else 2)
        self.open = [*self.open[:place], *children, *self.open[end:]]
        self.shards += children

    def deliver(self, step: Deliver) -> None:
        shard = self.shards[step.shard % len(self.shards)]
        start = max(0, shard.acknowledged - step.back)
        batch = shard.records[start : start + step.length]
        if not batch:
            return
        other = step.trouble
        meanwhile = (lambda: self.deliver(other)) if isinstance(other, Deliver) else None
        how = other if isinstance(other, How) else None
        # A busy environment gets no other batch.
        number = step.environment
        if isinstance(other, Deliver):
            number = 1 - other.environment
        self.troubles[number].prepare(step.at + 1, how, meanwhile)
        try:
            self.tellers[number].tally(self.name_of(shard), batch)
        except (StoreUnavailable, TallyMoved):
            return
        except Crash:
            self.tellers[number] = self.environment(number)
            return
        if step.acknowledged:
            shard.acknowledged = max(shard.acknowledged, start + len(batch))

    def finish(self) -> None:
        """Deliver the rest, as the stream does until it is acknowledged."""
        for number, shard in enumerate(self.shards):
            for environment in (1, 0):
                self.deliver(Deliver(number, 0, 3, environment, 0, None, acknowledged=True))
            self.deliver(Deliver(number, 2, 1000, 0, 0, None, acknowledged=True))
            assert shard.acknowledged == len(shard.records)

    def reconciles(self) -> bool:
        """Return whether exactly what has arrived is counted."""
        for election in ELECTIONS:
            arrived = [
                record.ballot
                for shard in self.shards
                for record in shard.records
                if record.ballot.election == election
            ]
            counts, version = total(self.store, election)
            if (counts.ballots, counts.dump()) != (len(arrived), counted(arrived).dump()):
                return False
            if self.requests.shown.get(election, 0) != version:
                return False
        return True

    def is_a_prefix(self) -> bool:
        """Return whether each tally is that of its shard's records up to its sequence number."""
        return all(
            tally.counts == counted(one.ballot for one in _until(shard, tally, election))
            for shard in self.shards
            for election in ELECTIONS
            if (tally := self.store.read(election, shard.name)) is not None
        )


def _until(shard: Shard, tally: ShardTally, election: ElectionId) -> list[Arrival]:
    return [
        record
        for record in shard.records
        if record.ballot.election == election and int(record.number) <= int(tally.last)
    ]


def run(
    taken: Sequence[Step],
    store: type[MemoryTallies] = MemoryTallies,
    name_of: Callable[[Shard], str] = lambda shard: shard.name,
) -> Stream:
    """Take the steps, and then deliver everything."""
    stream = Stream(store(), name_of)
    for step in taken:
        stream.take(step)
    stream.finish()
    return stream
