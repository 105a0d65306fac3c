"""How long the contexts keep data about a registration; all of them keep these promises."""

from datetime import timedelta

TOMBSTONE_LIFETIME = timedelta(days=400)
"""Longer than any copy of an event exists: queues keep it for 14 days, the archive for 365.

It begins when the tombstone is written, as until then what it stands against could still be made.
The tombstone of the low-security store never expires.
"""

DATED_BACK = timedelta(days=28)
"""How far an erasure may be dated back to the first request, if that was never acknowledged.

Its tombstones and its entry in the ledger have to last from then on.
"""

REQUEST_LOG_LIFETIME = timedelta(days=3 * 365)
"""For how long it can be shown that a data subject's request was answered (GDPR Art. 5(2))."""
