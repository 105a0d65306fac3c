"""Waiting for something to happen behind the API: always for a fact, and not for ever."""

import time
from collections.abc import Callable

from civic.terminal.failures import CommandFailed

PATIENCE_SECONDS = 300.0
"""Far longer than anything takes: a busy machine is slow, and only a broken one is given up."""

_PAUSE_SECONDS = 0.1


class TookTooLong(CommandFailed):
    """What was waited for did not happen in time; it may still happen."""


def until[T](fact: str, look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """Look again and again, and return the first answer that is true.

    Args:
        fact: What is waited for, to be named in the message.
        look: Asks for it; an empty answer means not yet.
        seconds: How long to wait at most.

    Raises:
        TookTooLong: No answer was true in time.
    """
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise TookTooLong(f"this did not happen within {seconds:.0f} s: {fact}")
        time.sleep(_PAUSE_SECONDS)
    return answer
