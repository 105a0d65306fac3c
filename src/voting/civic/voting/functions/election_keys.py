"""Queue: keep what others say about elections: keys of credentials, and how much is logged."""

from functools import cache
from typing import Any

from civic.contracts.audit import CheckpointPublished
from civic.contracts.voting import CredentialKeysPublished
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.subscriptions import Subscriptions, on
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections


class Environment(QueueSettings):
    """Environment of the function that keeps what others say."""

    elections_table: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES, queue=own_queue)


@cache
def store() -> DynamoDbElections:
    """Compose the adapter."""
    settings = Environment.from_environment()
    return DynamoDbElections(clients.dynamodb(), settings.elections_table)


def _keep(event: CredentialKeysPublished, line: Invocation) -> None:
    store().keep_keys(event.election, {one.style: one.public_key for one in event.keys})
    line.record(election=event.election, keys=str(len(event.keys)))


def _note_logged(event: CheckpointPublished, _line: Invocation) -> None:
    for election, ballots in (event.logged or {}).items():
        store().keep_logged(election, event.size, ballots)


SUBSCRIBES: Subscriptions[None] = (
    on(CredentialKeysPublished, _keep),
    on(CheckpointPublished, _note_logged),
)
