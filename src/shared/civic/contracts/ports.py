"""Ports that every context has: the clock, randomness and the bus."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from civic.contracts.events import Event

type Clock = Callable[[], datetime]
"""Returns the current time in UTC."""


class RandomBytes(Protocol):
    """A source of ``size`` unpredictable bytes, such as ``secrets.token_bytes``."""

    def __call__(self, size: int, /) -> bytes:
        """Return ``size`` fresh bytes."""
        ...


class EventPublisher(Protocol):
    """The bus, for writing."""

    def publish(self, events: "Sequence[Event]") -> None:
        """Publish all events, or raise an error if one was not accepted.

        After an error some may be on the bus already; published again, they are there twice.
        """
        ...
