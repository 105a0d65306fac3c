"""One line on the terminal that shows how far a long check has got."""

import sys
from time import monotonic
from typing import TextIO

_EVERY = 0.1
_CLEAR = "\r\x1b[K"


class Progress:
    """Shows progress on a terminal, and writes nothing to any other stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = self._stream.isatty()
        self._last = 0.0

    def tell(self, what: str, done: int, of: int) -> None:
        """Show how much is done, at most ten times a second."""
        now = monotonic()
        if self._shown and now - self._last >= _EVERY:
            self._last = now
            self._stream.write(f"{_CLEAR}{what}: {done:,} of {of:,}")
            self._stream.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._shown and self._last:
            self._stream.write(_CLEAR)
            self._stream.flush()
