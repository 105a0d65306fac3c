"""AWS services that refuse, do not answer, or accept only a part, until the block ends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError

from civic.runtime import clients
from tests.fakes.aws import Aws

TIMEOUT, PARTIAL, NONE_TAKEN = "no answer", "a part is not taken", "nothing is taken"
_DYNAMODB = (
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "AccessDeniedException",
    "InternalServerError",
    TIMEOUT,
)
_KMS = (
    "ThrottlingException",
    "AccessDeniedException",
    "DisabledException",
    "KMSInvalidStateException",
    "DependencyTimeoutException",
    TIMEOUT,
)
_EVENTS = (
    "ThrottlingException",
    "AccessDeniedException",
    "InternalException",
    PARTIAL,
    NONE_TAKEN,
    TIMEOUT,
)
FAILURES = {"dynamodb": _DYNAMODB, "kms": _KMS, "events": _EVENTS}
"""The ways in which each service can fail, equally many for each."""
WAYS = range(len(_KMS))
_KMS_OPERATIONS = {"Decrypt", "Sign", "GetPublicKey", "GenerateDataKeyPairWithoutPlaintext"}


def service_of(operation: str) -> str:
    """Return the service to which an operation belongs."""
    if operation == "PutEvents":
        return "events"
    return "kms" if operation in _KMS_OPERATIONS else "dynamodb"


@contextmanager
def outage(aws: Aws, operation: str, way: int, only: str = "") -> Iterator[list[str]]:
    """Make an operation fail in one of the ways of its service.

    Args:
        aws: The services.
        operation: Such as ``PutItem``.
        way: Which of the service's ``FAILURES``.
        only: If given, only requests that contain this text fail.

    Yields:
        What failed, as it happens.
    """
    service = service_of(operation)
    failure = FAILURES[service][way]
    failed: list[str] = []

    def answer(**call: Any) -> Any:
        body = call["params"]["body"]
        text = body.decode() if isinstance(body, bytes) else str(body)
        if only not in text:
            return None
        failed.append(operation)
        return _fail(aws, operation, failure, text)

    hooks = getattr(clients, service)().meta.events
    event = f"before-call.{service}.{operation}"
    hooks.register_first(event, answer)
    try:
        yield failed
    finally:
        hooks.unregister(event, answer)


def _fail(aws: Aws, operation: str, failure: str, body: str) -> Any:
    taken = 0
    entries = json.loads(body)["Entries"] if operation == "PutEvents" else []
    if failure == PARTIAL:
        taken = len(entries) - 1
    # The bus has what it accepted, and nothing else.
    del aws.published[len(aws.published) - len(entries) + taken :]
    if failure == TIMEOUT:
        raise ReadTimeoutError(endpoint_url="https://service.invalid")
    if failure in {PARTIAL, NONE_TAKEN}:
        refused = [{"ErrorCode": "InternalFailure"}] * (len(entries) - taken)
        parsed = {
            "FailedEntryCount": len(refused),
            "Entries": [{"EventId": str(number)} for number in range(taken)] + refused,
        }
        return SimpleNamespace(status_code=200), parsed
    error = {"Error": {"Code": failure, "Message": "zqcanary"}, "ResponseMetadata": {}}
    return SimpleNamespace(status_code=400), error
