"""One line per invocation, even if it fails, with valid metrics and no error messages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from civic.runtime import clients, observability
from civic.runtime.observability import NAMESPACE, Invocation, describe, invocation
from tests.fakes.fixtures import LogLines

CANARY = "zq9canary"


def run(*steps: Callable[[Invocation], object]) -> None:
    with invocation() as line:
        for step in steps:
            step(line)


def fail_with(error: BaseException) -> Callable[[Invocation], None]:
    def step(_line: Invocation) -> None:
        raise error

    return step


def test_invocation_writes_one_json_line(log_lines: LogLines) -> None:
    run(
        lambda line: line.note(id="an-id"),
        lambda line: line.record(message="m0", outcome="stored"),
        lambda line: line.record(message="m1", outcome="stored"),
    )
    (line,) = log_lines()
    assert line["message"] == "invocation"
    assert line["id"] == "an-id"
    assert [one["message"] for one in line["records"]] == ["m0", "m1"]


def test_what_failed_is_named_by_its_type_and_the_first_error_raised(log_lines: LogLines) -> None:
    first, second = ValueError(CANARY), KeyError(CANARY)
    with pytest.raises(ValueError, match=CANARY):
        run(lambda line: line.raise_first({"one": first, "other": second}))
    (line,) = log_lines()
    assert line["failed"] == {"one": "ValueError", "other": "KeyError"}
    assert CANARY not in json.dumps(line)


def test_where_nothing_failed_nothing_is_noted(log_lines: LogLines) -> None:
    run(lambda line: line.raise_first({}))
    (line,) = log_lines()
    assert "failed" not in line


def test_line_names_the_service_and_an_aware_time(
    log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "named-once")
    run()
    (line,) = log_lines()
    assert line["service"] == "named-once"
    assert line["timestamp"].endswith("+00:00")


def test_line_is_written_whatever_level_the_environment_asks_for(
    log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "level-once")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "CRITICAL")
    run()
    (line,) = log_lines()
    assert line["level"] == "INFO"


def test_line_names_no_place_in_the_code(log_lines: LogLines) -> None:
    run()
    (line,) = log_lines()
    assert "location" not in line


def test_service_without_a_name_is_civic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "another")
    assert observability._logger("named").service == "named"
    monkeypatch.delenv("POWERTOOLS_SERVICE_NAME")
    assert observability._service() == "civic"


@pytest.mark.parametrize("error", [ValueError(CANARY), KeyboardInterrupt(CANARY)])
def test_failed_invocation_writes_its_line_and_raises(
    error: BaseException, log_lines: LogLines
) -> None:
    with pytest.raises(type(error)):
        run(lambda line: line.note(id="an-id"), fail_with(error))
    (line,) = log_lines()
    assert (line["id"], line["outcome"], line["error"]) == ("an-id", "error", type(error).__name__)
    assert line["Errors"] == [1.0]
    assert CANARY not in json.dumps(line)


def test_message_of_a_chain_of_errors_never_appears(log_lines: LogLines) -> None:
    error = RuntimeError(CANARY)
    error.__cause__ = KeyError(CANARY)
    with pytest.raises(RuntimeError):
        run(fail_with(error))
    (line,) = log_lines()
    assert line["error"] == "RuntimeError < KeyError"
    assert CANARY not in json.dumps(line)


def test_error_of_aws_is_named_by_its_code() -> None:
    response: Any = {"Error": {"Code": "ThrottlingException", "Message": CANARY}}
    assert describe(ClientError(response, "GetItem")) == "ClientError:ThrottlingException"


@pytest.mark.parametrize("response", [None, "text", {}, {"Error": {}}])
def test_error_with_an_odd_response_is_named_by_its_type(response: object) -> None:
    error = RuntimeError(CANARY)
    error.response = response  # type: ignore[attr-defined]
    assert describe(error) == "RuntimeError"


def test_metrics_are_a_valid_embedded_metric_block(
    log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    # CloudWatch, "Embedded metric format specification": what is declared is at the root.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "metrics-once")
    run(
        lambda line: line.count("Registered"),
        lambda line: line.count("Rewrapped", 5),
        lambda line: line.count("Rewrapped", 2),
    )
    (line,) = log_lines()
    assert isinstance(line["_aws"]["Timestamp"], int)
    (block,) = line["_aws"]["CloudWatchMetrics"]
    assert block["Namespace"] == NAMESPACE == "Civic"
    assert block["Metrics"] == [
        {"Name": "Registered", "Unit": "Count"},
        {"Name": "Rewrapped", "Unit": "Count"},
    ]
    assert (line["Registered"], line["Rewrapped"]) == ([1.0], [7.0])
    (dimensions,) = block["Dimensions"]
    assert sorted(dimensions) == ["function", "service"]
    assert {name: line[name] for name in dimensions} == dict.fromkeys(dimensions, "metrics-once")


def test_metrics_of_one_invocation_do_not_reach_the_next(log_lines: LogLines) -> None:
    run(lambda line: line.count("Registered"), lambda line: line.note(id="first"))
    run(lambda line: line.count("Erased"))
    _, second = log_lines()
    assert second["Erased"] == [1.0]
    assert "Registered" not in second
    assert "id" not in second
    assert len(second["_aws"]["CloudWatchMetrics"][0]["Metrics"]) == 1


def test_invocation_without_metrics_declares_none(log_lines: LogLines) -> None:
    run()
    (line,) = log_lines()
    assert "_aws" not in line
    assert "records" not in line


def test_line_tells_the_aws_calls_of_this_invocation(log_lines: LogLines) -> None:
    clients.calls["dynamodb:GetItem"] += 7
    run(lambda _: clients.calls.update(["kms:Decrypt", "kms:Decrypt"]))
    (line,) = log_lines()
    assert line["aws_calls"] == {"kms:Decrypt": 2}


def test_hushed_invocation_writes_no_line(log_lines: LogLines) -> None:
    with invocation() as line:
        line.hush()
    assert log_lines() == []


class Tampered(Exception):
    """An error that an operator should hear of."""

    METRIC = "SomethingTampered"


def test_error_with_a_metric_is_counted_under_that_name_and_described() -> None:
    line = Invocation()
    for _ in range(2):
        assert line.blame(Tampered(CANARY)) == "Tampered"
    assert line.counts == {"SomethingTampered": 2}


def test_error_without_a_metric_is_described_only() -> None:
    line = Invocation()
    assert line.blame(ValueError(CANARY)) == "ValueError"
    assert not line.counts
