"""Marked personal data, sent down every path, is found nowhere but with its owner."""

import base64
import json
import string
from typing import Any

import pytest

from civic.analytics.functions import collector, releaser
from civic.identity.functions import key_custodian, pii_storage, validator
from civic.runtime import clients
from tests.fakes.aws import BUCKET, TABLES
from tests.fakes.deployment import Deployment, body_of
from tests.fakes.lambda_events import sqs_event

CANARIES = {
    "username": "zq1canary",
    "full_name": "Zq2canary Zq3canary",
    "phone_number": "+49 30 90182071",
    "email": "zq4canary@example.org",
    "national_id": "zq5canary",
}
ADDRESS: dict[str, Any] = {
    "lines": ["Zq6canarystraße 17", "Zq7canary"],
    "city": "Zq8canary",
    "region": "Zq9canary",
    "postcode": "51147",
    "country": "DE",
}
PERSON: dict[str, Any] = {
    **CANARIES,
    "date_of_birth": "1983-11-29",
    "address": ADDRESS,
    "citizenship_attestation": True,
    "consent": {"text_version": "2027-1", "given_at": "2024-01-15T12:34:56Z"},
}
MARKS: list[str] = [
    *CANARIES.values(),
    *ADDRESS["lines"],
    ADDRESS["city"],
    ADDRESS["region"],
    "canary",
    "1983-11-29",
    "90182071",
    "51147",
    "12:34:56",
]


def forms(mark: str) -> list[str]:
    """Return the forms in which a text could appear."""
    raw = mark.encode()
    shifted = [base64.b64encode(b"x" * lead + raw).decode()[4:-4] for lead in range(3)]
    return [mark, mark.lower(), raw.hex(), json.dumps(mark)[1:-1], *filter(long_enough, shifted)]


def long_enough(text: str) -> bool:
    return len(text.strip(string.punctuation)) >= 6


def assert_clean(place: str, content: object) -> None:
    text = content if isinstance(content, str) else repr(content)
    for mark in MARKS:
        for form in forms(mark):
            assert form not in text, f"{place} holds a canary"


def everything(deployment: Deployment) -> dict[str, object]:
    """Return what is at rest and on the bus, and every request that was made."""
    held: dict[str, object] = {table: deployment.aws.items(table) for table in TABLES}
    for item in clients.s3().list_objects_v2(Bucket=BUCKET).get("Contents", []):
        key = item["Key"]
        held[key] = clients.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    held["bus"] = deployment.aws.published
    held["requests to AWS"] = deployment.aws.requests
    return held


def register(deployment: Deployment, **changes: object) -> dict[str, Any]:
    response = deployment.http("POST /registrations", json.dumps(PERSON | changes))
    assert_clean("the answer", response)
    assert response["statusCode"] == 202, response
    parsed: dict[str, Any] = json.loads(response["body"])
    return parsed


def check(deployment: Deployment, output: pytest.CaptureFixture[str]) -> None:
    for place, content in everything(deployment).items():
        assert_clean(place, content)
    captured = output.readouterr()
    assert_clean("the log", captured.out)
    assert_clean("standard error", captured.err)


def test_marks_would_be_found(deployment: Deployment) -> None:
    for mark in MARKS:
        for form in forms(mark):
            with pytest.raises(AssertionError):
                assert_clean("a place", f"before{form}after")
    with pytest.raises(AssertionError):
        assert_clean("a place", [{"B": b"zq1canary"}])
    assert deployment.failures == []


def test_life_of_a_registration_leaves_no_mark(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = register(deployment)
    deployment.deliver()
    path = {"id": receipt["id"]}
    token = receipt["access_token"]
    shown = deployment.http("GET /registrations/{id}/data", path=path, token=token)
    assert json.loads(shown["body"])["data"] == PERSON
    status = deployment.http("GET /registrations/{id}", path=path, token=token)
    assert_clean("the status", status)
    body = json.dumps(PERSON | {"username": "zqacanary"})
    changed = deployment.http("PUT /registrations/{id}", body, path=path, token=token)
    assert_clean("the answer to a correction", changed)
    deployment.deliver()
    releaser.handler({}, None)
    key_custodian.handler({"action": "rotate"}, None)
    key_custodian.handler({"action": "rewrap"}, None)
    deployment.http("DELETE /registrations/{id}", path=path, token=token)
    deployment.deliver()
    assert deployment.failures == []
    check(deployment, capsys)


def test_rejected_registration_leaves_no_mark(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    register(
        deployment,
        citizenship_attestation=False,
        phone_number="zqbcanary",
        email="zqccanary@",
        address=ADDRESS | {"postcode": "zqdcanary"},
    )
    deployment.deliver()
    assert deployment.failures == []
    check(deployment, capsys)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(PERSON)[:-1],
        json.dumps(PERSON | {"zqecanary": "zqfcanary"}),
        json.dumps(PERSON | {"date_of_birth": "zqgcanary"}),
        json.dumps(PERSON | {"username": "zqhcanary\u202ez"}),
        json.dumps(PERSON | {"address": "zqicanary"}),
        json.dumps(PERSON | {"full_name": "zqjcanary" * 99}),
        json.dumps(PERSON)[:-1] + ', "username": "zqkcanary"}',
        json.dumps([PERSON]),
        json.dumps(PERSON).encode("utf-16"),
        json.dumps(PERSON | {"username": "zqlcanary" * 9999}),
    ],
    ids=range(10),
)
def test_refused_request_leaves_no_mark(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], body: str | bytes
) -> None:
    response = deployment.http("POST /registrations", body)
    assert 400 <= response["statusCode"] < 500
    assert_clean("the answer", response)
    check(deployment, capsys)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_mark_in_place_of_an_id_or_token_is_not_kept(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    route = f"{method} /registrations/{{id}}"
    path = {"id": "zqncanary"}
    headers = {"traceparent": "zqocanary", "user-agent": "zqpcanary"}
    body = json.dumps(PERSON)
    response = deployment.http(route, body, path=path, token="zqqcanary", headers=headers)
    assert response["statusCode"] == 404
    assert_clean("the answer", response)
    check(deployment, capsys)


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("dynamodb", "PutItem"),
        ("dynamodb", "GetItem"),
        ("dynamodb", "DeleteItem"),
        ("dynamodb", "Query"),
        ("dynamodb", "UpdateItem"),
        ("events", "PutEvents"),
        ("kms", "Decrypt"),
    ],
)
def test_broken_service_leaves_no_mark(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], service: str, operation: str
) -> None:
    receipt = register(deployment)
    deployment.deliver()
    # The message of an AWS error may repeat what was sent.
    error = {"Error": {"Code": "ValidationException", "Message": "zqmcanary"}}
    deployment.aws.answer(service, operation, error | {"ResponseMetadata": {}}, status=400)
    parts: dict[str, Any] = {"path": {"id": receipt["id"]}, "token": receipt["access_token"]}
    answers = [
        deployment.http("POST /registrations", json.dumps(PERSON)),
        deployment.http("GET /registrations/{id}/data", **parts),
        deployment.http("PUT /registrations/{id}", json.dumps(PERSON), **parts),
        deployment.http("DELETE /registrations/{id}", **parts),
    ]
    for response in answers:
        if response["statusCode"] != 200:
            assert_clean("an answer", response)
    messages = [body_of(entry) for entry in deployment.aws.published]
    for handler in (validator.handler, pii_storage.handler, collector.handler):
        handler(sqs_event(*messages), None)
    deployment.aws.stop()
    check(deployment, capsys)
