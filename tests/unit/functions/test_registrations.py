"""The API of a registration, through the real handlers: every answer, and its effects."""

import json
from typing import Any

import pytest

from civic.identity.model.registration import Consent
from civic.runtime import clients
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said, wrong_fields
from tests.fakes.people import UNKNOWN
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"
CONSENT = Consent(text_version="2027-1", given_at="2024-01-15T12:00:00Z")
BODY = person(consent=CONSENT).model_dump_json(exclude_none=True)
CORRECTED = person(username="corrected", consent=CONSENT).model_dump_json(exclude_none=True)


def content(response: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(response["body"])
    return parsed


def registered(deployment: Deployment, body: str = BODY, key: str | None = None) -> tuple[str, str]:
    headers = {"idempotency-key": key} if key else {}
    response = deployment.http("POST /registrations", body, headers=headers)
    assert response["statusCode"] == 202
    return content(response)["id"], content(response)["access_token"]


def by_id(deployment: Deployment, method: str, receipt: tuple[str, str], **more: Any) -> Any:
    identifier, token = receipt
    path = {"id": identifier}
    return deployment.http(f"{method} /registrations/{{id}}", path=path, token=token, **more)


def data(deployment: Deployment, receipt: tuple[str, str]) -> dict[str, Any]:
    identifier, token = receipt
    path = {"id": identifier}
    return deployment.http("GET /registrations/{id}/data", path=path, token=token)


def test_post_answers_202_with_id_token_and_location(deployment: Deployment) -> None:
    response = deployment.http("POST /registrations", BODY)
    answered = content(response)
    assert response["statusCode"] == 202
    assert set(answered) == {"id", "access_token", "status"}
    assert answered["status"] == "pending"
    assert response["headers"]["location"] == f"/registrations/{answered['id']}"


def test_get_right_after_post_is_pending(deployment: Deployment) -> None:
    response = by_id(deployment, "GET", registered(deployment))
    assert response["statusCode"] == 200
    assert (content(response)["status"], content(response)["revision"]) == ("pending", 1)
    assert "decision" not in content(response)


def test_decision_appears_once_the_events_are_delivered(deployment: Deployment) -> None:
    receipt = registered(deployment)
    deployment.deliver()
    answered = content(by_id(deployment, "GET", receipt))
    assert (answered["status"], answered["decision"]) == ("fulfilled", "accepted")
    assert answered["rule_set"] == "national-2027.2"
    assert deployment.failures == []


def test_rejection_names_its_reasons(deployment: Deployment) -> None:
    body = person(citizenship_attestation=False, consent=CONSENT).model_dump_json(exclude_none=True)
    receipt = registered(deployment, body)
    deployment.deliver()
    answered = content(by_id(deployment, "GET", receipt))
    assert answered["decision"] == "rejected"
    assert answered["reasons"] == [
        {"code": "attestation_missing", "pointer": "/citizenship_attestation"}
    ]


def test_data_is_everything_that_was_submitted(deployment: Deployment) -> None:
    receipt = registered(deployment)
    deployment.deliver()
    response = data(deployment, receipt)
    assert response["statusCode"] == 200
    shown = content(response)
    assert shown["data"] == json.loads(BODY)
    assert {one["field"] for one in shown["purposes"]} >= set(shown["data"])
    assert shown["recipients"]
    assert shown["retention"]
    assert shown["rights"]


def test_data_before_storage_is_409_with_retry_after(deployment: Deployment) -> None:
    response = data(deployment, registered(deployment))
    assert said(response) == (409, "not_yet_stored")
    assert response["headers"]["retry-after"]


def test_every_disclosure_asks_kms(deployment: Deployment) -> None:
    receipt = registered(deployment)
    deployment.deliver()
    before = len(deployment.aws.asked("Decrypt"))
    data(deployment, receipt)
    data(deployment, receipt)
    assert len(deployment.aws.asked("Decrypt")) == before + 2


def test_registrations_after_the_first_ask_kms_no_more(deployment: Deployment) -> None:
    registered(deployment)
    deployment.deliver()
    before = len(deployment.aws.asked("Decrypt"))
    for _ in range(3):
        registered(deployment)
    deployment.deliver()
    assert len(deployment.aws.asked("Decrypt")) == before


def test_post_makes_three_aws_calls_when_warm_and_looks_up_ids_that_can_come_back(
    deployment: Deployment, log_lines: LogLines
) -> None:
    registered(deployment)
    log_lines()
    calls = {"dynamodb:PutItem": 1, "events:PutEvents": 1, "dynamodb:UpdateItem": 1}
    for key, made in ((None, calls), (KEY, calls | {"dynamodb:GetItem": 1})):
        registered(deployment, key=key)
        (line,) = log_lines()
        assert line["aws_calls"] == made


def test_put_is_validated_anew(deployment: Deployment) -> None:
    receipt = registered(deployment)
    deployment.deliver()
    response = by_id(deployment, "PUT", receipt, body=CORRECTED)
    assert response["statusCode"] == 202
    assert (content(response)["status"], content(response)["revision"]) == ("pending", 2)
    deployment.deliver()
    assert content(by_id(deployment, "GET", receipt))["status"] == "fulfilled"
    assert content(data(deployment, receipt))["data"]["username"] == "corrected"
    assert [entry["DetailType"] for entry in deployment.aws.published].count("DataUpdated") == 1


def test_delete_erases_and_repeats_its_answer(deployment: Deployment) -> None:
    receipt = registered(deployment)
    deployment.deliver()
    first = by_id(deployment, "DELETE", receipt)
    deployment.deliver()
    second = by_id(deployment, "DELETE", receipt)
    assert first["statusCode"] == second["statusCode"] == 202
    assert content(first) == content(second)
    assert content(first)["status"] == "erasing"
    assert deployment.aws.items("subject-keys") == []
    for table in ("vault", "decisions", "joins"):
        (item,) = deployment.aws.items(table)
        assert "erased_at" in item


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_erased_unknown_and_wrong_token_answer_alike(deployment: Deployment, method: str) -> None:
    erased, other = registered(deployment), registered(deployment)
    by_id(deployment, "DELETE", erased)
    deployment.deliver()
    answers = [
        by_id(deployment, method, receipt, body=BODY)
        for receipt in (
            erased,
            (UNKNOWN, other[1]),
            ("not-a-uuid", other[1]),
            (other[0], erased[1]),
            (other[0], "x"),
        )
    ]
    for one in answers:
        assert said(one) == (404, "not_found")
        assert {**content(one), "trace_id": ""} == {**content(answers[0]), "trace_id": ""}
        assert one["headers"] == answers[0]["headers"]


def test_data_of_erased_unknown_and_wrong_token_answers_alike(deployment: Deployment) -> None:
    erased, other = registered(deployment), registered(deployment)
    by_id(deployment, "DELETE", erased)
    deployment.deliver()
    for receipt in (erased, (UNKNOWN, other[1]), (other[0], erased[1])):
        assert said(data(deployment, receipt)) == (404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_missing_token_is_401(deployment: Deployment, method: str) -> None:
    identifier, _ = registered(deployment)
    route = f"{method} /registrations/{{id}}"
    response = deployment.http(route, BODY, path={"id": identifier})
    assert said(response) == (401, "token_required")
    assert response["headers"]["www-authenticate"] == "Bearer"


def test_retry_with_the_same_key_gives_the_same_answer(deployment: Deployment) -> None:
    assert registered(deployment, key=KEY) == registered(deployment, key=KEY)
    assert len(deployment.aws.published) == 1


def test_retry_with_another_payload_is_422(deployment: Deployment) -> None:
    registered(deployment, key=KEY)
    headers = {"idempotency-key": KEY}
    response = deployment.http("POST /registrations", CORRECTED, headers=headers)
    assert said(response) == (422, "idempotency_key_reused")


def test_retry_after_erasure_is_409(deployment: Deployment) -> None:
    receipt = registered(deployment, key=KEY)
    by_id(deployment, "DELETE", receipt)
    deployment.deliver()
    response = deployment.http("POST /registrations", BODY, headers={"idempotency-key": KEY})
    assert said(response) == (409, "registration_erased")


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 129, "with a space 123456", "ümlaut-1234567890"]
)
def test_odd_idempotency_key_is_400(deployment: Deployment, key: str) -> None:
    response = deployment.http("POST /registrations", BODY, headers={"idempotency-key": key})
    assert said(response) == (400, "invalid_idempotency_key")


