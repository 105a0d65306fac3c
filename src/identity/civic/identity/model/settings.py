"""Times that the domain's guarantees rest on."""

from datetime import timedelta

TOMBSTONE_LIFETIME = timedelta(days=400)
"""Longer than any copy of an event lives: queues keep 14 days, the event archive 365."""

WRAPPING_KEY_CACHE = timedelta(minutes=10)
"""How long an execution environment may hold an opened wrapping key."""
