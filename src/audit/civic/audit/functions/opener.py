"""Queue: open the ballots of a certified election to the audience it chose."""

from functools import cache
from typing import Any

from civic.audit import composition
from civic.audit.adapters.ballots_dynamodb import DynamoDbBallots
from civic.audit.adapters.bucket_s3 import AUDITORS, LOG
from civic.audit.adapters.journal_s3 import S3Journal
from civic.audit.adapters.shelf_s3 import S3Shelf
from civic.audit.usecases.opening import Opener, open_ballots
from civic.contracts.voting import ElectionCertified
from civic.runtime import clients
from civic.runtime.consumer import Failures, consume
from civic.runtime.observability import Invocation, invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.subscriptions import Subscriptions, on


class Environment(composition.ReaderSettings):
    """The function's settings."""

    ballots_table: str
    bus_name: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Handle one batch of the queue."""
    with invocation() as line:
        return consume(event, line, SUBSCRIBES)


@cache
def opener() -> Opener:
    """Compose the opener."""
    settings = Environment.from_environment()
    kept = composition.bucket(settings)
    return Opener(
        ballots=DynamoDbBallots(clients.dynamodb(), settings.ballots_table),
        journal=S3Journal(kept),
        lookup=composition.lookup(kept),
        public=S3Shelf(kept, LOG),
        auditors=S3Shelf(kept, AUDITORS),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "opener"),
    )


def _open(event: ElectionCertified, line: Invocation) -> None:
    # Each opening is announced before the next one begins.
    line.record(election=event.election, opened=str(open_ballots(opener(), event)))


SUBSCRIBES: Subscriptions[None] = (on(ElectionCertified, _open),)