def test_invalid_fields_are_named(deployment: Deployment) -> None:
    body = json.dumps({**json.loads(BODY), "date_of_birth": "0", "username": "a\u202eb"})
    response = deployment.http("POST /registrations", body)
    assert said(response) == (422, "invalid_fields")
    assert wrong_fields(response) == [
        ("forbidden_character", "/username"),
        ("not_a_date", "/date_of_birth"),
    ]
    assert deployment.aws.published == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "PutItem"), ("events", "PutEvents"), ("dynamodb", "UpdateItem")],
)
def test_unavailable_store_or_bus_is_503_and_nothing_is_acknowledged(
    deployment: Deployment, service: str, operation: str
) -> None:
    deployment.aws.fail(service, operation, "ThrottlingException")
    response = deployment.http("POST /registrations", BODY)
    assert said(response) == (503, "temporarily_unavailable")
    assert response["headers"]["retry-after"]


def test_without_wrapping_key_nothing_is_accepted(deployment: Deployment) -> None:
    clients.dynamodb().delete_item(TableName="wrapping-keys", Key={"wk": {"S": "current"}})
    assert said(deployment.http("POST /registrations", BODY)) == (503, "temporarily_unavailable")
    assert deployment.aws.items("subject-keys") == []


def test_disabled_kms_is_503_for_data(deployment: Deployment) -> None:
    receipt = registered(deployment)
    deployment.deliver()
    deployment.aws.fail("kms", "Decrypt", "DisabledException")
    assert said(data(deployment, receipt)) == (503, "temporarily_unavailable")


def test_trace_of_the_request_is_in_every_event(deployment: Deployment) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    deployment.http("POST /registrations", BODY, headers=headers)
    deployment.deliver()
    kinds = {entry["DetailType"] for entry in deployment.aws.published}
    assert kinds == {"ValidationRequest", "ValidationResult", "DataStored"}
    assert all(trace in entry["Detail"] for entry in deployment.aws.published)


@pytest.mark.parametrize("route", ["GET /openapi.json", "GET /docs"])
def test_documentation_is_served(deployment: Deployment, route: str) -> None:
    response = deployment.http(route)
    assert response["statusCode"] == 200
    assert response["body"]


@pytest.mark.parametrize("asset", ["start.js", "swagger-ui.min.css", "swagger-ui-bundle.min.js"])
def test_documentation_loads_nothing_from_elsewhere(deployment: Deployment, asset: str) -> None:
    response = deployment.http("GET /docs/{asset}", path={"asset": asset})
    assert response["statusCode"] == 200
    assert "default-src 'self'" in response["headers"]["content-security-policy"]


@pytest.mark.parametrize("asset", ["../openapi.json", "nothing.js", ""])
def test_unknown_asset_is_404(deployment: Deployment, asset: str) -> None:
    response = deployment.http("GET /docs/{asset}", path={"asset": asset})
    assert said(response) == (404, "no_such_asset")
