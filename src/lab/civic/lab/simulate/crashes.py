"""Adapters that sometimes fail, before or after they have done their work."""

from typing import Any

from civic.lab.simulate.dice import Dice


class Crashed(BaseException):
    """The execution environment crashed; not an Exception, so no handler can catch it."""


class Crashing:
    """Wraps an adapter, and lets some of its calls crash or lose their answer.

    That happens before the adapter did anything or after it did everything: two cases that code
    would have to tell apart and cannot.
    """

    def __init__(self, adapter: Any, dice: Dice, share: float, failure: type[Exception]) -> None:
        """Let a ``share`` of the calls of ``adapter`` fail.

        Args:
            adapter: Does the work.
            dice: Decides which calls fail, and how.
            share: Of the calls.
            failure: The error that an adapter raises if its service does not answer.
        """
        self._adapter = adapter
        self._dice = dice
        self._share = share
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        """Return the adapter's method, made unreliable."""
        method = getattr(self._adapter, name)

        def call(*arguments: Any) -> Any:
            if not self._dice.falls(self._share):
                return method(*arguments)
            if self._dice.falls(0.5):
                method(*arguments)
            raise Crashed if self._dice.falls(0.5) else self._failure

        return call
