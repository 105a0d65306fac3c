"""Adapters that fail now and then, before or after they have done what they were asked."""

from typing import Any

from civic.lab.simulate.dice import Dice


class Crashed(BaseException):
    """The execution environment died; not an Exception, so no handler survives it."""


class Crashing:
    """Stands before an adapter; a call in so many dies, or its answer is lost on the way.

    Before the adapter did anything or after it did everything: those are the two cases that code
    has to tell apart and cannot.
    """

    def __init__(self, adapter: Any, dice: Dice, share: float, failure: type[Exception]) -> None:
        """Let a ``share`` of the calls of ``adapter`` fail.

        Args:
            adapter: What does the work.
            dice: Says which calls fail, and how.
            share: Of the calls.
            failure: The error of an adapter whose service did not answer.
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
