"""Queue: keep the issuer's roll of voters and its keys for elections, of which it opens none.

It opens the keys of marks, to mark the places of those who leave.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from civic.contracts.events import DecisionDeleted, DecisionsMade, Event, RestrictionChanged
from civic.contracts.voting import ElectionEnded, ElectionPublished, RollDeleted
from civic.identity.adapters.election_calendar_dynamodb import DynamoDbElectionCalendar
from civic.identity.adapters.issued_marks_dynamodb import DynamoDbIssuedMarks
from civic.identity.adapters.issuer_keys_kms import IssuerKeyTable, KmsIssuerKeyRing
from civic.identity.adapters.issuer_roll_dynamodb import DynamoDbIssuerRoll
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.mark_keys_kms import KmsMarkKeyRing, KmsMarkKeys, MarkKeyTable
from civic.identity.adapters.people_dynamodb import DynamoDbPeople
from civic.identity.model.settings import CREDENTIAL_KEY_CACHE
from civic.identity.usecases.roll import (
    RollKeeping,
    end_election,
    note_decisions,
    note_restriction,
    prepare_election,
    take_off,
)
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.subscriptions import Subscriptions, on


class Environment(QueueSettings):
    """Environment of the roll, which announces what it does."""

    issuer_roll_table: str
    issuer_elections_table: str
    issuer_keys_table: str
    issued_marks_table: str
    mark_keys_table: str
    decisions_table: str
    credential_key_id: str
    bus_name: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the roll's queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES, _announce, own_queue)


@cache
def keeping() -> RollKeeping:
    """Compose the adapters from the environment."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    keys = IssuerKeyTable(
        dynamodb, settings.issuer_keys_table, clients.kms(), settings.credential_key_id
    )
    mark_keys = MarkKeyTable(
        dynamodb, settings.mark_keys_table, clients.kms(), settings.credential_key_id
    )
    return RollKeeping(
        roll=DynamoDbIssuerRoll(RevisionedTable(dynamodb, settings.issuer_roll_table)),
        calendar=DynamoDbElectionCalendar(dynamodb, settings.issuer_elections_table),
        keys=KmsIssuerKeyRing(keys),
        clock=clients.now,
        people=DynamoDbPeople(dynamodb, settings.decisions_table),
        marks=DynamoDbIssuedMarks(dynamodb, settings.issued_marks_table),
        mark_keys=KmsMarkKeys(mark_keys, CREDENTIAL_KEY_CACHE, clients.now),
        mark_ring=KmsMarkKeyRing(mark_keys),
    )


@cache
def publisher() -> EventBridgePublisher:
    """Compose the event publisher."""
    return EventBridgePublisher(clients.events(), _settings().bus_name, "credential_roll")


def _decided(event: DecisionsMade, line: Invocation) -> None:
    note_decisions(keeping(), event.results)
    for made in event.results:
        line.record(id=made.id, trace=made.traceparent, outcome="noted")


def _restricted(event: RestrictionChanged, line: Invocation) -> None:
    note_restriction(keeping(), event.id, event.sequence)
    line.record(id=event.id, trace=event.traceparent, outcome="restriction noted")


def _forget(event: DecisionDeleted, line: Invocation) -> Sequence[Event]:
    forgotten = tuple(take_off(keeping(), item) for item in event.ended)
    for item in forgotten:
        line.record(id=item.id, trace=item.traceparent, outcome="forgotten")
    return [RollDeleted(items=forgotten)] if forgotten else []


def _published(event: ElectionPublished, line: Invocation) -> Sequence[Event]:
    published = prepare_election(keeping(), event)
    line.record(election=event.election, outcome="published")
    return published


def _ended(event: ElectionEnded, line: Invocation) -> None:
    end_election(keeping(), event.election)
    line.record(election=event.election, outcome="ended")


SUBSCRIBES: Subscriptions[Sequence[Event]] = (
    on(DecisionsMade, _decided),
    on(RestrictionChanged, _restricted),
    on(DecisionDeleted, _forget),
    on(ElectionPublished, _published),
    on(ElectionEnded, _ended),
)


def _announce(results: list[Sequence[Event]]) -> None:
    publisher().publish([event for events in results for event in events])


@cache
def _settings() -> Environment:
    return Environment.from_environment()
