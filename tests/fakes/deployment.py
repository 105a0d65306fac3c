"""All functions with their real handlers and adapters, on AWS in this process.

Events are delivered when a test says so, by the rules of the template.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from civic.analytics.entrypoints import collector, releaser
from civic.identity.entrypoints import (
    api_docs,
    gateway,
    key_custodian,
    pii_storage,
    subject_access,
    validator,
)
from tests.fakes.aws import BUCKET, BUS, Aws
from tests.fakes.lambda_events import failed, http_event, sqs_event

type Handler = Callable[[dict[str, Any], object], dict[str, Any]]
type Response = dict[str, Any]

_REQUESTS: tuple[Handler, ...] = (validator.handler, pii_storage.handler)
_FACTS: tuple[Handler, ...] = (collector.handler,)
CONSUMERS: dict[str, tuple[Handler, ...]] = {
    "ValidationRequest": _REQUESTS,
    "DeletionRequest": _REQUESTS,
    "ValidationResult": _FACTS,
    "DataStored": _FACTS,
    "DataUpdated": _FACTS,
    "DataDeleted": _FACTS,
    "AnalyticsReleased": (),
}
ROUTES: dict[str, Handler] = {
    "POST /registrations": gateway.handler,
    "GET /registrations/{id}": gateway.handler,
    "PUT /registrations/{id}": gateway.handler,
    "DELETE /registrations/{id}": gateway.handler,
    "GET /registrations/{id}/data": subject_access.handler,
    "GET /openapi.json": api_docs.handler,
    "GET /docs": api_docs.handler,
    "GET /docs/{asset}": api_docs.handler,
}
_COMPOSED: tuple[Any, ...] = (
    gateway.intake,
    subject_access.access,
    validator.validation,
    validator._settings,
    pii_storage.storage,
    pii_storage._settings,
    key_custodian._settings,
    collector.joins,
    releaser.releasing,
)


@dataclass
class Deployment:
    """The functions, and the events that wait for them."""

    aws: Aws
    failures: list[str] = field(default_factory=list)
    _taken: int = 0

    def http(self, route: str, body: str | bytes | None = None, **parts: Any) -> Response:
        """Send one HTTP request."""
        return ROUTES[route](http_event(route, body, **parts), None)

    def deliver(self) -> None:
        """Deliver what was published, and what that leads to; failed messages are noted."""
        while self._taken < len(self.aws.published):
            entry = self.aws.published[self._taken]
            self._taken += 1
            for handler in CONSUMERS[entry["DetailType"]]:
                self.failures += failed(handler(sqs_event(body_of(entry)), None))


def body_of(entry: dict[str, Any]) -> str:
    """Return a published entry as the message that a queue gets."""
    return json.dumps(
        {
            "version": "0",
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "detail": json.loads(entry["Detail"]),
        }
    )


@contextmanager
def deployed(aws: Aws) -> Iterator[Deployment]:
    """Give the functions their environment and the first wrapping key."""
    environment = {
        "BUS_NAME": BUS,
        "DECISIONS_TABLE": "decisions",
        "SUBJECT_KEYS_TABLE": "subject-keys",
        "WRAPPING_KEYS_TABLE": "wrapping-keys",
        "VAULT_TABLE": "vault",
        "JOINS_TABLE": "joins",
        "RELEASE_BUCKET": BUCKET,
        "KMS_KEY_ID": aws.key_id,
        "RULE_SET": "national-2027",
    }
    with pytest.MonkeyPatch.context() as settings:
        for name, value in environment.items():
            settings.setenv(name, value)
        _forget()
        key_custodian.handler({"action": "ensure"}, None)
        yield Deployment(aws)
        _forget()


def _forget() -> None:
    for composed in _COMPOSED:
        composed.cache_clear()
