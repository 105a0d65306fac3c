"""Queue (by schedule) or direct invocation (by ``civic release``): publish aggregates."""

import secrets
from functools import cache
from typing import Any

from civic.analytics.aggregates import suppress_small_cells
from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.analytics.release_archive_s3 import S3Releases
from civic.analytics.releasing import Releasing, release
from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.settings import Settings


class Environment(Settings):
    """Environment of the release function."""

    bus_name: str
    joins_table: str
    release_bucket: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Publish one release; a redelivered message replaces its own files."""
    with invocation() as line:
        messages = event.get("Records")
        release_id = messages[0]["messageId"] if messages else secrets.token_hex(8)
        released = release(releasing(), release_id)
        line.note(release=release_id, cells=released.cells, suppressed=released.suppressed_cells)
        line.count("Released")
        return released.model_dump(mode="json")


@cache
def releasing() -> Releasing:
    """Compose the release from the environment."""
    settings = Environment.from_environment()
    return Releasing(
        joins=DynamoDbJoins(clients.dynamodb(), settings.joins_table),
        protection=suppress_small_cells,
        archive=S3Releases(clients.s3(), settings.release_bucket),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "analytics_release"),
        clock=clients.now,
    )
