"""Reads everything in a log group, stream by stream and page by page.

It does not use FilterLogEvents, as the engine returns only its first 10,000 events and no further
page; GetLogEvents pages there as it does on AWS.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


def stream_names(logs: "CloudWatchLogsClient", group: str) -> Iterator[str]:
    """Yield the names of a group's streams."""
    for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=group):
        for stream in page["logStreams"]:
            yield stream["logStreamName"]


def pages(
    logs: "CloudWatchLogsClient",
    group: str,
    stream: str,
    window: tuple[datetime, datetime] | None = None,
) -> Iterator[list[str]]:
    """Yield the messages of a stream page by page, the oldest first.

    Args:
        logs: The client.
        group: The group's name.
        stream: The stream's name.
        window: Only events between these two moments, both included, to the millisecond.
    """
    asked: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    if window is not None:
        since, until = (int(moment.timestamp() * 1000) for moment in window)
        asked |= {"startTime": since, "endTime": until + 1}
    while True:
        answer = logs.get_log_events(**asked)
        messages = [event["message"] for event in answer["events"]]
        if messages:
            yield messages
        following = answer["nextForwardToken"]
        # An empty page is not the end: the end is a token that leads to itself.
        if following == asked.get("nextToken"):
            return
        asked["nextToken"] = following


def messages(
    logs: "CloudWatchLogsClient", group: str, window: tuple[datetime, datetime] | None = None
) -> Iterator[str]:
    """Yield the messages of all streams of a group, one stream after the other."""
    for stream in stream_names(logs, group):
        for page in pages(logs, group, stream, window):
            yield from page
