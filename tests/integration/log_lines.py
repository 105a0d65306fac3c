"""The functions' log lines in CloudWatch Logs."""

import json
from typing import Any

from civic.lab import log_events
from civic.stack.stacks import IDENTITY
from civic.stack.target import Target

type Line = dict[str, Any]


def streams(target: Target) -> dict[tuple[str, str], list[str]]:
    """Return every message that a function of identity wrote, by log group and stream."""
    return {
        (group, name): [
            message for page in log_events.pages(target.logs, group, name) for message in page
        ]
        for group in map(target.log_group, IDENTITY)
        for name in log_events.stream_names(target.logs, group)
    }


def is_of_the_platform(message: str) -> bool:
    """Return whether Lambda itself wrote a message."""
    return message.startswith(("START RequestId: ", "END RequestId: ", "REPORT RequestId: "))


def lines(target: Target) -> list[Line]:
    """Return the log lines of the functions."""
    messages = (message for stream in streams(target).values() for message in stream)
    return [json.loads(message) for message in messages if not is_of_the_platform(message)]


def lines_of(target: Target, service: str) -> list[Line]:
    """Return the log lines of one function."""
    return [line for line in lines(target) if line["service"] == service]


def traces_in(line: Line) -> set[str]:
    """Return the trace ids that a line is about: its own, and those of its records."""
    records = {
        record["trace"].split("-")[1] for record in line.get("records", ()) if "trace" in record
    }
    return records | ({line["trace_id"]} if "trace_id" in line else set())
