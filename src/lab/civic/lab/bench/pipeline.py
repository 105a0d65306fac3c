"""The real handlers on counted AWS, joined as the template joins them."""

import importlib
import json
import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from types import ModuleType
from typing import Any
from unittest.mock import patch

from civic.lab.bench.counted_aws import ENVIRONMENT, CountedAws
from civic.lab.bench.deployment import Deployment, Function
from civic.lab.bench.failures import MeasurementFailed
from civic.lab.bench.logs import LogMeter
from civic.lab.bench.run import Run
from civic.runtime import clients

type Payload = Mapping[str, Any]
type Clock = Callable[[], datetime]
type Tick = Callable[[], None]
"""Called once per person handled, for a progress bar."""

_GATEWAY = "gateway"
_CUSTODIAN = "key_custodian"
_SUBJECT_ACCESS = "subject_access"


class HandlerFailed(MeasurementFailed):
    """A handler did not do what the figures assume."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a registration."""

    id: str
    access_token: str


class Pipeline:
    """The functions of a deployment, each in an environment of its own."""

    def __init__(self, deployment: Deployment, aws: CountedAws) -> None:
        """Use ``open`` instead."""
        self.aws = aws
        self.run = Run()
        self._deployment = deployment
        self._queues: defaultdict[str, list[str]] = defaultdict(list)

    @classmethod
    @contextmanager
    def open(cls, deployment: Deployment, clock: Clock | None = None) -> "Iterator[Pipeline]":
        """Start cold: no handler has composed anything, no table holds anything but a wrapping key.

        Args:
            deployment: What the template says.
            clock: Stands in for the handlers' clock.
        """
        with ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, ENVIRONMENT))
            if clock is not None:
                stack.enter_context(patch.object(clients, "now", clock))
            for function in deployment.functions.values():
                _forget(importlib.import_module(_module(function)))
            clients.forget()
            # Nothing made on counted AWS may outlive it.
            stack.callback(clients.forget)
            pipeline = cls(deployment, CountedAws(deployment.tables))
            pipeline.aws.attach(clients.session())
            pipeline.invoke(_CUSTODIAN, {"action": "ensure"})
            yield pipeline

    @contextmanager
    def counting(self) -> Iterator[Run]:
        """Count to a run of its own what happens within."""
        outside, self.run = self.run, Run()
        try:
            with self.aws.counting() as ledger:
                self.run.ledger = ledger
                yield self.run
        finally:
            self.run = outside

    def invoke(self, name: str, event: dict[str, Any], messages: int = 1) -> dict[str, Any]:
        """Call one handler as Lambda would, count it, and put what it publishes on the queues."""
        function = self._deployment.functions[name]
        handler = importlib.import_module(_module(function)).handler
        meter = LogMeter()
        with (
            patch.dict(os.environ, function.environment),
            self.aws.function(name),
            meter.reading(name),
        ):
            answer: dict[str, Any] = handler(event, None)
        self.run.invocations[name] += 1
        self.run.messages[name] += messages
        self.run.log_bytes[name] += meter.bytes
        self.run.log_lines += meter.lines
        self._route()
        return answer

    def post(self, payload: Payload, idempotency_key: str | None = None) -> Accepted:
        """Register one person; raises HandlerFailed unless it is accepted."""
        headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
        self.run.requests += 1
        event = http_event("POST /registrations", json.dumps(payload, ensure_ascii=False), headers)
        answer = self.invoke(_GATEWAY, event)
        if answer["statusCode"] != 202:  # noqa: PLR2004 - Accepted
            raise HandlerFailed(f"POST /registrations: {answer['body']}")
        body = json.loads(answer["body"])
        return Accepted(body["id"], body["access_token"])

    def disclose(self, accepted: Accepted) -> None:
        """Read one person's data; raises HandlerFailed unless it is shown."""
        headers = {"authorization": f"Bearer {accepted.access_token}"}
        event = http_event("GET /registrations/{id}/data", "", headers, accepted.id)
        answer = self.invoke(_SUBJECT_ACCESS, event)
        if answer["statusCode"] != 200:  # noqa: PLR2004 - OK
            raise HandlerFailed(f"GET data: {answer['body']}")

    def drain(self, fill: int) -> None:
        """Let the consumers empty their queues, ``fill`` messages at a time or what they take."""
        while any(self._queues.values()):
            for queue in [name for name, waiting in self._queues.items() if waiting]:
                waiting, self._queues[queue] = self._queues[queue], []
                consumer = self._deployment.consumer_of(queue)
                for batch in batched(waiting, min(fill, consumer.batch_size), strict=False):
                    self._consume(consumer, list(batch))

    def register(
        self, people: Sequence[Payload], fill: int, tick: Tick | None = None
    ) -> list[Accepted]:
        """Register people and let everything that follows from it happen."""
        accepted = []
        for person in people:
            accepted.append(self.post(person))
            (tick or _nothing)()
        self.drain(fill)
        return accepted

    def _consume(self, consumer: Function, batch: list[str]) -> None:
        self.run.receive(batch)
        answer = self.invoke(consumer.name, sqs_event(batch), len(batch))
        if answer["batchItemFailures"]:
            raise HandlerFailed(f"{consumer.name} gave back {len(answer['batchItemFailures'])}")

    def _route(self) -> None:
        for event in self.aws.take_events():
            self.run.publish(event)
            for queue in self._deployment.queues_for(event.detail_type):
                message = event.envelope()
                self.run.send(message)
                self._queues[queue].append(message)


def http_event(
    route: str, body: str, headers: Mapping[str, str], registration: str = ""
) -> dict[str, Any]:
    """Return an event of the HTTP API, payload format 2.0."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": route.partition(" ")[2].replace("{id}", registration),
        "headers": {
            "content-type": "application/json",
            "content-length": str(len(body.encode())),
            "user-agent": "bench",
            **headers,
        },
        "body": body,
        "isBase64Encoded": False,
    }
    if registration:
        event["pathParameters"] = {"id": registration}
    return event


def sqs_event(messages: Sequence[str]) -> dict[str, Any]:
    """Return the event of one batch."""
    return {
        "Records": [
            {"messageId": str(uuid.uuid4()), "eventSource": "aws:sqs", "body": message}
            for message in messages
        ]
    }


def _module(function: Function) -> str:
    return function.handler.rpartition(".")[0]


def _forget(module: ModuleType) -> None:
    """Drop what a handler's module composed, as a new environment has composed nothing."""
    for value in vars(module).values():
        clear = getattr(value, "cache_clear", None)
        if clear is not None:
            clear()


def _nothing() -> None:
    pass
