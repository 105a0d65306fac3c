"""How long traces of an erased registration live; a promise that every context keeps."""

from datetime import timedelta

TOMBSTONE_LIFETIME = timedelta(days=400)
"""Longer than any copy of an event lives: queues keep 14 days, the event archive 365."""
