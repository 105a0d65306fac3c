"""Queue: publish a snapshot of the results when the count or an election's state has changed."""

import json
from functools import cache
from typing import Any

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import StateChanged
from civic.runtime import clients
from civic.runtime.consumer import handled
from civic.runtime.observability import Invocation, invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.settings import Settings
from civic.runtime.subscriptions import Subscriptions, on
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.snapshots_s3 import S3Snapshots
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.usecases.publishing import Press, publish_results


class Environment(Settings):
    """Environment of the function that publishes snapshots."""

    bus_name: str
    elections_table: str
    tallies_table: str
    results_bucket: str


def handler(event: dict[str, Any], _context: object) -> None:
    """Publish the snapshots a batch asks for: requests by the tally, or events of elections."""
    with invocation() as line:
        asked = {one for message in event["Records"] if (one := _asked(message["body"], line))}
        line.note(elections=sorted(asked))
        publish_results(press(), sorted(asked))


@cache
def press() -> Press:
    """Compose the press."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    return Press(
        elections=DynamoDbElections(dynamodb, settings.elections_table),
        tallies=DynamoDbTallies(dynamodb, settings.tallies_table),
        snapshots=S3Snapshots(clients.s3(), settings.results_bucket),
        publisher=EventBridgePublisher(clients.events(), settings.bus_name, "press"),
        clock=clients.now,
    )


def _changed(event: StateChanged, _line: Invocation) -> ElectionId:
    return event.election


SUBSCRIBES: Subscriptions[ElectionId] = (on(StateChanged, _changed),)


def _asked(body: str, line: Invocation) -> ElectionId | None:
    """Return the election that a message is about."""
    message = json.loads(body)
    # The tally asks directly, over a queue that the bus does not reach.
    if "detail-type" not in message:
        return ElectionId(message["detail"]["election"])
    return handled(body, line, SUBSCRIBES)
