"""The real entry points of the log, on a folder and adapters in memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from civic.audit.errors import StoreUnavailable
from civic.audit.functions import event_logger, log_writer, opener
from civic.audit.model.notes import verifier_key
from civic.audit.model.openings import Opening
from civic.audit.model.tiles import Published
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.opening import Opener
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.recording import Recorder
from civic.contracts.identifiers import ElectionId
from civic.lab.memory.audit import (
    FolderHeads,
    FolderShelf,
    MemoryJournal,
    MemoryLogSigner,
    MemoryShelf,
)
from civic.lab.memory.bus import MemoryBus
from civic.lab.memory.voting import MemoryBallots
from civic.lab.simulate.dice import Dice
from civic.lab.simulate.environments import Composed

ORIGIN = "civic.example/simulated"


@dataclass
class LogStores:
    """Everything in the log that outlives an environment."""

    shelf: FolderShelf
    heads: FolderHeads
    signer: MemoryLogSigner
    ballots: "BoxOpenings"
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    index: MemoryShelf = field(default_factory=MemoryShelf)
    auditors: MemoryShelf = field(default_factory=MemoryShelf)
    bus: MemoryBus = field(default_factory=MemoryBus)

    @property
    def key(self) -> str:
        """The log's key, in the form given to those who verify it."""
        return verifier_key(ORIGIN, self.signer.public_key())


class BoxOpenings:
    """The ballot box as the opener reads it."""

    def __init__(self, box: MemoryBallots) -> None:
        """Read the ballots in ``box``."""
        self._box = box

    def every(self, election: ElectionId) -> Iterator[Opening]:
        """Return the openings of the ballots of an election."""
        return (Opening(one.salt, one.content) for one in self._box.every(election))


class LogEnvironments(Composed):
    """The environments of the functions of the log."""

    def __init__(
        self, stores: LogStores, clock: Callable[[], datetime], dice: Dice, crash_share: float
    ) -> None:
        """Compose the functions on ``stores``; a ``crash_share`` of the calls to these fails."""
        super().__init__(dice, crash_share, StoreUnavailable)
        self.stores = stores
        self._clock = clock

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Make the entry points use these environments."""
        with ExitStack() as stack:
            stack.enter_context(self.kept(log_writer, "recorder", self._recorder))
            stack.enter_context(self.kept(event_logger, "recorder", self._recorder))
            stack.enter_context(self.kept(opener, "opener", self._opener))
            yield

    def _recorder(self) -> Recorder:
        stores = self.stores
        publisher = Publisher(
            origin=ORIGIN,
            journal=self.unreliable(stores.journal),
            shelf=self._shelf(),
            index=self.unreliable(stores.index),
            heads=self.unreliable(stores.heads),
            signer=self.unreliable(stores.signer),
            events=self.unreliable(stores.bus),
            clock=self._clock,
        )
        return Recorder(publisher.journal, publisher, self._lookup(), self._clock)

    def _opener(self) -> Opener:
        stores = self.stores
        return Opener(
            ballots=self.unreliable(stores.ballots),
            journal=self.unreliable(stores.journal),
            lookup=self._lookup(),
            public=self._shelf(),
            auditors=self.unreliable(stores.auditors),
            events=self.unreliable(stores.bus),
        )

    def _lookup(self) -> Lookup:
        stores = self.stores
        return Lookup(self._shelf(), self.unreliable(stores.index), self.unreliable(stores.heads))

    def _shelf(self) -> Any:
        return _OneByOne(self.unreliable(self.stores.shelf))


class _OneByOne:
    """A shelf that may fail between any two of the objects put at once."""

    def __init__(self, shelf: Any) -> None:
        self._shelf = shelf

    def put(self, objects: Iterable[Published]) -> None:
        for one in objects:
            self._shelf.put([one])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shelf, name)
