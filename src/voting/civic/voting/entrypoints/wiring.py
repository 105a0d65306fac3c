"""Environments of the functions.

Each entry point composes its own adapters from these, on first use.
"""

from datetime import timedelta

from civic.runtime.settings import Settings


class CalendarSettings(Settings):
    """Environment of the calendar."""

    bus_name: str
    elections_table: str


class OfficeSettings(CalendarSettings):
    """Environment of the elections function."""

    voter_codes_table: str
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
