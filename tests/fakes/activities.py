"""Runs of functions that can be held up at any call to the outside world, and continue later.

Each runs in its own thread, but never two at once: a test that continues one waits until it is held
up again or has ended. So the test decides on the interleaving, and the same decisions give the same
run.
"""

from collections.abc import Callable
from threading import Semaphore, Thread
from typing import Any

from tests.fakes.faults import Crash, Faults, How, suffer


class Turns(Faults):
    """Faults that ask the running activity what to do at each call."""

    running: "Activity | None" = None

    def call(self, name: str, call: Callable[[], Any], unavailable: type[Exception]) -> Any:
        """Make one call, when it is its turn."""
        if self.running is None:
            return super().call(name, call, unavailable)
        self.calls += 1
        return suffer(self.running.hold(name), call, unavailable)


class Activity:
    """One run of a function."""

    def __init__(self, turns: Turns, work: Callable[[], object]) -> None:
        """Prepare to do ``work``, whose calls wait for ``turns``."""
        self.ended = False
        self.at = ""
        """The call before which it is held up."""
        self._turns = turns
        self._work = work
        self._how: How | None = None
        self._calls: int | None = None
        self._error: BaseException | None = None
        self._go, self._held = Semaphore(0), Semaphore(0)
        self._thread = Thread(target=self._run, daemon=True)

    def go_on(self, calls: int | None = None) -> None:
        """Let it make some calls, or all remaining ones, and hold it up before the next."""
        self._calls = calls
        self._switch()

    def strike(self, how: How) -> None:
        """Cause this at the call before which it is held up, and hold it up at the next."""
        self._how, self._calls = how, 1
        self._switch()

    def hold(self, name: str) -> How | None:
        """Wait for the turn (in the activity's own thread); return what goes wrong at the call."""
        if self._calls == 0:
            self.at = name
            self._held.release()
            self._go.acquire()
        if self._calls is not None:
            self._calls -= 1
        how, self._how = self._how, None
        return how

    def _switch(self) -> None:
        assert not self.ended
        self._turns.running = self
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._go.release()
        self._held.acquire()
        self._turns.running = None
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except Crash as error:
            self._error = AssertionError("a crash got out of the function's host")
            self._error.__cause__ = error
        except BaseException as error:  # noqa: BLE001 - raised again in the test
            self._error = error
        self.ended = True
        self._held.release()
