"""The naive design on the same counted AWS, so that its calls are counted and not guessed."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from civic.lab.bench import naive_functions as functions
from civic.lab.bench.counted_aws import ENVIRONMENT, BusEvent, CountedAws
from civic.lab.bench.pipeline import Payload, Tick, http_event
from civic.lab.bench.run import Run

type Handler = Callable[[dict[str, Any], object], object]

_TABLES = {functions.HIGH_SEC: ("id",), functions.LOW_SEC: ("id",)}
_SUBSCRIBERS: dict[str, tuple[Handler, ...]] = {
    "ValidationRequest": (functions.validator, functions.pii_storage),
    "ValidationResult": (functions.analytics,),
    "DataStored": (functions.analytics,),
}


class NaivePipeline:
    """The naive functions; EventBridge invokes each with one event."""

    def __init__(self) -> None:
        """Use ``open`` instead."""
        self.aws = CountedAws(_TABLES)
        self.run = Run()
        self.run.ledger = self.aws.ledger

    @classmethod
    @contextmanager
    def open(cls) -> "Iterator[NaivePipeline]":
        """Start with empty tables."""
        with ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, ENVIRONMENT))
            forget()
            stack.callback(forget)
            pipeline = cls()
            # boto3 has no public way to its botocore session's hooks but through the clients.
            pipeline.aws.attach(functions.session()._session)  # noqa: SLF001
            yield pipeline

    def register(
        self, people: Sequence[Payload], fields: Sequence[str], tick: Tick | None = None
    ) -> None:
        """Register people with the chosen fields, each with all that follows from it."""
        for person in people:
            self.run.requests += 1
            body = json.dumps({name: person[name] for name in fields if name in person})
            self._invoke(functions.gateway, http_event("POST /registrations", body, {}))
            self._deliver()
            if tick is not None:
                tick()

    def _deliver(self) -> None:
        for event in self.aws.take_events():
            self.run.publish(event)
            for handler in _SUBSCRIBERS[event.detail_type]:
                self._invoke(handler, _delivery(event))
                self._deliver()

    def _invoke(self, handler: Handler, event: dict[str, Any]) -> None:
        name = handler.__name__
        with self.aws.function(name):
            handler(event, None)
        self.run.invocations[name] += 1
        self.run.messages[name] += 1


def forget() -> None:
    """Drop the clients and their session."""
    functions.client.cache_clear()
    functions.session.cache_clear()


def _delivery(event: BusEvent) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(event.envelope())
    return envelope
