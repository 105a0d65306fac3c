"""File locks, which the operating system releases when their holder ends, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def try_lock(file: IO[bytes]) -> bool:
    """Lock an open file for as long as it stays open, here or in a child that inherits it.

    Returns:
        False if someone else holds the lock.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock inside the block; first wait until nobody else holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
