"""One declaration for each subscription, beside the consumer.

From it come the dispatch and the refusal of everything else (`civic.runtime.consumer.consume`), the
rules and queue policies of the templates, docs/events.md and the tests' maps. How to add one:
docs/extending.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from civic.contracts.events import Event
from civic.runtime.observability import Invocation


@dataclass(frozen=True, slots=True)
class Subscription[R]:
    """Events of a class, or of any that is derived from it, and what handles them.

    Attributes:
        event: The class: an event, or a family of events.
        handle: Handles one; returns what is to be announced of it, None if nothing is.
    """

    event: type[Event]
    handle: Callable[[Any, Invocation], R | None]


def on[E: Event, R](event: type[E], handle: Callable[[E, Invocation], R | None]) -> Subscription[R]:
    """Subscribe to an event, or to a family of them."""
    return Subscription(event, handle)


type Subscriptions[R] = tuple[Subscription[R], ...]
"""All of one consumer."""
