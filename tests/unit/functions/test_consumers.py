"""The functions behind queues, through their real handlers."""

import json
from typing import Any

import pytest

from civic.analytics.functions import collector
from civic.identity.functions import pii_storage, validator
from civic.runtime import clients
from tests.fakes.deployment import Deployment, Handler, body_of
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, sqs_event
from tests.strategies.registrations import person

FUNCTIONS: dict[str, Handler] = {
    "validator": validator.handler,
    "pii_storage": pii_storage.handler,
    "analytics": collector.handler,
}


def register(deployment: Deployment, people: int = 1) -> list[str]:
    """Register people and return the messages of their requests."""
    for _ in range(people):
        body = person().model_dump_json(exclude_none=True)
        response = deployment.http("POST /registrations", body)
        assert response["statusCode"] == 202
    return [body_of(entry) for entry in deployment.aws.published[-people:]]


def published(deployment: Deployment, name: str) -> list[dict[str, Any]]:
    entries = [entry for entry in deployment.aws.published if entry["DetailType"] == name]
    return [json.loads(entry["Detail"]) for entry in entries]


def erasure_of(message: str) -> str:
    """Return the DeletionRequest for the registration of a ValidationRequest."""
    document = json.loads(message)
    names = ("id", "access_digest", "traceparent")
    detail = {name: document["detail"][name] for name in names}
    detail["requested_at"] = "2027-01-15T12:00:00Z"
    return json.dumps(document | {"detail-type": "DeletionRequest", "detail": detail})


def ending_of(message: str) -> str:
    """Return the DecisionDeleted for the registration of a ValidationRequest."""
    document = json.loads(message)
    names = ("id", "access_digest", "traceparent")
    ended = {name: document["detail"][name] for name in names} | {"at": "2027-01-15T12:00:00Z"}
    about = {"detail-type": "DecisionDeleted", "source": "civic.validator"}
    return json.dumps(document | about | {"detail": {"items": [ended]}})


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("body", ["garbage", "{}", '{"detail-type": "x", "source": "y"}'])
def test_poison_goes_back_alone(deployment: Deployment, function: str, body: str) -> None:
    good = register(deployment)[0] if function != "analytics" else facts(deployment)
    answer = FUNCTIONS[function](sqs_event(body, good), None)
    assert failed(answer) == ["m0"]


def facts(deployment: Deployment) -> str:
    pii_storage.handler(sqs_event(*register(deployment)), None)
    return body_of(deployment.aws.published[-1])


@pytest.mark.parametrize("function", ["validator", "pii_storage"])
def test_event_that_is_not_subscribed_goes_back(deployment: Deployment, function: str) -> None:
    assert failed(FUNCTIONS[function](sqs_event(facts(deployment)), None)) == ["m0"]


def test_request_does_not_belong_to_analytics(deployment: Deployment) -> None:
    assert failed(collector.handler(sqs_event(*register(deployment)), None)) == ["m0"]


def corrected(message: str) -> str:
    """Return a request as its own second revision, and store the subject key for it."""
    document = json.loads(message)
    table = "subject-keys"
    (row,) = clients.dynamodb().scan(TableName=table)["Items"]
    clients.dynamodb().put_item(TableName=table, Item=row | {"revision": {"N": "2"}})
    return json.dumps(document | {"detail": document["detail"] | {"revision": 2}})


@pytest.mark.parametrize(
    ("function", "event", "facts_name"),
    [("validator", "ValidationResult", "results"), ("pii_storage", "DataStored", "items")],
)
def test_batch_is_announced_as_one_event(
    deployment: Deployment, function: str, event: str, facts_name: str
) -> None:
    messages = register(deployment, people=7)
    assert failed(FUNCTIONS[function](sqs_event(*messages), None)) == []
    (detail,) = published(deployment, event)
    assert len(detail[facts_name]) == 7


def test_batch_of_every_kind_is_announced_by_kind(deployment: Deployment) -> None:
    first = register(deployment)[0]
    second = corrected(first)
    assert failed(pii_storage.handler(sqs_event(first, second, ending_of(first)), None)) == []
    for event in ("DataStored", "DataUpdated", "DataDeleted"):
        assert len(published(deployment, event)) == 1


