"""Stream of the ballot box: log every ballot."""

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
    """Log one batch of one shard; after any error the whole batch is delivered again, safely.

    Returns:
        An empty state: what a tumbling window would carry over is in the journal.
    """
    with invocation() as line:
        records = inserted(event)
        if records:
            shard = shard_of(event, clients.dynamodb_streams())
            new = record_ballots(recorder(), shard, [arrival_of(record) for record in records])
            line.note(logged=new.logged, aside=new.aside)
            line.count("BallotsLogged", new.logged)
            if new.aside:
                line.count("BallotsSetAside", new.aside)
            oldest = min(one["dynamodb"]["ApproximateCreationDateTime"] for one in records)
            # The age of the oldest of them: how far the log lagged behind the ballot box.
            line.count("LogLagSeconds", max(0, int(clients.now().timestamp() - oldest)))
        line.note(records=len(event["Records"]))
        return {"state": {}}


@cache
def recorder() -> Recorder:
    """Compose the recorder."""
    return composition.recorder("log_writer")
