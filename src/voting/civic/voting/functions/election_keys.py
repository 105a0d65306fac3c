"""Queue: keep the public keys of credentials that the issuer publishes."""

from functools import cache
from typing import Any

from civic.contracts.voting import CredentialKeysPublished
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.postponing import QueueSettings, own_queue
from civic.runtime.subscriptions import Subscriptions, on
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections


class Environment(QueueSettings):
    """Environment of the function that keeps public keys."""

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


SUBSCRIBES: Subscriptions[None] = (on(CredentialKeysPublished, _keep),)
