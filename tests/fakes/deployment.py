"""All functions with their real handlers and adapters, on AWS in this process.

Events are delivered by the rules of the template, but only when a test says so.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from civic.analytics.functions import collector, releaser
from civic.contracts.registry import EVENTS
from civic.identity.functions import (
    accountability,
    api_docs,
    credential_issuer,
    credential_roll,
    deadlines,
    front_desk,
    gateway,
    key_custodian,
    matcher,
    pii_storage,
    proofing,
    reconciler,
    review,
    rights,
    subject_access,
    validator,
)
from civic.lab.schemas.declared import functions, subscribed
from civic.runtime.routes import Routes
from tests.fakes.aws import BUCKET, BUS, PAIRS_BUCKET, Aws
from tests.fakes.lambda_events import failed, http_event, sqs_event

type Handler = Callable[[dict[str, Any], object], dict[str, Any]]
type Response = dict[str, Any]

CONSUMERS: dict[str, tuple[Handler, ...]] = {
    event.detail_type(): tuple(
        one.handler
        for one in (accountability, credential_roll, pii_storage, validator, collector)
        if event in subscribed(one)
    )
    for event in EVENTS.values()
}
ROUTES: dict[str, Handler] = {
    route.key: function.handler
    for function in functions()
    if function.__name__.startswith("civic.identity.")
    for route in getattr(function, "ROUTES", Routes("", ())).routes
}
_COMPOSED: tuple[Any, ...] = (
    gateway.intake,
    gateway._settings,
    subject_access.access,
    subject_access._settings,
    rights.rights,
    rights._rules,
    rights._settings,
    review.review,
    review.agreeing,
    front_desk.front_desk,
    proofing.proofing,
    accountability.accountability,
    accountability._settings,
    accountability.publisher,
    deadlines.deadlines,
    reconciler.sweeping,
    matcher.matching,
    credential_roll.keeping,
    credential_roll._settings,
    credential_roll.publisher,
    credential_issuer.issuing,
    api_docs._privacy_notice,
    validator.validation,
    validator._settings,
    validator.publisher,
    pii_storage.storage,
    pii_storage._settings,
    pii_storage.publisher,
    key_custodian._settings,
    collector.joins,
    collector.publisher,
    collector._settings,
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
        """Deliver what was published, and what follows from it; record failed messages."""
        while self._taken < len(self.aws.published):
            entry = self.aws.published[self._taken]
            self._taken += 1
            for handler in CONSUMERS[entry["DetailType"]]:
                self.failures += failed(handler(sqs_event(body_of(entry)), None))


def body_of(entry: dict[str, Any]) -> str:
    """Return a published entry as the message that a queue receives."""
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
        "REQUEST_LOG_TABLE": "request-log",
        "ERASURE_LEDGER_TABLE": "erasure-ledger",
        "REVIEW_QUEUE_TABLE": "review-queue",
        "OFFICE_AREAS_TABLE": "office-areas",
        "PROOF_SESSIONS_TABLE": "proof-sessions",
        "PROOF_KEY_ID": aws.proof_key_id,
        "TRUSTED_PROVIDERS_TABLE": "trusted-providers",
        "ACCESS_RENEWALS_TABLE": "access-renewals",
        "LIKENESSES_TABLE": "likenesses",
        "RECEIPT_KEY_ID": aws.receipt_key_id,
        "REJECTED_RETENTION_DAYS": "90",
        "PEOPLE_NEEDED": "1",
        "CONTROLLER_NAME": "The election office",
        "CONTROLLER_CONTACT": "office@example.org",
        "DATA_PROTECTION_OFFICER": "dpo@example.org",
        "ISSUER_ROLL_TABLE": "issuer-roll",
        "ISSUER_ELECTIONS_TABLE": "issuer-elections",
        "ISSUER_KEYS_TABLE": "issuer-keys",
        "ISSUED_MARKS_TABLE": "issued-marks",
        "MARK_KEYS_TABLE": "mark-keys",
        "CREDENTIAL_KEY_ID": aws.credential_key_id,
        "JOINS_TABLE": "joins",
        "SWEEP_PROGRESS_TABLE": "sweep-progress",
        "SWEEP_PAGE_SIZE": "3",
        "PAIRS_BUCKET": PAIRS_BUCKET,
        "SEARCHED_WITHIN_HOURS": "0",
        "RELEASE_BUCKET": BUCKET,
        "KMS_KEY_ID": aws.key_id,
        "RULE_SET": "national-2027",
        # There is no such queue, so what an outage stops comes back, unless a test makes one.
        "QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/own",
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
