"""The rights of every function, as CloudFormation will be given them.

The matrix is written out by hand from docs/architecture.md and compared both ways: a right that is
missing fails, and so does one too many.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tools.check_templates import translate

from civic.contracts.retention import TOMBSTONE_LIFETIME

ROOT = Path(__file__).resolve().parents[2]

type Right = tuple[str, str, tuple[str, ...]]
"""An action, the logical id it is allowed on, and the condition keys that narrow it."""

LEADING = ("dynamodb:LeadingKeys",)
ATTRIBUTES = ("dynamodb:Attributes", "dynamodb:Select")
CONTEXT = ("kms:EncryptionContext:purpose", "kms:EncryptionContext:wk")
SOURCE = ("events:detail-type", "events:source")


def takes(queue: str) -> set[Right]:
    actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
    return {(action, queue, ()) for action in actions}


RIGHTS: dict[str, set[Right]] = {
    "GatewayRole": {
        ("dynamodb:GetItem", "WrappingKeysTable", LEADING),
        ("dynamodb:PutItem", "SubjectKeysTable", ()),
        ("dynamodb:GetItem", "SubjectKeysTable", ATTRIBUTES),
        ("dynamodb:GetItem", "LowSecDataStore", ()),
        ("dynamodb:PutItem", "LowSecDataStore", ()),
        ("events:PutEvents", "Bus", SOURCE),
    },
    "SubjectAccessRole": {
        ("dynamodb:GetItem", "HighSecDataStore", ()),
        ("dynamodb:GetItem", "SubjectKeysTable", ()),
        ("dynamodb:GetItem", "WrappingKeysTable", ()),
        ("kms:Decrypt", "CivicKey", CONTEXT),
    },
    "ValidatorRole": takes("ValidatorQueue")
    | {
        ("dynamodb:GetItem", "SubjectKeysTable", ()),
        ("dynamodb:GetItem", "WrappingKeysTable", ()),
        ("kms:Decrypt", "CivicKey", CONTEXT),
        ("dynamodb:PutItem", "LowSecDataStore", ()),
        ("events:PutEvents", "Bus", SOURCE),
    },
    "PiiStorageRole": takes("PiiStorageQueue")
    | {
        ("dynamodb:PutItem", "HighSecDataStore", ()),
        ("dynamodb:DeleteItem", "SubjectKeysTable", ()),
        ("dynamodb:Query", "SubjectKeysTable", ATTRIBUTES),
        ("events:PutEvents", "Bus", SOURCE),
    },
    "KeyCustodianRole": {
        ("dynamodb:GetItem", "WrappingKeysTable", ()),
        ("dynamodb:PutItem", "WrappingKeysTable", ()),
        ("kms:GenerateDataKeyPairWithoutPlaintext", "CivicKey", ()),
        ("kms:Decrypt", "CivicKey", CONTEXT),
        ("dynamodb:Scan", "SubjectKeysTable", ()),
        ("dynamodb:UpdateItem", "SubjectKeysTable", ()),
    },
    "AnalyticsRole": takes("AnalyticsQueue")
    | {
        ("dynamodb:UpdateItem", "AnalyticsJoins", ()),
        ("dynamodb:PutItem", "AnalyticsJoins", ()),
    },
    "AnalyticsReleaseRole": takes("ReleaseQueue")
    | {
        ("dynamodb:Scan", "AnalyticsJoins", ()),
        ("s3:PutObject", "${ReleaseBucket.Arn}/releases/*", ()),
        ("events:PutEvents", "Bus", SOURCE),
    },
    "ApiDocsRole": set(),
}

FUNCTIONS = {
    "GatewayFunction": "GatewayRole",
    "SubjectAccessFunction": "SubjectAccessRole",
    "ValidatorFunction": "ValidatorRole",
    "PiiStorageFunction": "PiiStorageRole",
    "KeyCustodianFunction": "KeyCustodianRole",
    "AnalyticsFunction": "AnalyticsRole",
    "AnalyticsReleaseFunction": "AnalyticsReleaseRole",
    "ApiDocsFunction": "ApiDocsRole",
}

PUBLISHES = {
    "GatewayRole": ("civic.gateway", {"ValidationRequest", "DeletionRequest"}),
    "ValidatorRole": ("civic.validator", {"ValidationResult"}),
    "PiiStorageRole": ("civic.pii_storage", {"DataStored", "DataUpdated", "DataDeleted"}),
    "AnalyticsReleaseRole": ("civic.analytics", {"AnalyticsReleased"}),
}


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


def with_full_aws(value: Any) -> Any:
    """Choose the branch of ``!If [FullAws, …]`` that holds on AWS."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, then, _ = value["Fn::If"]
        assert condition == "FullAws"
        return then
    return value


