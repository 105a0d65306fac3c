"""Remembering for a limited time, within one execution environment."""

from collections.abc import Callable
from datetime import datetime, timedelta

from civic.identity.ports import Clock


class ExpiringCache[K, V]:
    """Remembers what it fetched for a limited time."""

    def __init__(self, fetch: Callable[[K], V], lifetime: timedelta, clock: Clock) -> None:
        """Remember ``fetch``'s answers for ``lifetime``; zero remembers nothing."""
        self._fetch = fetch
        self._lifetime = lifetime
        self._clock = clock
        self._kept: dict[K, tuple[datetime, V]] = {}

    def get(self, key: K) -> V:
        """Return a value no older than the lifetime; what has expired is dropped first."""
        now = self._clock()
        self._kept = {
            name: kept for name, kept in self._kept.items() if now - kept[0] < self._lifetime
        }
        if key not in self._kept:
            value = self._fetch(key)
            if not self._lifetime:
                return value
            self._kept[key] = (now, value)
        return self._kept[key][1]
