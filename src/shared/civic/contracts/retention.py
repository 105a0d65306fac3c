"""How long what the contexts keep about a registration lives; promises that all of them keep."""

from datetime import timedelta

TOMBSTONE_LIFETIME = timedelta(days=400)
"""Longer than any copy of an event lives: queues keep 14 days, the event archive 365."""

REQUEST_LOG_LIFETIME = timedelta(days=3 * 365)
"""How long it can be shown that a data subject's request was answered (GDPR Art. 5(2))."""
