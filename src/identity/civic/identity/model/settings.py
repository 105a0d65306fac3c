"""Durations that the domain's guarantees depend on."""

from datetime import timedelta

WRAPPING_KEY_CACHE = timedelta(minutes=10)
"""How long an execution environment may hold an opened wrapping key."""

CREDENTIAL_KEY_CACHE = timedelta(minutes=10)
"""How long an execution environment may hold an opened key of an election."""
