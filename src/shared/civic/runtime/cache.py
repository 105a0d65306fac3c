"""A cache with a limited lifetime, within one execution environment."""

from collections.abc import Callable
from datetime import datetime, timedelta

from civic.contracts.ports import Clock


class ExpiringCache[K, V]:
    """Answers from memory for a while, so that what is often asked for is fetched once."""

    def __init__(self, fetch: Callable[[K], V], lifetime: timedelta, clock: Clock) -> None:
        """Remember ``fetch``'s answers for ``lifetime``; zero remembers nothing."""
        self._fetch = fetch
        self._lifetime = lifetime
        self._clock = clock
        self._kept: dict[K, tuple[datetime, V]] = {}

    def get(self, key: K) -> V:
        """Return a value no older than the lifetime.

        Expired values are dropped first: they may be secrets, and keys that come from outside
        must not pile up.
        """
        now = self._clock()
        self._kept = {
            name: kept for name, kept in self._kept.items() if now - kept[0] < self._lifetime
        }
        if key in self._kept:
            return self._kept[key][1]
        value = self._fetch(key)
        if self._lifetime:
            self._kept[key] = now, value
        return value
