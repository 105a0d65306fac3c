"""Queues, rules, tables and APIs as CloudFormation will be given them."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tools.check_templates import translate

from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.runtime.observability import NAMESPACE

ROOT = Path(__file__).resolve().parents[2]


@cache
def resources() -> dict[str, Any]:
    return dict(translate(ROOT / "template.yaml")["Resources"])


def of_type(kind: str) -> dict[str, Any]:
    found = {name: one for name, one in resources().items() if one["Type"] == kind}
    assert found, f"no {kind} in the template"
    return {name: one.get("Properties", {}) for name, one in found.items()}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def logical_id(value: Any) -> str:
    """Return the logical id an ARN is of; the template text where it is built from one."""
    if isinstance(value, dict):
        ((_, of),) = value.items()
        return str(of[0] if isinstance(of, list) else of)
    return str(value)


def test_every_consumer_reports_partial_failures_and_is_bounded() -> None:
    mappings = of_type("AWS::Lambda::EventSourceMapping")
    assert len(mappings) == 7
    for name, mapping in mappings.items():
        if name.endswith("FunctionSchedule"):
            assert mapping["BatchSize"] == 1
            continue
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"]


def test_every_consumed_queue_is_encrypted_and_has_a_dead_letter_queue() -> None:
    queues = of_type("AWS::SQS::Queue")
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    consumed = {
        logical_id(mapping["EventSourceArn"])
        for mapping in of_type("AWS::Lambda::EventSourceMapping").values()
    }
    for name in consumed:
        dead = logical_id(queues[name]["RedrivePolicy"]["deadLetterTargetArn"])
        assert dead in queues
        assert dead not in consumed


def test_the_bus_hands_events_to_queues_only() -> None:
    queues = of_type("AWS::SQS::Queue")
    for rule in of_type("AWS::Events::Rule").values():
        for target in rule["Targets"]:
            assert logical_id(target["Arn"]) in queues
            assert logical_id(target["DeadLetterConfig"]["Arn"]) == "UndeliveredQueue"


def test_queues_outlive_no_tombstone() -> None:
    longest = TOMBSTONE_LIFETIME.total_seconds()
    for queue in of_type("AWS::SQS::Queue").values():
        assert queue["MessageRetentionPeriod"] < longest
    (archive,) = of_type("AWS::Events::Archive").values()
    assert archive["RetentionDays"] * 86_400 < longest


def test_subject_keys_leave_no_lasting_copy() -> None:
    table = of_type("AWS::DynamoDB::Table")["SubjectKeysTable"]
    assert table["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 1
    assert "StreamSpecification" not in table


def test_no_function_has_an_address_of_its_own() -> None:
    kinds = {one["Type"] for one in resources().values()}
    assert "AWS::Lambda::Url" not in kinds


@pytest.mark.parametrize("stage", ["ApiStage", "StaffStage"])
def test_every_api_is_throttled(stage: str) -> None:
    settings = of_type("AWS::ApiGatewayV2::Stage")[stage]["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"]
    assert settings["ThrottlingBurstLimit"]


def test_only_the_staff_api_leads_to_reviews_and_every_route_of_it_asks_for_iam() -> None:
    for route in of_type("AWS::ApiGatewayV2::Route").values():
        staff = logical_id(route["ApiId"]) == "StaffApi"
        assert staff == ("ReviewIntegration" in str(route["Target"]))
        assert route.get("AuthorizationType") == ("AWS_IAM" if staff else None)


@pytest.mark.parametrize("stage", ["ApiStage", "StaffStage"])
def test_access_logs_hold_no_address_and_no_path(stage: str) -> None:
    line = of_type("AWS::ApiGatewayV2::Stage")[stage]["AccessLogSettings"]["Format"]
    for revealing in ("sourceIp", "userAgent", "context.path", "authorizer", "identity"):
        assert revealing not in line


def test_alarm_watches_the_metric_that_the_check_writes() -> None:
    (alarm,) = of_type("AWS::CloudWatch::Alarm").values()
    assert (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, "RequestsOverdue")
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {"service": "deadlines", "function": "deadlines"}
    assert alarm["TreatMissingData"] == "breaching"


def test_alarms_reach_a_topic_whose_key_lets_them_in() -> None:
    topic = resources()["PrivacyAlarms"]["Properties"]
    policy = resources()[topic["KmsMasterKeyId"]["Ref"]]["Properties"]["KeyPolicy"]
    services = [one["Principal"].get("Service") for one in policy["Statement"]]
    assert "cloudwatch.amazonaws.com" in services
