"""The functions of the two designs that ours is compared with.

`gateway` to `analytics` register people with one ``kms.Encrypt`` per field and one ``kms.Decrypt``
per field read. They follow the original requirement's lists of components, events and tables, and
are no better or worse than it asks for: no validation of bodies, no idempotency, no access token,
no log line of their own; EventBridge invokes them directly; analytics reads both stores at every
event about a registration, and decrypts once both halves are there.

`enqueuer` and `processor` take votes as the description of the demo before this system says: the
enqueuer reads the voter and sends the id and the candidate; the processor reads the voter again,
writes the candidate onto the voter's row without a condition, and adds one to a counter. They
validate nothing but the body's two members, seal nothing, and give no receipt.
"""

import base64
import json
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from civic.runtime import clients

HIGH_SEC, LOW_SEC = "HighSecDataStore", "LowSecDataStore"
VOTERS, RESULTS = "Voters", "Results"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/votes"

type Item = dict[str, Any]


def client(service: str) -> Any:
    """Return a client as the SDK makes it by default, from the counted session."""
    return _made(clients.session(), service)


@cache
def _made(session: Any, service: str) -> Any:
    return session.create_client(service)


def gateway(event: Item, _context: object) -> Item:
    """POST: encrypt every field, make an id, and publish."""
    pii = {name: _encrypt(value) for name, value in json.loads(event["body"]).items()}
    registration = str(uuid.uuid4())
    _publish("ValidationRequest", {"id": registration, "pii": pii})
    return {"statusCode": 202, "body": json.dumps({"id": registration})}


def validator(event: Item, _context: object) -> None:
    """Decrypt every field, decide, store the decision, and publish it."""
    detail, now = event["detail"], {"S": _now()}
    fields = {name: _decrypt(blob) for name, blob in detail["pii"].items()}
    decision = int(all(fields.values()))
    decided = {"decision": {"N": str(decision)}, "status": {"N": "1"}}
    put(LOW_SEC, {"id": {"S": detail["id"]}, **decided, "created": now, "updated": now})
    _publish("ValidationResult", {"id": detail["id"], "decision": decision})


def pii_storage(event: Item, _context: object) -> None:
    """Store the encrypted fields, and publish that they are stored."""
    detail, now = event["detail"], {"S": _now()}
    fields = {name: {"S": blob} for name, blob in detail["pii"].items()}
    put(HIGH_SEC, {"id": {"S": detail["id"]}, **fields, "created": now, "updated": now})
    _publish("DataStored", {"id": detail["id"]})


def analytics(event: Item, _context: object) -> dict[str, str] | None:
    """Read both halves; decrypt the person's data if both are there."""
    registration = event["detail"]["id"]
    decision, stored = _get(LOW_SEC, registration), _get(HIGH_SEC, registration)
    if decision is None or stored is None:
        return None
    plain = {"id", "created", "updated"}
    return {name: _decrypt(value["S"]) for name, value in stored.items() if name not in plain}


def enqueuer(event: Item, _context: object) -> Item:
    """POST: look up the voter, and send the vote on."""
    vote = json.loads(event["body"])
    voter = _get(VOTERS, vote["id"])
    if voter is None:
        return _answer(404, "The voter does not exist")
    if "candidate" in voter:
        return _answer(409, "The voter has voted already")
    body = json.dumps({"id": vote["id"], "candidate": vote["candidate"]})
    client("sqs").send_message(QueueUrl=QUEUE_URL, MessageBody=body)
    return _answer(201, "The vote is being processed")


def processor(event: Item, _context: object) -> None:
    """Queue: write each vote onto its voter's row, and count it."""
    for record in event["Records"]:
        vote = json.loads(record["body"])
        voter = _get(VOTERS, vote["id"])
        if voter is None:
            continue
        client("dynamodb").update_item(
            TableName=VOTERS,
            Key={"id": {"S": vote["id"]}},
            UpdateExpression="SET candidate = :candidate, voted_at = :now",
            ExpressionAttributeValues={
                ":candidate": {"S": vote["candidate"]},
                ":now": {"S": _now()},
            },
        )
        client("dynamodb").update_item(
            TableName=RESULTS,
            Key={"state": voter["state"], "candidate": {"S": vote["candidate"]}},
            UpdateExpression="ADD #count :one",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )


def _encrypt(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    answer = client("kms").encrypt(KeyId="CivicKey", Plaintext=text.encode())
    return base64.b64encode(answer["CiphertextBlob"]).decode()


def _decrypt(blob: str) -> str:
    answer = client("kms").decrypt(KeyId="CivicKey", CiphertextBlob=base64.b64decode(blob))
    plaintext: bytes = answer["Plaintext"]
    return plaintext.decode()


def _publish(detail_type: str, detail: Item) -> None:
    entry: Any = {"Source": "civic", "DetailType": detail_type, "Detail": json.dumps(detail)}
    client("events").put_events(Entries=[entry])


def put(table: str, item: Item) -> None:
    """Write an item."""
    client("dynamodb").put_item(TableName=table, Item=item)


def _get(table: str, key: str) -> Item | None:
    answer: Item = client("dynamodb").get_item(TableName=table, Key={"id": {"S": key}})
    return answer.get("Item")


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _answer(status: int, message: str) -> Item:
    body = {"success": status < 300, "message": message}  # noqa: PLR2004 - HTTP
    return {"statusCode": status, "body": json.dumps(body)}
