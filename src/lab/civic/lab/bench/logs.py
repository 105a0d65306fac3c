"""The log lines that functions really print, by their bytes."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


class LogMeter:
    """Catches what a function prints."""

    def __init__(self) -> None:
        """Start with nothing caught."""
        self.bytes = 0
        self.lines = 0

    @contextmanager
    def reading(self, service: str) -> Iterator[None]:
        """Catch what is printed within, by ``print`` or by the service's logger.

        Args:
            service: The name of the function's Powertools logger. It holds on to the standard
                output of its first use, so it is pointed here for the time.
        """
        caught = io.StringIO()
        logger = logging.getLogger(service)
        handlers = [one for one in logger.handlers if isinstance(one, logging.StreamHandler)]
        for handler in handlers:
            handler.setStream(caught)
        try:
            with redirect_stdout(caught):
                yield
        finally:
            for handler in (
                one for one in logger.handlers if isinstance(one, logging.StreamHandler)
            ):
                handler.setStream(sys.stdout)
            text = caught.getvalue()
            self.bytes += len(text.encode())
            self.lines += text.count("\n")
