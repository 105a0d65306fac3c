"""The stream of the ballot box: its records as Lambda hands them to a function."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from civic.voting.model.ballot import CommittedBallot

type Event = dict[str, Any]


@dataclass(slots=True)
class Delivered:
    """What went wrong in one part of the simulation's delivery so far."""

    redelivered: int = 0
    crashes: int = 0
    """Invocations that crashed or failed."""


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A ballot that was added to the box.

    Attributes:
        number: Its sequence number.
        at: When it was added, in seconds since 1970 UTC.
        ballot: The ballot.
    """

    number: str
    at: float
    ballot: CommittedBallot

    def image(self) -> Event:
        """Return the record in an event, where binary values are base64."""
        ballot = self.ballot
        return {
            "eventName": "INSERT",
            "dynamodb": {
                "ApproximateCreationDateTime": self.at,
                "SequenceNumber": self.number,
                "NewImage": {
                    "nullifier": {"B": b64encode(ballot.nullifier).decode()},
                    "salt": {"B": b64encode(ballot.salt).decode()},
                    "election": {"S": ballot.election},
                    "ballot": {"S": ballot.content.decode()},
                },
            },
        }


def stream_event(shard: str, records: Sequence[StreamRecord]) -> Event:
    """Return a batch of one shard as a function with a tumbling window receives it."""
    return {"Records": [one.image() for one in records], "shardId": shard}
