"""The real entry points, each in its own environment, composed of adapters in memory."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any
from unittest.mock import patch

from civic.lab.memory.bus import MemoryBus
from civic.lab.memory.voting import (
    MemoryBallots,
    MemoryCodes,
    MemoryElections,
    MemoryQueue,
    MemorySecrets,
    MemorySnapshotRequests,
    MemorySnapshots,
    MemoryTallies,
)
from civic.lab.simulate.crashes import Crashing
from civic.lab.simulate.dice import Dice
from civic.runtime import clients
from civic.voting.errors import StoreUnavailable
from civic.voting.functions import enqueuer, press, processor, tally
from civic.voting.usecases.polls import Polls
from civic.voting.usecases.publishing import Press
from civic.voting.usecases.submission import Booth
from civic.voting.usecases.tallying import Teller


@dataclass
class Stores:
    """Everything that outlives an environment."""

    secrets: MemorySecrets
    elections: MemoryElections = field(default_factory=MemoryElections)
    codes: MemoryCodes = field(default_factory=MemoryCodes)
    box: MemoryBallots = field(default_factory=MemoryBallots)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    tallies: MemoryTallies = field(default_factory=MemoryTallies)
    requests: MemorySnapshotRequests = field(default_factory=MemorySnapshotRequests)
    snapshots: MemorySnapshots = field(default_factory=MemorySnapshots)
    bus: MemoryBus = field(default_factory=MemoryBus)


class Composed:
    """What handlers work with, composed on first use and forgotten by ``restart``."""

    def __init__(self, dice: Dice, crash_share: float, failure: type[Exception]) -> None:
        """Let a ``crash_share`` of the adapters' calls fail, with a ``failure`` or a crash."""
        self._dice = dice
        self._share = crash_share
        self._failure = failure
        self._found: dict[str, Any] = {}

    def restart(self) -> None:
        """Start new environments, which no cached election, key, tally or tile survives."""
        self._found.clear()

    def kept(self, module: ModuleType, name: str, compose: Callable[[], Any]) -> Any:
        """Return a patch that makes an entry point use what ``compose`` makes."""

        def find() -> Any:
            key = f"{module.__name__}.{name}"
            if key not in self._found:
                self._found[key] = compose()
            return self._found[key]

        return patch.object(module, name, find)

    def unreliable(self, adapter: Any) -> Any:
        """Return the adapter, some of whose calls fail."""
        if not self._share:
            return adapter
        return Crashing(adapter, self._dice, self._share, self._failure)


class Environments(Composed):
    """The environments of the voting functions."""

    def __init__(
        self, stores: Stores, clock: Callable[[], datetime], dice: Dice, crash_share: float
    ) -> None:
        """Compose the functions on ``stores``; a ``crash_share`` of the calls to these fails."""
        super().__init__(dice, crash_share, StoreUnavailable)
        self._stores = stores
        self._clock = clock

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Make the entry points use these environments, and print no line per invocation."""
        with ExitStack() as stack:
            for module, name, compose in (
                (enqueuer, "booth", self._booth),
                (processor, "polls", self._polls),
                (processor, "box", lambda: self.unreliable(self._stores.box)),
                (tally, "teller", self._teller),
                (press, "press", self._press),
            ):
                stack.enter_context(self.kept(module, name, compose))
            # The stream events of a simulation name their shard, so nothing has to look it up.
            stack.enter_context(patch.object(clients, "dynamodb_streams", lambda: None))
            level = logging.root.manager.disable
            logging.disable(logging.INFO)
            stack.callback(logging.disable, level)
            yield

    def _polls(self) -> Polls:
        stores = self._stores
        return Polls(
            self.unreliable(stores.elections), self.unreliable(stores.secrets), self._clock
        )

    def _booth(self) -> Booth:
        stores = self._stores
        return Booth(
            polls=self._polls(),
            codes=self.unreliable(stores.codes),
            box=self.unreliable(stores.box),
            queue=self.unreliable(stores.queue),
            clock=self._clock,
            entropy=self._dice.bytes,
        )

    def _teller(self) -> Teller:
        stores = self._stores
        return Teller(self.unreliable(stores.tallies), self.unreliable(stores.requests))

    def _press(self) -> Press:
        stores = self._stores
        return Press(
            elections=self.unreliable(stores.elections),
            tallies=self.unreliable(stores.tallies),
            snapshots=self.unreliable(stores.snapshots),
            publisher=self.unreliable(stores.bus),
            clock=self._clock,
        )
