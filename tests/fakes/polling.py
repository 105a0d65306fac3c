"""The registration pipeline and what runs elections beside it, on in-memory stores.

What hears of elections: the roll, the keys that voting keeps, the press, the counter of sealed
boxes, the public log and the opener, each with its real handler. The office acts by its use cases,
and ballots go into the box, the tally and the log directly.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from types import ModuleType
from typing import Any, override

from civic.audit.functions import event_logger, opener
from civic.audit.model.journal import Arrival, Batch
from civic.audit.model.openings import Opening
from civic.audit.usecases.opening import Opener
from civic.audit.usecases.recording import Recorder, record_ballots
from civic.contracts.events import Event
from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.contracts.log_entries import ballot_entry, commitment
from civic.contracts.registry import EVENTS
from civic.lab.memory.audit import MemoryJournal
from civic.lab.memory.voting import (
    MemoryBallots,
    MemoryCodes,
    MemoryElections,
    MemoryQueue,
    MemorySecrets,
    MemorySnapshots,
    MemoryTallies,
)
from civic.lab.schemas.declared import subscribed
from civic.voting.errors import BallotsWaiting, BoxNotCounted
from civic.voting.functions import calendar, counter, election_keys, elections, press
from civic.voting.model.ballot import Ballot, CommittedBallot
from civic.voting.model.election import Election
from civic.voting.model.tally import ShardTally, counted
from civic.voting.usecases.box_count import Counter
from civic.voting.usecases.elections import COUNTED_WITHIN, certify
from civic.voting.usecases.office import Office
from civic.voting.usecases.publishing import Press, publish_results
from civic.voting.usecases.register import Register, keep_calendar
from tests.fakes.faults import Faults
from tests.fakes.log import Log
from tests.fakes.pipeline import HANDLERS, SUBSCRIPTIONS, Adapters, Entropy, Pipeline

SETTLING = timedelta(minutes=2)
_SHARD = "shard"


class Hearer(StrEnum):
    """A function beside the registration pipeline that hears of elections."""

    ELECTION_KEYS = "election_keys"
    PRESS = "press"
    COUNTER = "counter"
    EVENT_LOGGER = "event_logger"
    OPENER = "opener"


_MODULES: dict[Hearer, ModuleType] = {
    Hearer.ELECTION_KEYS: election_keys,
    Hearer.PRESS: press,
    Hearer.COUNTER: counter,
    # In a good order: the opener looks a certification up in the log.
    Hearer.EVENT_LOGGER: event_logger,
    Hearer.OPENER: opener,
}


def _whole_batch(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Run the press, which reports no partial failure: a batch comes back if anything fails."""
    back: list[dict[str, str]] = []
    try:
        press.handler(event, context)
    except Exception:  # noqa: BLE001 - as Lambda does
        back = [{"itemIdentifier": one["messageId"]} for one in event["Records"]]
    return {"batchItemFailures": back}


class Journal(MemoryJournal):
    """The batches of the log, and what is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, None] = {}

    @override
    def append(self, batch: Batch) -> None:
        super().append(batch)
        self.entries |= dict.fromkeys(entry.decode() for entry in batch.entries)


class Elections(MemoryElections):
    """The elections, and how many ballots of each are said to be in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.logged: dict[ElectionId, int] = {}

    @override
    def keep_logged(self, election: ElectionId, tree_size: int, ballots: int) -> None:
        super().keep_logged(election, tree_size, ballots)
        self.logged[election] = self._logged[election][1]


class Snapshots(MemorySnapshots):
    """The published results, and what they say whatever their version."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[ElectionId, dict[str, Any]] = {}

    @override
    def put(self, election: ElectionId, document: bytes) -> None:
        super().put(election, document)
        self.said[election] = json.loads(document) | {"version": None}


class Polling(Pipeline):
    """A pipeline with elections."""

    handlers = HANDLERS | {
        name: _whole_batch if name is Hearer.PRESS else module.handler
        for name, module in _MODULES.items()
    }
    subscriptions: Mapping[type[Event], Sequence[StrEnum]] = {
        event: (
            *SUBSCRIPTIONS[event],
            *(name for name, module in _MODULES.items() if event in subscribed(module)),
        )
        for event in EVENTS.values()
    }

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__(faults)
        self.elections, self.box = Elections(), MemoryBallots()
        self.tallies, self.backlog = MemoryTallies(), MemoryQueue()
        self.snapshots = Snapshots()
        self.public_log = Log(journal=Journal(), bus=self.bus)
        self.office = Office(
            register=Register(self.elections, self.bus, self._clock_of(elections)),
            secrets=MemorySecrets(),
            codes=MemoryCodes(),
            backlog=self.backlog,
            tallies=self.tallies,
            entropy=Entropy("office"),
            settling=SETTLING,
        )
        self.diary = Register(self.elections, self.bus, self._clock_of(calendar))
        self.printing = Press(
            self.elections, self.tallies, self.snapshots, self.bus, self._clock_of(press)
        )

    @override
    def _adapters(self) -> Adapters:
        return (
            *super()._adapters(),
            (election_keys, "store", lambda: self.elections),
            (election_keys, "own_queue", lambda: self.queue),
            (press, "press", lambda: self.printing),
            (counter, "counter", lambda: Counter(self.box, self.elections)),
            (event_logger, "recorder", self.recorder),
            (opener, "opener", self._opener),
        )

    def recorder(self) -> Recorder:
        """Return a writer of the log in its own environment."""
        return self.public_log.recorder()

    def keep_calendar(self) -> None:
        """Open and close what is due, as happens every minute."""
        keep_calendar(self.diary)

    def cast(self, election: ElectionId, style: StyleId, choice: str) -> None:
        """Put one more ballot into the box; both readers of its stream follow at once."""
        number = len(self.box) + 1
        content = Ballot(election, style, {"c1": (choice,)}, {}).canonical()
        salt = sha256(f"salt {number}".encode()).digest()
        self.box.cast([CommittedBallot(Nullifier(number.to_bytes(32)), salt, election, content)])
        before = self.tallies.read(election, _SHARD)
        counts = counted([Ballot.parse(content)])
        revision = 1
        if before is not None:
            counts += before.counts
            revision = before.revision + 1
        self.tallies.write(election, _SHARD, ShardTally(f"{number:040}", revision, counts))
        entry = ballot_entry(election, commitment(salt, content))
        record_ballots(self.recorder(), _SHARD, [Arrival(f"{number:040}", entry)])
        publish_results(self.printing, [election])

    def certify(self, election: ElectionId) -> Election | None:
        """Ask for the certification of what is in the box; None if it is still being counted."""
        with suppress(BallotsWaiting, BoxNotCounted):
            return certify(self.office, election, self.box.count(election))
        return None

    def give_up_waiting(self) -> None:
        """Let the time pass that an office waits for a box to be counted."""
        self.now += COUNTED_WITHIN

    def _opener(self) -> Opener:
        return replace(self.public_log.opener(()), ballots=_Ballots(self.box))


@dataclass(frozen=True)
class _Ballots:
    """The box as the opener reads it."""

    box: MemoryBallots

    def every(self, election: ElectionId) -> Iterator[Opening]:
        for ballot in self.box.every(election):
            yield Opening(ballot.salt, ballot.content)
