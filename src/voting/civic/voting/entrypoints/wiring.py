"""Environments of the functions, and the adapters that several of them share.

Each entry point composes its own from these, on first use, so that none loads what another needs.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from civic.runtime import clients
from civic.runtime.settings import Settings
from civic.voting.adapters.ballot_box_dynamodb import MOST_PER_CALL
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.usecases.polls import Polls


class CalendarSettings(Settings):
    """Environment of the calendar."""

    bus_name: str
    elections_table: str


class OfficeSettings(CalendarSettings):
    """Environment of the elections function."""

    voter_codes_table: str
    tallies_table: str
    voting_key_id: str
    ballot_queue_url: str
    ballot_dlq_url: str
    settling_seconds: int

    @property
    def settling(self) -> timedelta:
        """How long after the closing the numbers of the ballot queue are believed."""
        return timedelta(seconds=self.settling_seconds)


class ElectionKeysSettings(Settings):
    """Environment of the function that keeps public keys."""

    elections_table: str


class PollSettings(Settings):
    """What opening an election for voting takes."""

    elections_table: str
    kms_key_id: str


class EnqueuerSettings(PollSettings):
    """Environment of the enqueuer."""

    ballots_table: str
    ballot_queue_url: str
    voter_codes_table: str


class ProcessorSettings(PollSettings):
    """Environment of the processor."""

    ballots_table: str
    ballots_per_call: Annotated[int, Field(ge=1, le=MOST_PER_CALL)]


class TallySettings(Settings):
    """Environment of the tally."""

    tallies_table: str
    snapshot_queue_url: str


class PressSettings(Settings):
    """Environment of the function that publishes snapshots."""

    bus_name: str
    elections_table: str
    tallies_table: str
    results_bucket: str


class ResultsSettings(Settings):
    """Environment of the results function."""

    elections_table: str
    results_bucket: str


def polls(settings: PollSettings) -> Polls:
    """Compose the cache of elections."""
    return Polls(
        DynamoDbElections(clients.dynamodb(), settings.elections_table),
        KmsElectionSecrets(clients.kms(), settings.kms_key_id),
        clients.now,
    )
