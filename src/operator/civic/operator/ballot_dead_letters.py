"""Ballots that could not be counted go back into the queue while the election lasts, not later.

Somebody who could put ballots back after the closing could choose the moment, knowing the count. So
this takes an order of the election office, and both a refusal and an order are events, which appear
among the election's notices.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import ElectionChange, RedriveOrdered, RedriveRefused
from civic.operator.operations import redrive
from civic.runtime.publisher import EventBridgePublisher
from civic.stack.target import Target
from civic.voting.adapters.ballot_queue_sqs import read_body
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.errors import SealBroken
from civic.voting.model.election import Election, State

_OVER = {State.CLOSED, State.CERTIFIED}


@dataclass(slots=True)
class _Gate:
    """Lets messages through, and remembers those that came late."""

    elections: DynamoDbElections
    ordered: bool
    late: Counter[ElectionId] = field(default_factory=Counter)
    known: dict[ElectionId, Election | None] = field(default_factory=dict)

    def passes(self, body: str) -> bool:
        """Return whether a message may go back."""
        try:
            which, _ = read_body(body)
        except SealBroken:
            return False
        if which not in self.known:
            stored = self.elections.find(which)
            self.known[which] = stored.election if stored else None
        election = self.known[which]
        if election is None:
            return False
        state = election.state_at(datetime.now(UTC))
        if state in _OVER:
            self.late[which] += 1
        # A certified count is final; the processor would refuse the ballot again.
        return state not in _OVER or (self.ordered and state is State.CLOSED)


def redrive_ballots(target: Target, limit: int | None, order: str | None) -> tuple[int, int]:
    """Put ballots back into their queue.

    Args:
        target: The system.
        limit: How many at most; None for all.
        order: The order to do so after the closing, such as a file number; None for no order.

    Returns:
        How many were moved, and how many came after the closing.
    """
    elections = DynamoDbElections(target.dynamodb, target.output("ElectionsTableName"))
    gate = _Gate(elections, ordered=order is not None)
    moved = redrive(target, "Ballot", limit, gate.passes)
    events = [
        _told(election, messages, order)
        for which, messages in gate.late.items()
        if (election := gate.known[which]) is not None
    ]
    EventBridgePublisher(target.events, target.output("BusName"), "operator").publish(events)
    return moved, sum(gate.late.values())


def _told(election: Election, messages: int, order: str | None) -> ElectionChange:
    which, revision, now = election.id, election.revision, datetime.now(UTC)
    if order is None or election.state is State.CERTIFIED:
        return RedriveRefused(election=which, revision=revision, at=now, messages=messages)
    return RedriveOrdered(election=which, revision=revision, at=now, messages=messages, order=order)
