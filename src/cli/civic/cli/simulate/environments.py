"""The real entry points, each in an environment of its own, composed of adapters in memory."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest.mock import patch

from civic.cli.simulate.crashes import Crashing
from civic.cli.simulate.dice import Dice
from civic.cli.simulate.memory import (
    MemoryBallots,
    MemoryBus,
    MemoryCodes,
    MemoryElections,
    MemoryQueue,
    MemorySecrets,
    MemorySnapshotRequests,
    MemorySnapshots,
    MemoryTallies,
)
from civic.runtime import clients
from civic.voting.entrypoints import enqueuer, press, processor, tally
from civic.voting.usecases.casting import Booth
from civic.voting.usecases.polls import Polls
from civic.voting.usecases.publishing import Press
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


class Environments:
    """Composes what the handlers work with; ``restart`` forgets all that they remembered."""

    def __init__(
        self, stores: Stores, clock: Callable[[], datetime], dice: Dice, crash_share: float
    ) -> None:
        """Compose on ``stores``, of whose calls a ``crash_share`` fails."""
        self._stores = stores
        self._clock = clock
        self._dice = dice
        self._share = crash_share
        self._composed: dict[str, Any] = {}

    def restart(self) -> None:
        """Begin new environments: no cached election, key or tally survives."""
        self._composed.clear()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have the entry points find these environments, and print no line per invocation."""
        with ExitStack() as stack:
            for module, name, compose in (
                (enqueuer, "booth", self._booth),
                (processor, "polls", self._polls),
                (processor, "box", lambda: self._unreliable(self._stores.box)),
                (tally, "teller", self._teller),
                (press, "press", self._press),
            ):
                found = self._kept(f"{module.__name__}.{name}", compose)
                stack.enter_context(patch.object(module, name, found))
            # The stream events of a simulation name their shard: nobody is asked for it.
            stack.enter_context(patch.object(clients, "dynamodb_streams", lambda: None))
            level = logging.root.manager.disable
            logging.disable(logging.INFO)
            stack.callback(logging.disable, level)
            yield

    def _kept(self, name: str, compose: Callable[[], Any]) -> Callable[[], Any]:
        def find() -> Any:
            if name not in self._composed:
                self._composed[name] = compose()
            return self._composed[name]

        return find

    def _unreliable(self, adapter: Any) -> Any:
        return Crashing(adapter, self._dice, self._share) if self._share else adapter

    def _polls(self) -> Polls:
        stores = self._stores
        return Polls(
            self._unreliable(stores.elections), self._unreliable(stores.secrets), self._clock
        )

    def _booth(self) -> Booth:
        stores = self._stores
        return Booth(
            polls=self._polls(),
            codes=self._unreliable(stores.codes),
            box=self._unreliable(stores.box),
            queue=self._unreliable(stores.queue),
            clock=self._clock,
            entropy=self._dice.bytes,
        )

    def _teller(self) -> Teller:
        stores = self._stores
        return Teller(self._unreliable(stores.tallies), self._unreliable(stores.requests))

    def _press(self) -> Press:
        stores = self._stores
        return Press(
            elections=self._unreliable(stores.elections),
            tallies=self._unreliable(stores.tallies),
            snapshots=self._unreliable(stores.snapshots),
            publisher=self._unreliable(stores.bus),
            clock=self._clock,
        )
