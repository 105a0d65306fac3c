"""Queue: count what is in a sealed ballot box.

The queue delivers a sealing only when no processor can still have ballots that it opened before.
"""

from functools import cache
from typing import Any

from civic.contracts.voting import ElectionSealed
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.settings import Settings
from civic.runtime.subscriptions import Subscriptions, on
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.usecases.box_count import Counter, count_box


class Environment(Settings):
    """Environment of the function that counts sealed boxes."""

    ballots_table: str
    elections_table: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES)


@cache
def counter() -> Counter:
    """Compose the adapters."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    return Counter(
        DynamoDbBallots(dynamodb, settings.ballots_table),
        DynamoDbElections(dynamodb, settings.elections_table),
    )


def _count(event: ElectionSealed, line: Invocation) -> None:
    ballots = count_box(counter(), event.election, event.revision)
    line.record(election=event.election, ballots=str(ballots))
    line.count("BoxesCounted")


SUBSCRIBES: Subscriptions[None] = (on(ElectionSealed, _count),)
