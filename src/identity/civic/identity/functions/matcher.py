"""Queue (on a schedule) or direct invocation: find registrations that may be of one person."""

from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from civic.identity.adapters.candidates_dynamodb import DynamoDbCandidates
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.shards_s3 import S3Shards
from civic.identity.adapters.sweep_progress_dynamodb import DynamoDbProgress
from civic.identity.usecases.matching import Matching, search
from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.settings import Settings

SHARDS = 128
"""So that each of fifty million people's, 3.4 million entries, is sorted in half a gigabyte."""
SLICE_PAGES = 64
"""Of a megabyte each: some 130,000 people."""
_BUDGET = timedelta(minutes=5)
"""After which no step is begun; the longest takes a minute or two."""


class Command(BaseModel):
    """What an operator may ask for; the schedule goes on where the last search ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    from_the_start: bool = False


class Environment(Settings):
    """Environment of the matcher."""

    decisions_table: str
    review_queue_table: str
    sweep_progress_table: str
    pairs_bucket: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Go on with the search for pairs; safe to repeat, also at the same time."""
    with invocation() as line:
        command = Command.model_validate({} if "Records" in event else event)
        done = search(matching(), from_the_start=command.from_the_start)
        line.count("PairsFound", done.found)
        line.count("KeysCrowded", done.crowded)
        line.count("RowsUnreadable", done.unreadable)
        # Alarms watch these metrics, so zero is written too.
        line.count("SearchesAbandoned", done.abandoned)
        line.note(registrations=done.registrations, ended=done.ended)
        return {"found": done.found, "crowded": done.crowded, "ended": done.ended}


@cache
def matching() -> Matching:
    """Compose the adapters from the environment."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    return Matching(
        candidates=DynamoDbCandidates(dynamodb, settings.decisions_table),
        shards=S3Shards(clients.s3(), settings.pairs_bucket),
        progress=DynamoDbProgress(dynamodb, settings.sweep_progress_table),
        reviews=DynamoDbReviewQueue(dynamodb, settings.review_queue_table),
        clock=clients.now,
        page_size=None,
        slice_pages=SLICE_PAGES,
        shard_count=SHARDS,
        budget=_BUDGET,
    )
