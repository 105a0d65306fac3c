"""The functions that count votes, with their real adapters over tables in this process.

The log and the queues are in memory.
"""

import base64
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any, override

from civic.audit.adapters.ballots_dynamodb import DynamoDbBallots as OpenedBallots
from civic.audit.errors import AuditError
from civic.audit.functions import log_writer
from civic.audit.usecases.opening import Opener
from civic.lab.memory.voting import MemorySnapshotRequests
from civic.runtime import clients
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.errors import VotingError
from civic.voting.functions import calendar, elections, processor, tally
from civic.voting.usecases.polls import Polls
from civic.voting.usecases.publishing import publish_results
from civic.voting.usecases.register import Register
from civic.voting.usecases.submission import Booth
from civic.voting.usecases.tallying import Teller
from tests.fakes.ballots import ELECTION
from tests.fakes.lambda_events import sqs_event
from tests.fakes.pipeline import RECEIVES, Adapters, Entropy
from tests.fakes.polling import Hearer, Polling
from tests.fakes.rows import Item, Rows

TABLES = {
    "ElectionsTable": "elections",
    "BallotsTable": "ballots",
    "TalliesTable": "tallies",
    "VoterCodesTable": "voter-codes",
}
"""The tables about votes, by their logical ids."""

_SHARD = "shardId-1"
WAITS = 4
"""How often everything is looked at until nothing is on its way."""
_HEARERS = {*Hearer} - {Hearer.PRESS}
"""Who hears of elections here; the press is asked each time, and nobody registers."""

type Held = list[tuple[dict[str, Any], dict[str, Any]]]
"""What stores have within, and what they had."""


class PollingInTables(Polling):
    """Elections, whose stores are tables."""

    _changing: tuple[str, ...] = ("streamed", "records", "read", "delivered", "now")

    def __init__(self) -> None:
        self.rows = Rows()
        super().__init__()
        rows: Any = self.rows
        adapters = {
            "elections": DynamoDbElections(rows, "elections"),
            "box": DynamoDbBallots(rows, "ballots"),
            "tallies": DynamoDbTallies(rows, "tallies"),
        }
        vars(self).update(adapters)
        self.codes = DynamoDbVoterCodes(rows, "voter-codes")
        register = Register(self.elections, self.bus, self._clock_of(elections))
        self.office = replace(
            self.office, register=register, codes=self.codes, tallies=self.tallies
        )
        self.diary = Register(self.elections, self.bus, self._clock_of(calendar))
        self.printing = replace(self.printing, elections=self.elections, tallies=self.tallies)
        self.streamed: dict[tuple[Any, ...], Item] = {}
        self.records: list[dict[str, Any]] = []
        self.read = dict.fromkeys((tally, log_writer), 0)
        self.delivered = 0
        self.failures: set[str] = set()
        self._renew()

    @override
    def _adapters(self) -> Adapters:
        return (
            *super()._adapters(),
            (processor, "polls", lambda: self.polls),
            (processor, "box", lambda: self.box),
            (tally, "teller", lambda: self.teller),
            (log_writer, "recorder", self.recorder),
            (clients, "dynamodb_streams", lambda: None),
        )

    @override
    def _opener(self) -> Opener:
        rows: Any = self.rows
        return replace(self.public_log.opener(()), ballots=OpenedBallots(rows, "ballots"))

    def held(self) -> Held:
        """Return what there is, to come back to it."""
        log = self.public_log
        places: tuple[Any, ...] = (log.journal, log.shelf, log.index, log.auditors, log.heads)
        places += (self.snapshots, self.backlog, self.bus)
        kept = [vars(one) for one in places]
        return [
            *((one, {name: copy(value) for name, value in one.items()}) for one in kept),
            (vars(self), {name: copy(vars(self)[name]) for name in self._changing}),
            (vars(self.rows), {"tables": self.rows.held()}),
        ]

    def back(self, held: Held) -> None:
        """Return to what there was, in new environments."""
        for place, kept in held:
            place.update({name: copy(value) for name, value in kept.items()})
        self.rows.back(self.rows.tables)
        self.log.lines.clear()
        self.failures.clear()
        self._renew()

    def follow(self) -> None:
        """Let everything be counted, logged, heard and published that is on its way."""
        for _ in range(WAITS):
            self._empty_the_queue()
            self._stream()
            self._try("results", lambda: publish_results(self.printing, [ELECTION]))
            self._hear()

    def _renew(self) -> None:
        clock = self._clock_of(processor)
        self.polls = Polls(self.elections, self.office.secrets, clock)
        self.booth = Booth(
            self.polls, self.codes, self.box, self.backlog, clock, entropy=Entropy("booth")
        )
        self.teller = Teller(self.tallies, MemorySnapshotRequests())

    def _empty_the_queue(self) -> None:
        for body in list(self.backlog.messages):
            event = sqs_event(body)
            counted = any(
                not processor.handler(event, None)["batchItemFailures"] for _ in range(RECEIVES)
            )
            if not counted:
                self.failures.add("dead ballot")
        self.backlog.messages.clear()

    def _stream(self) -> None:
        """Show the changes of the box to its readers; one that fails gets no further."""
        table = self.rows.tables["ballots"]
        for key, row in table.items():
            if row != self.streamed.get(key):
                name = "MODIFY" if key in self.streamed else "INSERT"
                self.records.append(_record(name, len(self.records) + 1, row))
        self.streamed = dict(table)
        for reader in self.read:
            while self.read[reader] < len(self.records):
                event = {"shardId": _SHARD, "Records": [self.records[self.read[reader]]]}
                if not self._try("stream", partial(reader.handler, event, None)):
                    break
                self.read[reader] += 1

    def _hear(self) -> None:
        while self.delivered < len(self.bus.events):
            event = self.bus.events[self.delivered]
            self.delivered += 1
            for hearer in self.subscriptions[type(event)]:
                if hearer not in _HEARERS:
                    continue
                if not any(self.deliver(hearer, event) for _ in range(RECEIVES)):
                    self.failures.add("dead letter")

    def _try(self, what: str, act: Callable[[], object]) -> bool:
        """Do something; keep in mind that it failed."""
        try:
            act()
        except (AuditError, VotingError, LookupError, TypeError, ValueError):
            self.failures.add(what)
            return False
        return True


def _record(name: str, number: int, row: Item) -> dict[str, Any]:
    """Return a change as the stream shows it, where bytes are base64."""
    image = {
        attribute: {"B": base64.b64encode(value["B"]).decode()} if "B" in value else value
        for attribute, value in row.items()
    }
    change = {"SequenceNumber": str(number), "NewImage": image, "ApproximateCreationDateTime": 0}
    return {"eventName": name, "dynamodb": change}
