"""Environments of the functions.

Each entry point composes its own adapters from these, on first use, so that none loads what
another needs.
"""

from civic.runtime.settings import Settings


class CollectorSettings(Settings):
    """Environment of the collector."""

    bus_name: str
    joins_table: str


class ReleaseSettings(Settings):
    """Environment of the release function."""

    bus_name: str
    joins_table: str
    release_bucket: str
