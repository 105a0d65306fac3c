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
    """A class of events, including those derived from it, and the function that handles them.

    Attributes:
        event: The class of an event, or of a family of events.
        handle: Handles an event; returns what to announce about it, or None.
    """

    event: type[Event]
    handle: Callable[[Any, Invocation], R | None]


def on[E: Event, R](event: type[E], handle: Callable[[E, Invocation], R | None]) -> Subscription[R]:
    """Subscribe to an event, or to a family of them."""
    return Subscription(event, handle)


type Subscriptions[R] = tuple[Subscription[R], ...]
"""All subscriptions of one consumer."""
