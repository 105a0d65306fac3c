"""Crashes and coincidences on demand, at the k-th call to the outside world."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, cast

from civic.identity.errors import StoreUnavailable


class Crash(BaseException):
    """The function crashed here; like the end of a process, this cannot be handled as an error."""


class How(StrEnum):
    """What goes wrong at a call."""

    DIED_BEFORE = "died before"
    DIED_AFTER = "died after"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """The call had its effect, but the answer was lost."""


class Guard(Protocol):
    """Returns a port whose calls are counted, and raise ``unavailable`` if refused."""

    def __call__[T](self, port: T, unavailable: type[Exception] = StoreUnavailable) -> T:
        """Guard a port."""
        ...


class Faults:
    """Counts the calls of all guarded ports, and makes some of them go wrong."""

    def __init__(self, *at: int, after: bool = False, how: How | None = None) -> None:
        """Cause this at the calls with these numbers, counted from 1.

        By default the function crashes, before any effect of the call or ``after`` all of it.
        """
        self.calls = 0
        self.names: list[str] = []
        self.at = set(at)
        self._how = how or (How.DIED_AFTER if after else How.DIED_BEFORE)

    def guard[T](self, port: T, unavailable: type[Exception] = StoreUnavailable) -> T:
        """Return the port with its calls counted; they raise ``unavailable`` if refused."""
        return cast("T", _Guarded(port, self, unavailable))

    def strike(self) -> How | None:
        """Return what goes wrong at a chosen call."""
        return self._how

    def call(self, name: str, call: Callable[[], Any], unavailable: type[Exception]) -> Any:
        """Make one counted call."""
        self.calls += 1
        self.names.append(name)
        return suffer(self.strike() if self.calls in self.at else None, call, unavailable)


class Meanwhile(Faults):
    """Makes something else happen just before a call."""

    action: Callable[[], object] = staticmethod(lambda: None)

    def strike(self) -> How | None:
        """Do the other thing, then continue."""
        self.action()
        return None


def suffer(how: How | None, call: Callable[[], Any], unavailable: type[Exception]) -> Any:
    """Make a call, or cause what goes wrong with it."""
    if how is How.DIED_BEFORE:
        raise Crash
    if how is How.REFUSED:
        raise unavailable
    result = call()
    if how is How.DIED_AFTER:
        raise Crash
    if how is How.UNANSWERED:
        raise unavailable
    return result


class _Guarded:
    def __init__(self, port: object, faults: Faults, unavailable: type[Exception]) -> None:
        self._port = port
        self._faults = faults
        self._unavailable = unavailable

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found
        return partial(self._call, f"{type(self._port).__name__}.{name}", found)

    def _call(self, name: str, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return self._faults.call(name, partial(method, *arguments, **named), self._unavailable)
