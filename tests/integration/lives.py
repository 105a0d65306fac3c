"""People in a known state: registered, erased, or waiting for too long."""

from datetime import UTC, datetime, timedelta
from typing import Any

from civic.client.citizen import Citizen, Receipt
from civic.stack.target import Target
from tests.integration.people import Payload, idempotency_key, person
from tests.integration.rows import BY_ID, is_tombstone, row, subject_keys
from tests.integration.waiting import decided, eventually, stored


def rejected() -> Payload:
    """Return the test's person as the rules reject them."""
    return person(citizenship_attestation=False)


def doubtful() -> Payload:
    """Return the test's person as the rules refer them to people."""
    return person(national_id="not one")


def registered(citizen: Citizen, payload: Payload) -> Receipt:
    """Return a person whose registration is decided and stored."""
    receipt = citizen.register(payload, idempotency_key())
    decided(citizen, receipt)
    stored(citizen, receipt)
    return receipt


def erased(citizen: Citizen, receipt: Receipt) -> dict[str, Any]:
    """Return the status of an erasure once it is complete."""

    def look() -> dict[str, Any] | None:
        status = citizen.erasure(receipt)
        return status if status["status"] == "erased" else None

    return eventually("the erasure is complete", look) or {}


def is_erased(target: Target, receipt: Receipt) -> bool:
    """Return whether every store has forgotten a person, and there is a receipt for it."""
    entry = row(target, "ErasureLedgerName", receipt) or {}
    return (
        all(is_tombstone(row(target, store, receipt)) for store in BY_ID)
        and not subject_keys(target, receipt)
        and "receipt" in entry
    )


def aged(target: Target, citizen: Citizen, payload: Payload, age: timedelta) -> Receipt:
    """Return a person whose last change was this long ago."""
    receipt = registered(citizen, payload)
    target.dynamodb.update_item(
        TableName=target.output("LowSecDataStoreName"),
        Key={"id": {"S": receipt.id}},
        UpdateExpression="SET updated = :then",
        ExpressionAttributeValues={":then": {"S": (datetime.now(UTC) - age).isoformat()}},
    )
    return receipt


def set_back(target: Target, receipt: Receipt, age: timedelta) -> None:
    """Make it that long ago that a person's record and decision, or tombstone, were written."""
    for store in ("LowSecDataStoreName", "HighSecDataStoreName"):
        item = row(target, store, receipt) or {}
        for name in {"updated", "submitted", "erased_at"} & item.keys():
            target.dynamodb.update_item(
                TableName=target.output(store),
                Key={"id": {"S": receipt.id}},
                UpdateExpression="SET #name = :then",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":then": {"S": (datetime.now(UTC) - age).isoformat()}},
            )


def waiting_too_long(target: Target, citizen: Citizen) -> Receipt:
    """Return a person who contested a decision more than a month ago and got no answer."""
    receipt = registered(citizen, rejected())
    citizen.dispute(receipt)
    received = datetime.now(UTC) - timedelta(days=40)
    target.dynamodb.update_item(
        TableName=target.output("RequestLogName"),
        Key={"id": {"S": receipt.id}, "entry": {"S": "open#review"}},
        UpdateExpression="SET received = :then, due = :due",
        ConditionExpression="attribute_exists(entry)",
        ExpressionAttributeValues={
            ":then": {"S": received.isoformat()},
            ":due": {"S": (received + timedelta(days=31)).isoformat()},
        },
    )
    return receipt
