"""The events of the audit domain. The rules for changes are those of `civic.contracts.events`."""

from typing import Literal

from pydantic import AwareDatetime, Field

from civic.contracts.events import Digest, Event, PublicRecord
from civic.contracts.voting import Count, ElectionIdField


class CheckpointPublished(Event):
    """The public log has a new signed tree head, at ``checkpoints/<size>``."""

    SOURCES = ("log_writer", "event_logger")
    origin: str = Field(description="The log's name, first line of its checkpoints")
    size: int = Field(ge=1, description="Entries of the log")
    root: Digest = Field(description="Root of its Merkle tree (RFC 6962 section 2.1)")
    at: AwareDatetime
    logged: dict[ElectionIdField, Count] | None = Field(
        default=None,
        description="How many ballots of each election that is not certified it has",
    )


class OpeningsPublished(PublicRecord):
    """The openings of an election's ballots are available to an audience."""

    SOURCES = ("opener",)
    election: ElectionIdField
    audience: Literal["public", "auditors", "sample"]
    ballots: int = Field(ge=0, description="How many ballots are opened")
    index: Digest = Field(description="SHA-256 of openings/<election>/index.json")
