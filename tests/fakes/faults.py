"""Crashes and coincidences on demand, at the k-th call to the outside world."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast


class Crash(Exception):
    """The function died here."""


class Faults:
    """Counts the calls of all guarded ports, and crashes at some of them."""

    def __init__(self, *at: int, after: bool = False) -> None:
        """Crash at the calls of these numbers, before any effect or ``after`` the whole effect."""
        self.calls = 0
        self.at = set(at)
        self._after = after

    def strike(self) -> None:
        """Do what happens at a chosen call."""
        raise Crash

    def guard[T](self, port: T) -> T:
        """Return the port with its calls counted."""
        return cast("T", _Guarded(port, self))

    def call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Make one counted call."""
        self.calls += 1
        strikes = self.calls in self.at
        if strikes and not self._after:
            self.strike()
        result = method(*arguments, **named)
        if strikes and self._after:
            self.strike()
        return result


class Meanwhile(Faults):
    """Lets something else happen just before a call."""

    action: Callable[[], object] = staticmethod(lambda: None)

    def strike(self) -> None:
        """Do the other thing, then go on."""
        self.action()


class _Guarded:
    def __init__(self, port: object, faults: Faults) -> None:
        self._port = port
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return partial(self._faults.call, found) if callable(found) else found
