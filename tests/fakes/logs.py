"""CloudWatch Logs, for reading: its answers are bounded, and some are empty."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

PAGE = 3
"""How many events one answer has, instead of 10,000."""


class Logs:
    """Groups of streams of events."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, list[tuple[int, str]]]] = {}

    def write(self, group: str, stream: str, moment: datetime, *messages: str) -> None:
        """Append events with the same time."""
        events = self.groups.setdefault(group, {}).setdefault(stream, [])
        events += [(int(moment.timestamp() * 1000), message) for message in messages]

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self, operation)

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        """Return one page, the oldest event first; the last token leads to itself."""
        assert asked["startFromHead"], "from the end, the first page is the last"
        stream = self.groups[asked["logGroupName"]][asked["logStreamName"]]
        since, until = asked.get("startTime", 0), asked.get("endTime", 2**63)
        found = [{"message": text} for moment, text in stream if since <= moment < until]
        pages: list[list[dict[str, str]]] = []
        for first in range(0, len(found), PAGE):
            # CloudWatch may answer with nothing though there is more.
            pages += [[], found[first : first + PAGE]]
        place = int(asked.get("nextToken", "0"))
        if place == len(pages):
            return {"events": [], "nextForwardToken": str(place)}
        return {"events": pages[place], "nextForwardToken": str(place + 1)}


class _Pages:
    def __init__(self, logs: Logs, operation: str) -> None:
        self._logs = logs
        self._operation = operation

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        """Return one name on each page."""
        if self._operation == "describe_log_groups":
            names, part, name = list(self._logs.groups), "logGroups", "logGroupName"
        else:
            assert self._operation == "describe_log_streams"
            names = list(self._logs.groups[asked["logGroupName"]])
            part, name = "logStreams", "logStreamName"
        for one in names:
            yield {part: [{name: one}]}
