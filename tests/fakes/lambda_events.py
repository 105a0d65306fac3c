"""Events as Lambda hands them to the functions."""

import base64
import json
from typing import Any


def http_event(
    route: str = "POST /things",
    body: str | bytes | None = None,
    *,
    headers: dict[str, str] | None = None,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    token: str | None = None,
    content_type: str | None = "application/json",
) -> dict[str, Any]:
    """Return a request of API Gateway's HTTP API, payload format 2.0; bytes go as base64."""
    all_headers = dict(headers or {})
    if token is not None:
        all_headers["authorization"] = f"Bearer {token}"
    if content_type is not None:
        all_headers["content-type"] = content_type
    event: dict[str, Any] = {"version": "2.0", "routeKey": route, "headers": all_headers}
    if path:
        event["pathParameters"] = path
    if query:
        event["queryStringParameters"] = query
    if isinstance(body, bytes):
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    elif body is not None:
        event |= {"body": body, "isBase64Encoded": False}
    return event


def sqs_event(*bodies: str) -> dict[str, Any]:
    """Return a batch; the messages are named ``m0``, ``m1`` and so on."""
    return {"Records": [{"messageId": f"m{i}", "body": body} for i, body in enumerate(bodies)]}


def failed(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    """Return the messages that a batch answer sends back to the queue."""
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def said(response: dict[str, Any]) -> tuple[int, str]:
    """Return the status and the code of a problem."""
    return response["statusCode"], json.loads(response["body"])["code"]


def wrong_fields(response: dict[str, Any]) -> list[tuple[str, str]]:
    """Return code and pointer of every field that a problem names."""
    return [(one["code"], one["pointer"]) for one in json.loads(response["body"])["errors"]]
