"""The rights of every function, as CloudFormation will be given them, against the matrix.

Compared both ways: a right that is missing fails, and so does one too many.
"""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tools.check_templates import translate

from tests.rights import FUNCTIONS, PUBLISHES, RIGHTS, Right

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
