"""The naive design's functions: one ``kms.Encrypt`` per field, one ``kms.Decrypt`` per field read.

Written after the original requirement's component, event and table lists, and no better or worse
than it asks for: no validation of bodies, no idempotency, no access token, no log line of its own;
EventBridge invokes the functions directly; the analytics function reads both stores whenever it
hears of a registration, and decrypts once both halves are there.
"""

import base64
import json
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import boto3

HIGH_SEC = "HighSecDataStore"
LOW_SEC = "LowSecDataStore"
KEY = "CivicKey"
BUS = "Bus"

type Item = dict[str, Any]


@cache
def session() -> boto3.Session:
    """Return the session of all clients."""
    return boto3.Session()


@cache
def client(service: str) -> Any:
    """Return a client."""
    return cast("Any", session()).client(service)


def gateway(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """POST: encrypt every field, make an id, publish."""
    fields = json.loads(event["body"])
    pii = {name: _encrypt(value) for name, value in fields.items()}
    registration = str(uuid.uuid4())
    _publish("ValidationRequest", {"id": registration, "pii": pii})
    return {"statusCode": 202, "body": json.dumps({"id": registration})}


def validator(event: dict[str, Any], _context: object) -> None:
    """Decrypt every field, decide, store the decision, publish it."""
    detail = event["detail"]
    fields = {name: _decrypt(blob) for name, blob in detail["pii"].items()}
    decision, now = int(all(fields.values())), _now()
    _put(
        LOW_SEC,
        {
            "id": {"S": detail["id"]},
            "decision": {"N": str(decision)},
            "status": {"N": "1"},
            "created": {"S": now},
            "updated": {"S": now},
        },
    )
    _publish("ValidationResult", {"id": detail["id"], "decision": decision})


def pii_storage(event: dict[str, Any], _context: object) -> None:
    """Store the encrypted fields, publish that they are stored."""
    detail, now = event["detail"], _now()
    fields = {name: {"S": blob} for name, blob in detail["pii"].items()}
    times = {"created": {"S": now}, "updated": {"S": now}}
    _put(HIGH_SEC, {"id": {"S": detail["id"]}} | fields | times)
    _publish("DataStored", {"id": detail["id"]})


def analytics(event: dict[str, Any], _context: object) -> dict[str, str] | None:
    """Read both halves; decrypt the person's data if both are there."""
    registration = event["detail"]["id"]
    decision, stored = _get(LOW_SEC, registration), _get(HIGH_SEC, registration)
    if decision is None or stored is None:
        return None
    plain = {"id", "created", "updated"}
    return {name: _decrypt(value["S"]) for name, value in stored.items() if name not in plain}


def _encrypt(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    answer = client("kms").encrypt(KeyId=KEY, Plaintext=text.encode())
    return base64.b64encode(answer["CiphertextBlob"]).decode()


def _decrypt(blob: str) -> str:
    answer = client("kms").decrypt(KeyId=KEY, CiphertextBlob=base64.b64decode(blob))
    plaintext: bytes = answer["Plaintext"]
    return plaintext.decode()


def _publish(detail_type: str, detail: dict[str, Any]) -> None:
    entry = {
        "EventBusName": BUS,
        "Source": "civic",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
    }
    client("events").put_events(Entries=[entry])


def _put(table: str, item: Item) -> None:
    client("dynamodb").put_item(TableName=table, Item=item)


def _get(table: str, registration: str) -> Item | None:
    item: Item | None = (
        client("dynamodb").get_item(TableName=table, Key={"id": {"S": registration}}).get("Item")
    )
    return item


def _now() -> str:
    return datetime.now(UTC).isoformat()