def statements(role: str) -> list[dict[str, Any]]:
    policies = of_type("AWS::IAM::Role")[role].get("Policies", [])
    return [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]


def condition_keys(statement: dict[str, Any]) -> tuple[str, ...]:
    condition = with_full_aws(statement.get("Condition", {}))
    return tuple(sorted(key for operator in condition.values() for key in operator))


def rights(role: str) -> set[Right]:
    found = set()
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                found.add((action, logical_id(resource), condition_keys(statement)))
    return found


@pytest.mark.parametrize("role", RIGHTS)
def test_role_has_exactly_the_rights_of_its_row(role: str) -> None:
    assert rights(role) == RIGHTS[role]


def test_every_role_stands_in_the_matrix() -> None:
    assert set(of_type("AWS::IAM::Role")) == set(RIGHTS)


def test_every_function_has_its_own_role() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert {name: logical_id(one["Role"]) for name, one in functions.items()} == FUNCTIONS


@pytest.mark.parametrize("role", RIGHTS)
def test_role_has_no_managed_policy_but_the_runtime_one(role: str) -> None:
    policies = of_type("AWS::IAM::Role")[role]["ManagedPolicyArns"]
    assert [logical_id(policy) for policy in policies] == ["RuntimePolicy"]


def test_runtime_policy_writes_logs_and_traces_only() -> None:
    (policy,) = of_type("AWS::IAM::ManagedPolicy").values()
    actions = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    assert actions == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }


@pytest.mark.parametrize("role", PUBLISHES)
def test_publisher_is_pinned_to_its_own_events(role: str) -> None:
    (statement,) = (one for one in statements(role) if one["Action"] == "events:PutEvents")
    equals = with_full_aws(statement["Condition"])["StringEquals"]
    source, names = PUBLISHES[role]
    assert equals["events:source"] == source
    assert set(listed(equals["events:detail-type"])) == names


def test_gateway_reads_no_wrapped_key() -> None:
    (statement,) = (one for one in statements("GatewayRole") if "Recognize" in one["Sid"])
    condition = with_full_aws(statement["Condition"])
    assert "w" not in condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]
    assert condition["StringEqualsIfExists"]["dynamodb:Select"] == "SPECIFIC_ATTRIBUTES"


def test_gateway_reads_only_the_current_public_key() -> None:
    (statement,) = (one for one in statements("GatewayRole") if "Public" in one["Sid"])
    condition = with_full_aws(statement["Condition"])
    assert condition == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["current"]}}


def test_no_right_is_a_wildcard() -> None:
    for role in RIGHTS:
        for action, resource, _ in rights(role):
            assert "*" not in action
            assert resource != "*"


def test_every_consumer_reports_partial_failures_and_is_bounded() -> None:
    mappings = of_type("AWS::Lambda::EventSourceMapping")
    assert len(mappings) == 4
    for name, mapping in mappings.items():
        if name == "AnalyticsReleaseFunctionSchedule":
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


def test_the_api_is_throttled() -> None:
    (stage,) = of_type("AWS::ApiGatewayV2::Stage").values()
    settings = stage["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"]
    assert settings["ThrottlingBurstLimit"]


def test_access_logs_hold_no_address_and_no_path() -> None:
    (stage,) = of_type("AWS::ApiGatewayV2::Stage").values()
    line = stage["AccessLogSettings"]["Format"]
    for revealing in ("sourceIp", "userAgent", "context.path", "authorizer", "identity"):
        assert revealing not in line
