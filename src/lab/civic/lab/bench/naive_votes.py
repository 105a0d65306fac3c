"""The vote path of the demo that ours is measured against, in Python: two functions.

Written after its description, and no better or worse than that: the enqueuer reads the voter and
sends the id and the candidate; the processor reads the voter again, writes the candidate onto the
voter's row without a condition, and adds one to a counter. One message at a time; no validation of
the body beyond its two members, no sealing, no receipt, no log line of its own.
"""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

import boto3

VOTERS, RESULTS = "Voters", "Results"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/123456789012/votes"
INDEX_WRITES_PER_VOTE = 1
"""A voter's row gets a candidate and so enters the index on state and candidate."""

type Item = dict[str, Any]


@cache
def session() -> boto3.Session:
    """Return the session of all clients."""
    return boto3.Session()


@cache
def client(service: str) -> Any:
    """Return a client."""
    return cast("Any", session()).client(service)


def enqueuer(event: Item, _context: object) -> Item:
    """POST: look for the voter, send the vote on."""
    vote = json.loads(event["body"])
    voter = _voter(vote["id"])
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
        voter = _voter(vote["id"])
        if voter is None:
            continue
        client("dynamodb").update_item(
            TableName=VOTERS,
            Key={"id": {"S": vote["id"]}},
            UpdateExpression="SET candidate = :candidate, voted_at = :now",
            ExpressionAttributeValues={
                ":candidate": {"S": vote["candidate"]},
                ":now": {"S": datetime.now(UTC).isoformat()},
            },
        )
        client("dynamodb").update_item(
            TableName=RESULTS,
            Key={"state": voter["state"], "candidate": {"S": vote["candidate"]}},
            UpdateExpression="ADD #count :one",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )


def _voter(voter: str) -> Item | None:
    found: Item | None = (
        client("dynamodb").get_item(TableName=VOTERS, Key={"id": {"S": voter}}).get("Item")
    )
    return found


def _answer(status: int, message: str) -> Item:
    body = {"success": status < 300, "message": message}  # noqa: PLR2004 - HTTP
    return {"statusCode": status, "body": json.dumps(body)}
