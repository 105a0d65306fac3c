"""Stream of the box: keep the tally."""

from functools import cache
from typing import Any

from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.settings import Settings
from civic.runtime.streams import inserted, shard_of
from civic.voting.adapters.ballot_box_dynamodb import arrival_of
from civic.voting.adapters.snapshots_s3 import SqsSnapshotRequests
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.usecases.tallying import Teller


class Environment(Settings):
    """Environment of the tally."""

    tallies_table: str
    snapshot_queue_url: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Count one batch of one shard; after any error the whole batch comes again, which is harmless.

    Returns:
        An empty state: what a tumbling window would carry over is in the tally itself.
    """
    with invocation() as line:
        arrivals = [arrival_of(record) for record in inserted(event)]
        # Nothing here ever changes or removes a ballot, so it must be noticed if somebody did.
        line.count("BallotsAltered", len(event["Records"]) - len(arrivals))
        new = 0
        if arrivals:
            new = teller().tally(shard_of(event, clients.dynamodb_streams()), arrivals)
        line.note(records=len(event["Records"]), counted=new)
        line.count("BallotsTallied", new)
        return {"state": {}}


@cache
def teller() -> Teller:
    """Compose the teller."""
    settings = Environment.from_environment()
    return Teller(
        DynamoDbTallies(clients.dynamodb(), settings.tallies_table),
        SqsSnapshotRequests(clients.sqs(), settings.snapshot_queue_url, clients.now),
    )
