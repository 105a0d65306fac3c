"""Reading logs misses no line, however many lines an answer holds."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from civic.lab import log_events
from civic.lab.demo.figures import aws_calls
from civic.lab.leakscan.places import _log_groups
from civic.stack.stacks import STACKS
from civic.stack.target import Target
from tests.fakes.logs import PAGE, Logs

GROUP = "/civic/here/functions"
BEGUN = datetime(2027, 1, 1, tzinfo=UTC)
MANY = 3 * PAGE + 1
INSTANT = timedelta(milliseconds=1)


@pytest.fixture
def logs() -> Any:
    """Two streams of more events than two answers hold, and an empty one."""
    logs = Logs()
    for stream in ("a", "b"):
        logs.write(GROUP, stream, BEGUN, *(f"{stream}{number}" for number in range(MANY)))
    logs.write(GROUP, "silent", BEGUN)
    return logs


def every() -> list[str]:
    return [f"{stream}{number}" for stream in "ab" for number in range(MANY)]


def target(logs: Any) -> Any:
    found = Target("here")
    vars(found)["logs"] = logs
    return found


def test_all_messages_are_read_in_their_order(logs: Any) -> None:
    assert list(log_events.messages(logs, GROUP)) == every()


def test_streams_are_named_and_one_is_read_page_by_page(logs: Any) -> None:
    assert list(log_events.stream_names(logs, GROUP)) == ["a", "b", "silent"]
    assert [len(page) for page in log_events.pages(logs, GROUP, "b")] == [PAGE, PAGE, PAGE, 1]
    assert list(log_events.pages(logs, GROUP, "silent")) == []


def test_window_has_both_its_ends(logs: Any) -> None:
    end = BEGUN + timedelta(seconds=1)
    logs.write(GROUP, "c", BEGUN - INSTANT, "before")
    logs.write(GROUP, "c", end, "last")
    logs.write(GROUP, "c", end + INSTANT, "after")
    assert list(log_events.messages(logs, GROUP, (BEGUN, end))) == [*every(), "last"]


def test_leak_scan_sees_every_line_and_the_names_of_streams(logs: Any) -> None:
    (place,) = _log_groups(target(logs))
    seen = b"\n".join(piece.content for piece in place.read()).decode().split("\n")
    assert Counter(seen) == Counter([*every(), "a", "b", "silent"])


def test_demo_counts_the_calls_of_every_line_of_every_stack() -> None:
    logs = Logs()
    found = target(logs)
    for stack in STACKS:
        logs.write(found.log_group(stack), "silent", BEGUN)
    line = json.dumps({"service": "gateway", "aws_calls": {"kms:Decrypt": 2}})
    for group, stream in ((GROUP, "a"), ("/civic/here-voting/functions", "b")):
        logs.write(group, stream, BEGUN, *["START RequestId: 1", line] * MANY)
    logs.write(GROUP, "a", BEGUN - INSTANT, line)
    calls = aws_calls(found, BEGUN, BEGUN)
    assert calls.by_operation == {("gateway", "kms:Decrypt"): 4 * MANY}
    assert calls.invocations == {"gateway": 2 * MANY}
