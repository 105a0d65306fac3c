"""Stream of the ballot box: put every ballot into the log."""

from functools import cache
from typing import Any

from civic.audit import composition
from civic.audit.adapters.ballots_dynamodb import arrival_of
from civic.audit.usecases.recording import Recorder, record_ballots
from civic.runtime import clients
from civic.runtime.observability import invocation
from civic.runtime.streams import inserted, shard_of

Environment = composition.RecorderSettings
"""The function's settings."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Log one batch of one shard; any error brings the whole batch again, which harms nothing.

    Returns:
        An empty state: what a tumbling window would carry over stands in the journal.
    """
    with invocation() as line:
        records = inserted(event)
        if records:
            shard = shard_of(event, clients.dynamodb_streams())
            new = record_ballots(recorder(), shard, [arrival_of(record) for record in records])
            oldest = min(one["dynamodb"]["ApproximateCreationDateTime"] for one in records)
            line.note(logged=new)
            line.count("BallotsLogged", new)
            # How old the oldest of them is: that long the log was behind the box.
            line.count("LogLagSeconds", max(0, int(clients.now().timestamp() - oldest)))
        line.note(records=len(event["Records"]))
        return {"state": {}}


@cache
def recorder() -> Recorder:
    """Compose the recorder."""
    return composition.recorder("log_writer")
