"""The real handlers on counted AWS, each in its own environment."""

import importlib
import io
import logging
import os
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from types import ModuleType
from typing import Any, Self
from unittest.mock import patch

from civic.lab.bench.aws import CountedAws
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.report import MeasurementFailed

type Event = dict[str, Any]


class HandlerFailed(MeasurementFailed):
    """A handler did not behave as the figures assume."""


class Functions:
    """The functions of a deployment, which a subclass connects as the template does."""

    def __init__(self, deployment: Deployment, aws: CountedAws) -> None:
        """Use `open` instead."""
        self.aws = aws
        self.deployment = deployment
        self._modules: dict[str, ModuleType] = {}

    @classmethod
    @contextmanager
    def open(cls, deployment: Deployment) -> Iterator[Self]:
        """Start cold: no handler has composed anything, and all tables are empty."""
        with CountedAws.open(deployment.tables) as aws:
            functions = cls(deployment, aws)
            try:
                yield functions
            finally:
                for module in functions._modules.values():
                    forget(module)

    def invoke(self, name: str, event: Event, messages: int = 1) -> Any:
        """Call a handler as Lambda would, and count it."""
        function, run = self.deployment.functions[name], self.aws.run
        if name not in self._modules:
            self._modules[name] = importlib.import_module(function.module)
            forget(self._modules[name])
        with (
            patch.dict(os.environ, function.environment),
            self.aws.function(name),
            _printed(name) as printed,
        ):
            answer = self._modules[name].handler(event, None)
        run.invocations[name] += 1
        run.messages[name] += messages
        run.log_bytes[name] += len(printed.getvalue().encode())
        return answer

    def request(self, name: str, event: Event, expected: int) -> Any:
        """Call a handler with a request; raise HandlerFailed unless it answers as expected."""
        self.aws.run.http += 1
        answer = self.invoke(name, event)
        if answer["statusCode"] != expected:
            raise HandlerFailed(f"{event['routeKey']}: {answer['body']}")
        return answer

    def consume(self, name: str, batch: Sequence[str]) -> None:
        """Hand a batch of messages to a handler; raise HandlerFailed if it returns any."""
        back = self.invoke(name, sqs_event(batch), len(batch))["batchItemFailures"]
        if back:
            raise HandlerFailed(f"{name} returned {len(back)} messages as failed")


@contextmanager
def _printed(service: str) -> Iterator[io.StringIO]:
    """Catch what a function prints, by ``print`` or by its logger."""
    caught = io.StringIO()
    # A Powertools logger keeps the standard output of its first use.
    logger = logging.getLogger(service)
    with redirect_stdout(caught):
        _point(logger)
        yield caught
    _point(logger)


def _point(logger: logging.Logger) -> None:
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stdout)


def forget(module: ModuleType) -> None:
    """Drop what a handler's module has composed, as in a new environment."""
    for value in vars(module).values():
        clear = getattr(value, "cache_clear", None)
        if clear is not None:
            clear()


def http_event(
    route: str, body: str = "", headers: Mapping[str, str] | None = None, registration: str = ""
) -> Event:
    """Return an event of the HTTP API, payload format 2.0."""
    event: Event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": route.partition(" ")[2].replace("{id}", registration),
        "headers": {
            "content-type": "application/json",
            "content-length": str(len(body.encode())),
            "user-agent": "bench",
            **(headers or {}),
        },
        "body": body,
        "isBase64Encoded": False,
    }
    if registration:
        event["pathParameters"] = {"id": registration}
    return event


def sqs_event(messages: Sequence[str]) -> Event:
    """Return the event of one batch."""
    return {
        "Records": [
            {"messageId": str(uuid.uuid4()), "eventSource": "aws:sqs", "body": message}
            for message in messages
        ]
    }
