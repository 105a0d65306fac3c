"""How far an erasure has come, before, during and after, through the real handlers."""

import json
from typing import Any

from civic.identity.model.erasure import ErasureStore
from civic.identity.model.erasure_receipt import read_receipt, verify_receipt
from civic.identity.model.registration import Consent
from civic.runtime import clients
from tests.fakes.deployment import Deployment
from tests.fakes.lambda_events import said
from tests.strategies.registrations import person

CONSENT = Consent(text_version="2027-1", given_at="2024-01-15T12:00:00Z")
BODY = person(consent=CONSENT).model_dump_json(exclude_none=True)


def ask(deployment: Deployment, route: str, receipt: dict[str, Any]) -> dict[str, Any]:
    path = {"id": receipt["id"]}
    return deployment.http(route, path=path, token=receipt["access_token"])


def registered(deployment: Deployment) -> dict[str, Any]:
    receipt: dict[str, Any] = json.loads(deployment.http("POST /registrations", BODY)["body"])
    deployment.deliver()
    return receipt


def status(deployment: Deployment, receipt: dict[str, Any]) -> dict[str, Any]:
    answer = ask(deployment, "GET /registrations/{id}/erasure", receipt)
    assert answer["statusCode"] == 200
    body: dict[str, Any] = json.loads(answer["body"])
    return body


def test_erasure_that_nobody_asked_for_is_told_from_an_unknown_registration(
    deployment: Deployment,
) -> None:
    receipt = registered(deployment)
    answer = ask(deployment, "GET /registrations/{id}/erasure", receipt)
    assert said(answer) == (404, "no_erasure")
    stranger = receipt | {"access_token": "A" * 43}
    answer = ask(deployment, "GET /registrations/{id}/erasure", stranger)
    assert said(answer) == (404, "not_found")


def test_erasure_right_after_it_was_acknowledged_waits_for_every_store(
    deployment: Deployment,
) -> None:
    receipt = registered(deployment)
    accepted = json.loads(ask(deployment, "DELETE /registrations/{id}", receipt)["body"])
    told = status(deployment, receipt)
    assert (told["status"], told["requested_at"]) == ("erasing", accepted["requested_at"])
    assert [one["store"] for one in told["stores"]] == [store.value for store in ErasureStore]
    assert not any("erased_at" in one for one in told["stores"])
    assert "receipt" not in told


def test_erasure_from_before_there_was_a_roll_names_the_stores_of_its_receipt(
    deployment: Deployment,
) -> None:
    receipt = registered(deployment)
    ask(deployment, "DELETE /registrations/{id}", receipt)
    deployment.deliver()
    clients.dynamodb().update_item(
        TableName="erasure-ledger",
        Key={"id": {"S": receipt["id"]}},
        UpdateExpression="REMOVE at_issuance_roll",
    )
    told = status(deployment, receipt)
    assert told["status"] == "erased"
    assert told["completed_at"] == max(one["erased_at"] for one in told["stores"])
    assert [one["store"] for one in told["stores"]] == [
        store.value for store in ErasureStore if store is not ErasureStore.ISSUANCE_ROLL
    ]


def test_erasure_that_is_complete_ends_in_a_receipt_that_verifies(deployment: Deployment) -> None:
    receipt = registered(deployment)
    ask(deployment, "DELETE /registrations/{id}", receipt)
    deployment.deliver()
    told = status(deployment, receipt)
    assert told["status"] == "erased"
    assert all("erased_at" in one for one in told["stores"])
    statement = verify_receipt(read_receipt(json.dumps(told["receipt"]).encode()))
    assert statement.registration == receipt["id"]
    assert statement.stores.keys() == {store.value for store in ErasureStore}