def test_decision_is_forgotten_where_the_gateway_did_not_get_that_far(
    deployment: Deployment,
) -> None:
    message = register(deployment)[0]
    validator.handler(sqs_event(message), None)
    validator.handler(sqs_event(erasure_of(message)), None)
    (row,) = deployment.aws.items("decisions")
    assert set(row) == {"id", "erased_at", "access_digest"}


@pytest.mark.parametrize("function", ["validator", "pii_storage"])
def test_redelivery_is_harmless(deployment: Deployment, function: str) -> None:
    messages = register(deployment)
    for _ in range(3):
        assert failed(FUNCTIONS[function](sqs_event(*messages), None)) == []
    rows = [deployment.aws.items(table) for table in ("vault", "decisions", "subject-keys")]
    FUNCTIONS[function](sqs_event(*messages), None)
    assert [deployment.aws.items(table) for table in ("vault", "decisions", "subject-keys")] == rows


@pytest.mark.parametrize("function", ["validator", "pii_storage"])
def test_failed_announcement_sends_the_batch_back(deployment: Deployment, function: str) -> None:
    messages = register(deployment, people=2)
    deployment.aws.answer("events", "PutEvents", {"FailedEntryCount": 1, "Entries": [{}]})
    assert failed(FUNCTIONS[function](sqs_event(*messages), None)) == ["m0", "m1"]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refused_table_sends_the_batch_back(deployment: Deployment, code: str) -> None:
    messages = register(deployment)
    deployment.aws.fail("dynamodb", "PutItem", code)
    assert failed(validator.handler(sqs_event(*messages), None)) == ["m0"]
    assert failed(pii_storage.handler(sqs_event(*messages), None)) == ["m0"]


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "AccessDeniedException", "DisabledException"]
)
def test_refusing_kms_sends_the_request_back_undecided(
    deployment: Deployment, code: str, log_lines: LogLines
) -> None:
    messages = register(deployment)
    deployment.aws.fail("kms", "Decrypt", code)
    log_lines()
    assert failed(validator.handler(sqs_event(*messages), None)) == ["m0"]
    (row,) = deployment.aws.items("decisions")
    assert "decision" not in row
    assert published(deployment, "ValidationResult") == []
    (line,) = log_lines()
    error = line["records"][0]["error"]
    assert error.startswith("KeyServiceUnavailable < ")
    assert error.endswith(f":{code}")


def test_tampered_request_goes_back_with_the_reason_by_type(
    deployment: Deployment, log_lines: LogLines
) -> None:
    first, second = (json.loads(message) for message in register(deployment, people=2))
    first["detail"]["sealed"] = second["detail"]["sealed"]
    log_lines()
    assert failed(validator.handler(sqs_event(json.dumps(first)), None)) == ["m0"]
    (line,) = log_lines()
    assert line["records"] == [{"message": "m0", "error": "CommitmentMismatch"}]


def test_line_names_each_registration_its_trace_and_outcome(
    deployment: Deployment, log_lines: LogLines
) -> None:
    messages = register(deployment, people=2)
    details = [json.loads(message)["detail"] for message in messages]
    log_lines()
    for handler in FUNCTIONS.values():
        handler(sqs_event(*messages), None)
    decided, stored, _ = log_lines()
    for line, outcome in ((decided, "review"), (stored, "stored")):
        assert line["records"] == [
            {"id": detail["id"], "trace": detail["traceparent"], "outcome": outcome}
            for detail in details
        ]
        assert line[outcome.capitalize()] == [2.0]


def test_superseded_revision_is_counted_and_not_announced(
    deployment: Deployment, log_lines: LogLines
) -> None:
    first = register(deployment)[0]
    pii_storage.handler(sqs_event(corrected(first)), None)
    log_lines()
    pii_storage.handler(sqs_event(first), None)
    (line,) = log_lines()
    assert line["records"][0]["outcome"] == "superseded"
    assert published(deployment, "DataStored") == []
