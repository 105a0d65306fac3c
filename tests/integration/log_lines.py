"""The functions' log lines, as CloudWatch Logs has them."""

import json
from typing import Any

from civic.cli.target import Target

type Line = dict[str, Any]


def streams(target: Target) -> dict[str, list[str]]:
    """Return every message of the functions' log group, by stream."""
    group = f"/civic/{target.stack}/functions"
    listed = target.logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
    names = [stream["logStreamName"] for page in listed for stream in page["logStreams"]]
    return {name: _messages(target, group, name) for name in names}


def _messages(target: Target, group: str, stream: str) -> list[str]:
    # Stream by stream: the engine answers with 10,000 events at the most, and no further page.
    pages = target.logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, logStreamNames=[stream]
    )
    return [event["message"] for page in pages for event in page["events"]]


def is_of_the_platform(message: str) -> bool:
    """Tell whether Lambda itself wrote a message."""
    return message.startswith(("START RequestId: ", "END RequestId: ", "REPORT RequestId: "))


def lines(target: Target) -> list[Line]:
    """Return what the functions wrote."""
    messages = (message for stream in streams(target).values() for message in stream)
    return [json.loads(message) for message in messages if not is_of_the_platform(message)]


def lines_of(target: Target, service: str) -> list[Line]:
    """Return what one function wrote."""
    return [line for line in lines(target) if line["service"] == service]


def traces_in(line: Line) -> set[str]:
    """Return the trace ids that a line is about: its own, and those of its records."""
    records = {
        record["trace"].split("-")[1] for record in line.get("records", ()) if "trace" in record
    }
    return records | ({line["trace_id"]} if "trace_id" in line else set())
